using Dfss.Hashing;
using Dfss.Records;

namespace Dfss.Transfer;

/// <content>What a send would move.</content>
internal sealed partial class FileSender
{
    /// <summary>
    /// Reads and hashes the file, and asks its peers which of the chunks they have. An encrypted file is not read: its
    /// chunks would be new ones.
    /// </summary>
    public async Task<TransferPlan> PlanAsync(
        string sourcePath, string name, SendOptions sendOptions, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        string stored = FileName.NormalizeNew(name);
        using SourceFile source = SourceFile.Open(sourcePath);
        bool isEncrypted = sendOptions.Recipients.Count > 0;
        int overhead = isEncrypted ? KeyEnvelope.ChunkOverheadBytes : 0;
        int chunkSize = ChooseChunkSize(source, sendOptions.ChunkSize, overhead) - overhead;
        progress?.Report(new(TransferPhase.Negotiating, 0, source.Length));
        (Home home, FileRecord? current) = await FindAsync(stored, cancellationToken).ConfigureAwait(false);
        (int replicas, int minimum) = ChooseReplicas(stored, home.Count, sendOptions);
        int chunkCount = (int)FileManifest.CountChunks(source.Length, chunkSize);
        SendPlan plan = new(
            new Placement(home.Count, replicas, Run),
            minimum,
            chunkCount,
            Enumerable.Range(0, home.Count).Select(member => home[member] is not null));
        SendShortfall shortfall = new(source.Path, home, plan, directory, options);
        shortfall.ThrowIfBelowMinimum();
        ChunkId?[] ids = new ChunkId?[chunkCount];
        if (!isEncrypted && chunkCount > 0)
        {
            await HashAsync(source, chunkSize, ids, progress, cancellationToken).ConfigureAwait(false);
            await new KnownChunks(plan, home.Count, new MemberAttempts(home, plan)).CompareAsync(
                ids,
                percent => progress?.Report(
                    new(TransferPhase.Comparing, 0, source.Length) { PhasePercent = percent }),
                cancellationToken).ConfigureAwait(false);
            shortfall.ThrowIfBelowMinimum();
        }

        long[] shares = CountShares(source.Length, chunkSize, overhead, ids, plan, home.Count);
        long all = (source.Length + ((long)overhead * chunkCount)) * plan.PossibleReplicas;
        return new TransferPlan(source.Length, shares.Sum(), all - shares.Sum(), plan.PossibleReplicas)
        {
            Peers = [.. Enumerable.Range(0, home.Count).Where(plan.CanTake)
                .Select(member => new PeerShare(home.Members[member], shares[member]))],
            Problem = FindProblem(stored, current, sendOptions),
        };
    }

    /// <summary>The home that the name has or would get, and its record.</summary>
    private async Task<(Home Home, FileRecord? Current)> FindAsync(string name, CancellationToken cancellationToken)
    {
        FoundHome found = await finder.FindAsync(name, cancellationToken).ConfigureAwait(false);
        if (found.Home is null)
        {
            return (await finder.MakeAsync(name, cancellationToken).ConfigureAwait(false), null);
        }

        (RegisterReader reader, _, Home home) = await new RecordReader(options).FollowAsync(
            name, found.Home, cancellationToken).ConfigureAwait(false);
        return (home, reader.Result?.Record);
    }

    private async Task HashAsync(
        SourceFile source, int chunkSize, ChunkId?[] ids, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        long done = 0;
        ParallelOptions parallel =
            new() { MaxDegreeOfParallelism = options.ThrottleLimit, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, ids.Length, parallel, async (index, token) =>
        {
            long offset = (long)index * chunkSize;
            int length = (int)Math.Min(chunkSize, source.Length - offset);
            using ChunkBuffer buffer = await buffers.RentAsync(length, token).ConfigureAwait(false);
            await source.ReadAsync(offset, buffer.Memory, token).ConfigureAwait(false);
            ids[index] = await ChunkHasher.Shared.HashAsync(buffer.Memory).ConfigureAwait(false);
            progress?.Report(new(TransferPhase.Hashing, Interlocked.Add(ref done, length), source.Length));
        }).ConfigureAwait(false);
        source.ThrowIfChanged();
    }

    /// <summary>
    /// The bytes that would go to each member. A chunk that is twice in the file goes to a member once.
    /// </summary>
    private static long[] CountShares(
        long length, int chunkSize, int overhead, ChunkId?[] ids, SendPlan plan, int memberCount)
    {
        long[] shares = new long[memberCount];
        HashSet<(int Member, ChunkId Id)> counted = [];
        for (int index = 0; index < ids.Length; index++)
        {
            long bytes = Math.Min(chunkSize, length - ((long)index * chunkSize)) + overhead;
            foreach (int member in plan.NextTargets(index))
            {
                shares[member] += ids[index] is not { } id || counted.Add((member, id)) ? bytes : 0;
            }
        }

        return shares;
    }

    private static string? FindProblem(string name, FileRecord? current, SendOptions sendOptions)
    {
        long version = current?.Version ?? 0;
        return sendOptions.IfVersion is long wanted
            ? wanted == version ? null : FormattableString.Invariant(
                $"'{name}' is at version {version}, not at version {wanted}.")
            : current is { State: FileRecordState.File } && !sendOptions.Force
                ? FormattableString.Invariant($"'{name}' exists, at version {version}.")
                : null;
    }
}
