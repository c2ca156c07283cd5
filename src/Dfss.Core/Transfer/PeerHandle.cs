using Dfss.Protocol;
using Dfss.Records;
using Dfss.Storage;
using Dfss.Transport;

namespace Dfss.Transfer;

/// <summary>A store that a client has reached: who it is, and its two faces.</summary>
internal sealed class PeerHandle : IAsyncDisposable
{
    /// <summary>Addresses kept of one member; enough for two networks in both address families, and names.</summary>
    private const int MaxAddresses = 8;

    private readonly BatchingChunkStore batchedChunks;
    private readonly BatchingRecordStore batchedRecords;
    private int refusals;

    public PeerHandle(PeerLink link, HelloAnswer hello)
    {
        Link = link;
        StoreId = hello.StoreId;
        RemoteChunkStore chunks = new(link);
        batchedChunks = new BatchingChunkStore(chunks, chunks);
        batchedRecords = new BatchingRecordStore(new RemoteRecordStore(link));
        Chunks = new VerifyingChunkStore(batchedChunks);
        Verifier = chunks;
        Member = new HomeMember(
            hello.StoreId,
            [.. new[] { link.Address.ToString() }.Concat(hello.Addresses).Distinct(StringComparer.OrdinalIgnoreCase).Take(MaxAddresses)]);
    }

    public PeerLink Link { get; }

    public StoreId StoreId { get; }

    /// <summary>
    /// How a record names this store: its id, the address that worked here, then those it advertises.
    /// </summary>
    public HomeMember Member { get; }

    /// <summary>Its chunks; what is read is verified.</summary>
    public IChunkStore Chunks { get; }

    public IChunkVerifier Verifier { get; }

    public IRecordStore Records => batchedRecords;

    /// <summary>Waits for the batches under way; close <see cref="Link"/> first, which ends them.</summary>
    public async ValueTask DisposeAsync()
    {
        await batchedChunks.DisposeAsync().ConfigureAwait(false);
        await batchedRecords.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Whether it is the first time that this peer takes no more chunks, which is told once.</summary>
    public bool IsFirstRefusal() => Interlocked.Exchange(ref refusals, 1) == 0;

    public override string ToString() => Link.Address.ToString();
}
