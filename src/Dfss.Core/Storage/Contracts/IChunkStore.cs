namespace Dfss.Storage;

/// <summary>The result of a put.</summary>
public enum PutResult
{
    /// <summary>The chunk was not there and is now.</summary>
    Stored,

    /// <summary>The chunk was there already; nothing was written.</summary>
    AlreadyPresent,
}

/// <summary>
/// A store of chunks under their ids: a disk, memory, a peer at the other end of a connection, or several of these
/// together. All code that moves chunks depends on this interface alone. Many callers may call each member at once.
/// </summary>
/// <remarks>Failures are <see cref="DfssException"/>s; after one, nothing of that call has been acknowledged and
/// calling again is safe.</remarks>
public interface IChunkStore
{
    /// <summary>Keeps a chunk. Atomic: at every moment the chunk is there whole or not at all. Idempotent: a chunk
    /// already there, whole, is left as it is. Verified: bytes that do not hash to <paramref name="id"/> are refused.
    /// On return the chunk can be read; it is safe from a power cut only after <see cref="FlushAsync"/>.
    /// <paramref name="content"/> is not used after return.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.ChunkCorrupt"/>: the bytes do not hash to the id.
    /// <see cref="DfssErrorCode.StoreFull"/>, <see cref="DfssErrorCode.StoreFailed"/>.
    /// <see cref="DfssErrorCode.LimitExceeded"/>: over <see cref="DfssLimits.MaxPayloadBytes"/>.</exception>
    ValueTask<PutResult> PutAsync(ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>
    /// When it returns, every put, by any caller, that returned before it began is on stable storage, or is missing
    /// again: a chunk that could not be made durable is not kept. <see cref="FindMissingAsync"/> shows afterwards which
    /// are missing.
    /// </summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFailed"/>: some could not be made durable, and no
    /// caller has been informed yet.</exception>
    ValueTask FlushAsync(CancellationToken cancellationToken);

    /// <summary>Reads a chunk into the start of <paramref name="destination"/>. The bytes are those that were put
    /// unless the medium has corrupted them: the user of the bytes verifies them (see <c>VerifyingChunkStore</c>),
    /// once, at the receiving end.</summary>
    /// <returns>The chunk's length in bytes, or null where it is absent.</returns>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.LimitExceeded"/>: what is stored is longer than
    /// <paramref name="destination"/>.</exception>
    ValueTask<int?> GetAsync(ChunkId id, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>Which of these are not stored; one round trip where there is one to make. An answer that a chunk is
    /// there also protects it from garbage collection for the grace period, as a put does.</summary>
    /// <returns>As many as <paramref name="ids"/>, in their order: true where missing.</returns>
    ValueTask<bool[]> FindMissingAsync(IReadOnlyList<ChunkId> ids, CancellationToken cancellationToken);
}
