using Dfss.Peers;
using Dfss.Storage;
using Dfss.Transport;

namespace Dfss.Faults;

/// <summary>
/// A peer for tests, with faults that are switched on and off while it runs. It is a peer as any other, whose
/// connections, requests and chunk store are wrapped: a peer that <see cref="DfssPeer.StartAsync(PeerOptions,
/// CancellationToken)"/> starts has none of this.
/// </summary>
public sealed class FaultyPeer : IAsyncDisposable
{
    private readonly FaultSwitch faults;

    private FaultyPeer(DfssPeer peer, FaultSwitch faults)
    {
        Peer = peer;
        this.faults = faults;
    }

    /// <summary>The peer.</summary>
    public DfssPeer Peer { get; }

    /// <summary>The faults from now on. An outage also concerns the connections that are open.</summary>
    /// <exception cref="ObjectDisposedException">The peer has been stopped.</exception>
    public PeerFaults Faults
    {
        get => faults.Current;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            faults.Set(value);
        }
    }

    /// <summary>Starts a peer without a fault.</summary>
    /// <param name="options">How it runs. There is no scrub: it would find corrupt chunks at times of its own.</param>
    /// <param name="seed">Decides which chunks are corrupt where not all are.</param>
    /// <param name="memoryStoreId">The id of a store in memory, for a certificate that names it; null for a new
    /// one.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DfssException">As of <see cref="DfssPeer.StartAsync(PeerOptions,
    /// CancellationToken)"/>.</exception>
    public static async Task<FaultyPeer> StartAsync(
        PeerOptions options, int seed = 0, StoreId? memoryStoreId = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        FaultSwitch faults = new(options.TimeProvider);
        options = options with
        {
            ScrubBytesPerSecond = 0,
            MemoryStoreId = memoryStoreId,
            AdmitRequest = faults.AdmitAsync,
            ServeChunks = chunks => new FaultyChunkStore(chunks, faults, seed),
        };
        DfssPeer peer = await DfssPeer.StartAsync(
            options,
            new DurableFile(beforeStep: null),
            (address, port) => new FaultyListener(TcpTransport.Listen(address, port), faults),
            cancellationToken).ConfigureAwait(false);
        return new FaultyPeer(peer, faults);
    }

    /// <summary>Stops the peer. Its faults end first, so that it does not wait for connections that are dead.</summary>
    public async ValueTask DisposeAsync()
    {
        faults.End();
        await Peer.DisposeAsync().ConfigureAwait(false);
    }
}
