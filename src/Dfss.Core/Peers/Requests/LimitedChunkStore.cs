using Dfss.Storage;

namespace Dfss.Peers;

/// <summary>
/// The chunks that an identity limited to some names sees: those that it has put itself. A chunk id, or the answer
/// whether the store has it, would reveal the chunk; so to such an identity the others are missing.
/// </summary>
internal sealed class LimitedChunkStore(IServedChunkStore store, OwnChunks own, object owner) : IServedChunkStore
{
    public int AtOnce => store.AtOnce;

    public async ValueTask<PutResult> PutAsync(
        ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        PutResult result = await store.PutAsync(id, content, cancellationToken).ConfigureAwait(false);
        bool isNew = !own.Contains(owner, id);
        own.Add(owner, id);

        // That another client had put it already is not revealed either.
        return isNew ? PutResult.Stored : result;
    }

    public ValueTask FlushAsync(CancellationToken cancellationToken) => store.FlushAsync(cancellationToken);

    public ValueTask<int?> GetAsync(ChunkId id, Memory<byte> destination, CancellationToken cancellationToken) =>
        own.Contains(owner, id) ? store.GetAsync(id, destination, cancellationToken) : new((int?)null);

    public ValueTask<int?> GetLengthAsync(ChunkId id, CancellationToken cancellationToken) =>
        own.Contains(owner, id) ? store.GetLengthAsync(id, cancellationToken) : new((int?)null);

    public ValueTask<int?> FindToReadAsync(ChunkId id, CancellationToken cancellationToken) =>
        own.Contains(owner, id) ? store.FindToReadAsync(id, cancellationToken) : new((int?)null);

    public ValueTask<ChunkState> VerifyAsync(ChunkId id, CancellationToken cancellationToken) =>
        own.Contains(owner, id) ? store.VerifyAsync(id, cancellationToken) : new(ChunkState.Missing);

    public async ValueTask<bool[]> FindMissingAsync(IReadOnlyList<ChunkId> ids, CancellationToken cancellationToken)
    {
        // Not asked for at all: that would keep them from the garbage.
        int[] asked = [.. Enumerable.Range(0, ids.Count).Where(i => own.Contains(owner, ids[i]))];
        bool[] found = await store.FindMissingAsync(
            [.. asked.Select(i => ids[i])], cancellationToken).ConfigureAwait(false);
        bool[] missing = new bool[ids.Count];
        Array.Fill(missing, value: true);
        for (int i = 0; i < asked.Length; i++)
        {
            missing[asked[i]] = found[i];
        }

        return missing;
    }
}
