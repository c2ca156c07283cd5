namespace Dfss.Transfer;

/// <content>
/// The chunks of a file that is stored at other peers. Their ids are known before any is read: the members are asked
/// which of them they have, and the rest is read and put, each distinct chunk once.
/// </content>
internal sealed partial class ChunkUploader
{
    // The places of each chunk that the file has more than once.
    private Dictionary<ChunkId, int[]> repeated = [];

    /// <summary>What was sent.</summary>
    public SentCount Sent { get; } = new();

    private async Task<FileManifest> UploadStoredAsync(
        StoredSource stored, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        repeated = Enumerable.Range(0, ids.Length).GroupBy(index => ids[index]!.Value)
            .Where(places => places.Skip(1).Any())
            .ToDictionary(places => places.Key, places => places.ToArray());
        await CompareAsync(progress, cancellationToken).ConfigureAwait(false);
        int[] rest = [.. plan.Unplaced()];
        options.Verbose?.Invoke(FormattableString.Invariant(
            $"'{stored.Path}': of its {ids.Length} chunks {rest.Length} are not at their peers, and are copied."));
        long done = length - rest.Sum(index => (long)LengthOf(index));
        progress?.Report(new(TransferPhase.Transferring, done, length));
        await PlaceStoredAsync(
            stored,
            rest,
            index => progress?.Report(
                new(TransferPhase.Transferring, Interlocked.Add(ref done, LengthOf(index)), length)),
            cancellationToken).ConfigureAwait(false);
        return stored.Manifest;
    }

    /// <summary>Reads chunks of the stored file, several at once, and puts their copies.</summary>
    private async Task PlaceStoredAsync(
        StoredSource stored, IReadOnlyList<int> indexes, Action<int>? onPlaced, CancellationToken cancellationToken)
    {
        IEnumerable<int[]> groups = indexes.GroupBy(index => ids[index]!.Value).Select(places => places.ToArray());
        await Parallel.ForEachAsync(groups, Throttle(cancellationToken), async (places, stop) =>
        {
            await pace.RunAsync(
                async token =>
                {
                    using ChunkBuffer chunk = await stored.FetchAsync(places[0], token).ConfigureAwait(false);
                    foreach (int index in places)
                    {
                        await PlaceAsync(index, ids[index]!.Value, chunk.Memory, token).ConfigureAwait(false);
                    }
                },
                stop).ConfigureAwait(false);
            Array.ForEach(places, place => onPlaced?.Invoke(place));
        }).ConfigureAwait(false);
    }

    /// <summary>A member that has a chunk has it for every place of the file.</summary>
    private void MarkHeld(int member, int index, ChunkId id)
    {
        plan.MarkHeld(member, index);
        foreach (int same in repeated.GetValueOrDefault(id) ?? [])
        {
            plan.MarkHeld(member, same);
        }
    }

    /// <summary>
    /// A resumed send asks for all its chunks: it sends none again that is there already. A copy has asked for all
    /// before.
    /// </summary>
    private bool IsAskedFirst(PeerHandle peer, int length) => source is not StoredSource
        && (knownCount > 0 || (length > PutUnaskedBytes && peer.Inquiry.IsWorthwhile));
}
