namespace Dfss.Storage;

/// <summary>
/// The incarnations that a peer has lately put or seen, each with the number of the state of garbage collection at that
/// moment. As long as that is the state, the incarnation is there: only keys of the state's list are deleted, and it is
/// none of them. Also the chunks that a look has not found, so that the put that follows need not look again.
/// </summary>
/// <remarks>
/// A seal relies on it, as it reads the number once more; a read asks the engine for that object. A peer that sets a
/// corrupt chunk aside gives the state another number before and after.
/// </remarks>
internal class SeenChunks
{
    // 100 bytes each; a file of 64 GiB in chunks of 1 MiB.
    private const int MaxSeen = 1 << 16;

    // Of what is older the put looks again.
    private const int MaxMissing = 1 << 14;

    private readonly RecentItems<ChunkId, Incarnation> seen = new(MaxSeen);
    private readonly RecentItems<ChunkId, bool> missing = new(MaxMissing);

    /// <summary>Keeps that an incarnation is there.</summary>
    /// <param name="id">The chunk.</param>
    /// <param name="random">The random part of the key.</param>
    /// <param name="length">In bytes.</param>
    /// <param name="state">The number of the state of garbage collection that was read before the incarnation was put,
    /// or that was there while it was listed; its list does not have it.</param>
    public void Note(ChunkId id, Guid random, long length, long state)
    {
        missing.TryTake(id, out _);
        seen.Set(id, new Incarnation(random, length, state));
    }

    /// <summary>Keeps that an incarnation of a listing is there.</summary>
    public void Note(ChunkId id, ObjectEntry entry, long state) =>
        Note(id, ObjectKeys.RandomOf(entry.Key), entry.Length, state);

    /// <summary>Keeps that a look has not found a chunk.</summary>
    public void NoteMissing(ChunkId id)
    {
        Forget(id);
        missing.Set(id, true);
    }

    /// <summary>Whether the last look has not found the chunk; says so once.</summary>
    public bool TakeMissing(ChunkId id) => missing.TryTake(id, out _);

    /// <summary>Keeps nothing of a chunk.</summary>
    public void Forget(ChunkId id) => seen.TryTake(id, out _);

    /// <summary>The incarnation that is there if the state of garbage collection is of this number; null for none.
    /// </summary>
    public virtual ObjectEntry? Find(ChunkId id, long state) =>
        seen.TryGet(id, out Incarnation found) && found.State == state ? EntryOf(id, found) : null;

    /// <summary>The incarnation that was put or seen last, which may be gone by now; null for none.</summary>
    public ObjectEntry? FindLast(ChunkId id) => seen.TryGet(id, out Incarnation found) ? EntryOf(id, found) : null;

    private static ObjectEntry EntryOf(ChunkId id, Incarnation found) =>
        new(ObjectKeys.Incarnation(id, found.Random), found.Length, default);

    private readonly record struct Incarnation(Guid Random, long Length, long State);
}
