using Dfss.Storage;

namespace Dfss.Transfer;

/// <summary>
/// Asks every member of a file's home which of its chunks it has, and, in a deep test, to hash each in its store.
/// Nothing but ids and answers crosses the network, and the manifest once.
/// </summary>
internal sealed class FileTester(
    PeerDirectory directory, ChunkHolders holders, ChunkBuffers buffers, TransferOptions options)
{
    public async Task<FileHealth> TestAsync(
        StoredFile file, bool deep, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        progress?.Report(new(TransferPhase.Negotiating, 0, file.Record.Length));
        LocatedFile located = await LocatedFile.FindAsync(
            file, directory, options, cancellationToken).ConfigureAwait(false);
        return await TestAsync(located, deep, progress, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Tests a file at its home, as far as that was reached.</summary>
    public async Task<FileHealth> TestAsync(
        LocatedFile located, bool deep, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        (StoredFile file, Home home, FileRecord? current) = located;
        FileRecord record = file.Record;
        (FileManifest? manifest, string? problem) =
            await TryFetchManifestAsync(home, record, cancellationToken).ConfigureAwait(false);
        CopyTable copies = new(record.FileId, manifest, home.Count);
        // A removed file is to be collected in its time, however often it is listed.
        string?[] reasons = await AskAllAsync(
            home, copies, keeps: !file.IsRemoved, cancellationToken).ConfigureAwait(false);
        await VerifyAsync(home, copies, _ => deep, reasons, progress, cancellationToken).ConfigureAwait(false);
        progress?.Report(new(TransferPhase.Committing, record.Length, record.Length));
        return new FileHealth(
            file,
            copies,
            [.. record.Home.Select((member, index) => new MemberHealth(member, reasons[index]))],
            current,
            deep,
            problem)
        {
            Content = manifest,
        };
    }

    /// <summary>Where a file's chunks are, as its members report.</summary>
    /// <exception cref="DfssException">ChunkNotFound: no peer that can be reached has the manifest.</exception>
    public async Task<FileCopies> FindCopiesAsync(StoredFile file, Home home, CancellationToken cancellationToken)
    {
        FileManifest manifest = await new ChunkFetcher(home, file.Record, holders, buffers, options).FetchManifestAsync(
            cancellationToken).ConfigureAwait(false);
        CopyTable copies = new(file.Record.FileId, manifest, home.Count);
        await AskAllAsync(home, copies, cancellationToken).ConfigureAwait(false);
        return new FileCopies(home, file.Record, manifest, copies);
    }

    /// <summary>Asks every member which chunks it has.</summary>
    /// <returns>For each member, why it is unknown what it holds; null if it answered.</returns>
    public static Task<string?[]> AskAllAsync(Home home, CopyTable copies, CancellationToken cancellationToken) =>
        AskAllAsync(home, copies, keeps: true, cancellationToken);

    /// <summary>Asks every member which chunks it has, and some to hash these.</summary>
    /// <returns>For each member, why it is unknown what it holds; null if it answered.</returns>
    public async Task<string?[]> AskAllAsync(
        Home home, CopyTable copies, Func<int, bool> hashes, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        string?[] reasons = await AskAllAsync(home, copies, cancellationToken).ConfigureAwait(false);
        await VerifyAsync(home, copies, hashes, reasons, progress, cancellationToken).ConfigureAwait(false);
        return reasons;
    }

    private static Task<string?[]> AskAllAsync(
        Home home, CopyTable copies, bool keeps, CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, home.Count).Select(
            member => AskAsync(home, member, copies, keeps, cancellationToken)));

    private async Task<(FileManifest? Manifest, string? Problem)> TryFetchManifestAsync(
        Home home, FileRecord record, CancellationToken cancellationToken)
    {
        try
        {
            ChunkFetcher fetcher = new(home, record, holders, buffers, options);
            return (await fetcher.FetchManifestAsync(cancellationToken).ConfigureAwait(false), null);
        }
        catch (DfssException error)
        {
            // Missing chunks are the result of a test, not its failure; peers that do not answer are reported below.
            return (null, error.Reason);
        }
    }

    /// <summary>Asks a member which chunks it has; returns why this is unknown if it does not answer.</summary>
    private static async Task<string?> AskAsync(
        Home home, int member, CopyTable copies, bool keeps, CancellationToken cancellationToken)
    {
        if (home[member] is not PeerHandle peer)
        {
            copies.Forget(member);
            return home.ReasonOf(member);
        }

        try
        {
            bool[] missing = keeps
                ? await peer.Chunks.FindMissingAsync(copies.Ids, cancellationToken).ConfigureAwait(false)
                : await peer.LookAsync(copies.Ids, cancellationToken).ConfigureAwait(false);
            copies.Claim(member, missing);
            return null;
        }
        catch (DfssException error)
        {
            copies.Forget(member);
            return error.Reason;
        }
    }

    private async Task VerifyAsync(
        Home home,
        CopyTable copies,
        Func<int, bool> hashes,
        string?[] reasons,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        // By chunk and then by member, so that all members work at once.
        (int Member, int Slot)[] claimed =
        [
            .. from slot in Enumerable.Range(0, copies.Ids.Count)
               from member in Enumerable.Range(0, home.Count)
               where hashes(member) && copies[member, slot] == CopyState.Held
               select (member, slot),
        ];
        long total = claimed.Sum(copy => (long)copies.LengthOf(copy.Slot));
        long done = 0;
        ParallelOptions parallel =
            new() { MaxDegreeOfParallelism = options.ThrottleLimit, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(claimed, parallel, async (copy, token) =>
        {
            if (Volatile.Read(ref reasons[copy.Member]) is null)
            {
                await VerifyAsync(home[copy.Member]!, copy, copies, reasons, token).ConfigureAwait(false);
            }

            progress?.Report(new(
                TransferPhase.Hashing, Interlocked.Add(ref done, copies.LengthOf(copy.Slot)), total));
        }).ConfigureAwait(false);
        for (int member = 0; member < reasons.Length; member++)
        {
            if (reasons[member] is not null)
            {
                copies.Forget(member);
            }
        }
    }

    private async Task VerifyAsync(
        PeerHandle peer, (int Member, int Slot) copy, CopyTable copies, string?[] reasons,
        CancellationToken cancellationToken)
    {
        ChunkId id = copies.Ids[copy.Slot];
        try
        {
            // One of the chunks in flight, though its bytes stay at the peer, whose memory and disk it takes.
            using ChunkBuffer place = await buffers.RentAsync(length: 1, cancellationToken).ConfigureAwait(false);
            copies[copy.Member, copy.Slot] =
                await peer.Verifier.VerifyAsync(id, cancellationToken).ConfigureAwait(false) switch
                {
                    ChunkState.Good => CopyState.Held,
                    ChunkState.Missing => CopyState.Missing,
                    _ => CopyState.Corrupt,
                };
        }
        catch (DfssException error) when (error.Code == DfssErrorCode.StoreFailed)
        {
            // The member answers, and cannot read this copy.
            copies[copy.Member, copy.Slot] = CopyState.Corrupt;
            options.Verbose?.Invoke($"{peer} cannot read chunk {id}: {peer.ReasonOf(error)}");
        }
        catch (DfssException error)
        {
            Volatile.Write(ref reasons[copy.Member], error.Reason);
        }
    }
}
