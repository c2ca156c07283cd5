using System.Buffers.Binary;
using Dfss.Storage;

namespace Dfss.Faults;

/// <summary>A chunk store on a medium that corrupts chunks, or has no room.</summary>
/// <param name="inner">The store.</param>
/// <param name="faults">Tells which faults it has now.</param>
/// <param name="seed">Decides which chunks are corrupt, with their ids.</param>
internal sealed class FaultyChunkStore(IDurableChunkStore inner, FaultSwitch faults, int seed) : IDurableChunkStore
{
    /// <inheritdoc/>
    public async ValueTask<PutResult> PutAsync(
        ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        if (faults.Current.IsFull
            && await inner.GetLengthAsync(id, cancellationToken).ConfigureAwait(false) is null)
        {
            throw new DfssException(
                DfssErrorCode.StoreFull, "The store of this test peer takes no new chunk: the fault 'full' is on.",
                "Switch the fault off.");
        }

        return await inner.PutAsync(id, content, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<int?> GetAsync(ChunkId id, Memory<byte> destination, CancellationToken cancellationToken)
    {
        int? length = await inner.GetAsync(id, destination, cancellationToken).ConfigureAwait(false);
        if (length is > 0 and int count && IsCorrupt(id))
        {
            int bit = (int)(Mix(id) % ((ulong)count * 8));
            destination.Span[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        return length;
    }

    /// <inheritdoc/>
    public async ValueTask<ChunkState> VerifyAsync(ChunkId id, CancellationToken cancellationToken)
    {
        if (!IsCorrupt(id) || await inner.GetLengthAsync(id, cancellationToken).ConfigureAwait(false) is null or 0)
        {
            return await inner.VerifyAsync(id, cancellationToken).ConfigureAwait(false);
        }

        // Set aside, as a store does with a chunk that is corrupt on its medium.
        await inner.DeleteAsync(id, cancellationToken).ConfigureAwait(false);
        return ChunkState.Corrupt;
    }

    /// <inheritdoc/>
    public ValueTask FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool[]> FindMissingAsync(IReadOnlyList<ChunkId> ids, CancellationToken cancellationToken) =>
        inner.FindMissingAsync(ids, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<int?> GetLengthAsync(ChunkId id, CancellationToken cancellationToken) =>
        inner.GetLengthAsync(id, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<ChunkId> EnumerateAsync(ChunkId? after, CancellationToken cancellationToken) =>
        inner.EnumerateAsync(after, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DeleteAsync(ChunkId id, CancellationToken cancellationToken) =>
        inner.DeleteAsync(id, cancellationToken);

    /// <inheritdoc/>
    public int? GetDurableLength(ChunkId id) => inner.GetDurableLength(id);

    private bool IsCorrupt(ChunkId id) =>
        faults.Current.CorruptShare is > 0 and double share && Mix(id) / (double)ulong.MaxValue <= share;

    /// <summary>A number that the id and the seed decide, evenly distributed (the finalizer of SplitMix64).</summary>
    private ulong Mix(ChunkId id)
    {
        ulong value = BinaryPrimitives.ReadUInt64LittleEndian(id.ToByteArray()) + ((ulong)seed * 0x9E3779B97F4A7C15);
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
