using System.Collections.Concurrent;

namespace Dfss.Transfer;

/// <summary>Copies what is missing of a file: each chunk that has too few copies is read from a member that has it,
/// verified, and put at the next members of its ring that can take it. Chunks of the same content are one.</summary>
internal sealed class CopyRound
{
    private readonly IReadOnlyList<FileCopies> sources;
    private readonly ChunkBuffers buffers;
    private readonly TransferPace pace;
    private readonly TransferOptions options;
    private readonly ConcurrentDictionary<PeerHandle, string> refusals = new();
    private readonly ConcurrentDictionary<PeerHandle, string> gone = new();
    private readonly ConcurrentDictionary<int, bool> lost = new();
    private int copied;
    private long copiedBytes;

    /// <param name="target">Where copies are missing.</param>
    /// <param name="sources">Where copies may be read; those at the target too.</param>
    /// <param name="buffers">The chunks in flight.</param>
    /// <param name="pace">How fast it may go.</param>
    /// <param name="options">How to transfer.</param>
    public CopyRound(
        FileCopies target, IReadOnlyList<FileCopies> sources, ChunkBuffers buffers, TransferPace pace,
        TransferOptions options)
    {
        Target = target;
        this.sources = sources;
        this.buffers = buffers;
        this.pace = pace;
        this.options = options;
    }

    /// <summary>Where copies are missing.</summary>
    public FileCopies Target { get; }

    /// <summary>The indexes of the chunks of which no good copy was found.</summary>
    public IReadOnlyList<int> LostChunks => [.. lost.Keys.Order()];

    /// <summary>Why members accepted no more copies, or delivered none any more, in whole sentences.</summary>
    public IEnumerable<string> Reasons => refusals.Values.Concat(gone.Values).Distinct();

    /// <summary>How many copies were made.</summary>
    public int CopiedChunks => copied;

    /// <summary>How many bytes they have.</summary>
    public long CopiedBytes => copiedBytes;

    /// <summary>The planned copies as known now, and the number of chunks without any copy.</summary>
    /// <param name="planned">Chunks that another round copies, which are left out; those of this round are
    /// added.</param>
    public (IReadOnlyDictionary<HomeMember, int> Copies, long Bytes, int Lost) Plan(HashSet<ChunkId> planned)
    {
        Dictionary<HomeMember, int> copies = [];
        long bytes = 0;
        int without = 0;
        foreach (int slot in Slots().Where(slot => planned.Add(Target.Table.Ids[slot])))
        {
            bool isLost = slot != CopyTable.ManifestSlot && !Sources(slot).Any();
            without += isLost ? 1 : 0;
            foreach (int member in isLost ? [] : Targets(slot, canLackManifest: true))
            {
                HomeMember where = Target.Home.Members[member];
                copies[where] = copies.GetValueOrDefault(where) + 1;
                bytes += Target.Table.LengthOf(slot);
            }
        }

        return (copies, bytes, without);
    }

    /// <summary>Copies the manifest to every member that answers, then the chunks that are missing, several at
    /// once.</summary>
    public async Task CopyAsync(IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        await Task.WhenAll(Targets(CopyTable.ManifestSlot, canLackManifest: true).Select(member =>
            pace.RunAsync(
                token => TryPutAsync(member, CopyTable.ManifestSlot, Target.Manifest.Encoded, token),
                cancellationToken))).ConfigureAwait(false);
        int[] missing =
        [
            .. Slots().Where(slot => slot != CopyTable.ManifestSlot
                && Target.Table.CountHolders(slot) < Target.Record.Replicas),
        ];
        long total = missing.Sum(slot => (long)Target.Table.LengthOf(slot));
        long done = 0;
        ParallelOptions parallel =
            new() { MaxDegreeOfParallelism = options.ThrottleLimit, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(missing, parallel, async (slot, token) =>
        {
            await pace.RunAsync(going => CopyAsync(slot, going), token).ConfigureAwait(false);
            progress?.Report(new(
                TransferPhase.Transferring, Interlocked.Add(ref done, Target.Table.LengthOf(slot)), total));
        }).ConfigureAwait(false);
    }

    private async Task CopyAsync(int slot, CancellationToken cancellationToken)
    {
        int index = Target.Table.FirstIndexOf(slot);
        lost.TryRemove(index, out _);
        if (!Targets(slot).Any())
        {
            if (!Sources(slot).Any())
            {
                lost[index] = true;
            }

            return;
        }

        using ChunkBuffer buffer = await buffers.RentAsync(
            Target.Table.LengthOf(slot), cancellationToken).ConfigureAwait(false);
        if (!await TryReadAsync(slot, buffer.Memory, cancellationToken).ConfigureAwait(false))
        {
            lost[index] = true;
            return;
        }

        for (int[] members = [.. Targets(slot)]; members.Length > 0; members = [.. Targets(slot)])
        {
            await Task.WhenAll(members.Select(
                member => TryPutAsync(member, slot, buffer.Memory, cancellationToken))).ConfigureAwait(false);
        }
    }

    /// <summary>Reads a chunk from one of the members that report it, and learns which of them do not have
    /// it.</summary>
    private async Task<bool> TryReadAsync(int slot, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ChunkId id = Target.Table.Ids[slot];
        foreach ((FileCopies source, int member) in Sources(slot).ToArray())
        {
            PeerHandle peer = source.Home[member]!;
            try
            {
                int? length = await source.Home.Retries.ReadCopy.ExecuteAsync(
                    token => peer.Chunks.GetAsync(id, destination, token), cancellationToken).ConfigureAwait(false);
                if (length == destination.Length)
                {
                    return true;
                }

                source.Table[member, slot] = length is null ? CopyState.Missing : CopyState.Corrupt;
            }
            catch (DfssException error) when (error.Code is DfssErrorCode.ChunkCorrupt or DfssErrorCode.LimitExceeded
                or DfssErrorCode.StoreFailed)
            {
                source.Table[member, slot] = CopyState.Corrupt;
                options.Warning?.Invoke(
                    $"{peer} gave no good copy of chunk {id} of {Target.Title}: {peer.ReasonOf(error)}");
                await SetAsideAsync(peer, id, cancellationToken).ConfigureAwait(false);
            }
            catch (DfssException error)
            {
                source.Table.Forget(member);
                gone[peer] = error.Reason;
            }
        }

        return false;
    }

    /// <summary>Has a peer check a corrupt copy, so that it accepts a good one in its place.</summary>
    private async Task SetAsideAsync(PeerHandle peer, ChunkId id, CancellationToken cancellationToken)
    {
        try
        {
            await peer.Verifier.VerifyAsync(id, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException error)
        {
            options.Verbose?.Invoke($"{peer} could not look at chunk {id}: {peer.ReasonOf(error)}");
        }
    }

    private async Task TryPutAsync(
        int member, int slot, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        PeerHandle peer = Target.Home[member]!;
        try
        {
            await pace.WaitAsync(content.Length, cancellationToken).ConfigureAwait(false);
            await Target.Home.Retries.PutChunk.ExecuteAsync(
                token => peer.Chunks.PutAsync(Target.Table.Ids[slot], content, token),
                cancellationToken).ConfigureAwait(false);
            Target.Table[member, slot] = CopyState.Held;
            Interlocked.Increment(ref copied);
            Interlocked.Add(ref copiedBytes, content.Length);
        }
        catch (DfssException error)
        {
            if (error.IsOfLostPeer)
            {
                Target.Table.Forget(member);
            }

            if (refusals.TryAdd(peer, error.Reason))
            {
                string lost = error.IsOfLostPeer
                    ? $"{peer} was lost, and gets no more copies; the first that did not arrive is of {Target.Title}: "
                    : $"{peer} accepts no more copies; the first that it refused is of {Target.Title}: ";
                options.Warning?.Invoke(lost + peer.ReasonOf(error));
            }
        }
    }

    private IEnumerable<int> Slots() => Enumerable.Range(0, Target.Table.Ids.Count);

    /// <summary>The members that report a chunk, in the order of its ring; the target's members first.</summary>
    private IEnumerable<(FileCopies Copies, int Member)> Sources(int slot) => sources.SelectMany(copies =>
        Ring(copies, slot)
            .Where(member => copies.Table[member, slot] == CopyState.Held
                && copies.Home[member] is { } peer && !gone.ContainsKey(peer))
            .Select(member => (copies, member)));

    /// <summary>The members that should get another copy of a chunk: the next of its ring that can take it, as many as
    /// are missing. For the manifest, all that lack it; without it a member cannot seal a chunk.</summary>
    private IEnumerable<int> Targets(int slot, bool canLackManifest = false)
    {
        CopyTable table = Target.Table;
        bool isManifest = slot == CopyTable.ManifestSlot;
        return Ring(Target, slot)
            .Where(member => table[member, slot] is CopyState.Missing or CopyState.Corrupt
                && (canLackManifest || isManifest || table[member, CopyTable.ManifestSlot] == CopyState.Held)
                && Target.Home[member] is { } peer && !refusals.ContainsKey(peer))
            .Take(isManifest ? table.MemberCount : Math.Max(0, Target.Record.Replicas - table.CountHolders(slot)));
    }

    private static IEnumerable<int> Ring(FileCopies copies, int slot)
    {
        Placement placement = new(copies.Home.Count, copies.Record.Replicas, copies.Record.Run);
        int first = slot == CopyTable.ManifestSlot ? 0 : copies.Table.FirstIndexOf(slot);
        return Enumerable.Range(0, copies.Home.Count).Select(step => placement.MemberAt(first, step));
    }
}
