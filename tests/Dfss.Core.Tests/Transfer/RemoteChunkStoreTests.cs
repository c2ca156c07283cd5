using Dfss.Storage;
using Dfss.Tests.Storage;
using Dfss.Transfer;
using Dfss.Transport;

namespace Dfss.Tests.Transfer;

/// <summary>A peer at the other end of a connection keeps the contract of every chunk store.</summary>
public sealed class RemoteChunkStoreTests : ChunkStoreContract
{
    private Cluster cluster = null!;
    private PeerLink link = null!;

    public override async ValueTask DisposeAsync()
    {
        await link.DisposeAsync();
        await cluster.DisposeAsync();
    }

    private protected override async Task<IChunkStore> OpenAsync()
    {
        cluster = await Cluster.StartAsync(1, onDisk: true);
        link = new PeerLink(cluster.Addresses[0], ClientChannelOptions.Default);
        return new VerifyingChunkStore(new BatchingChunkStore(new RemoteChunkStore(link)));
    }
}
