using System.Collections.Concurrent;
using Dfss.Peers;
using Dfss.Security;
using Dfss.Storage;
using Dfss.Transport;

namespace Dfss.Testing;

/// <summary>A peer of this process that speaks TLS, with a store on disk whose id its certificate names.</summary>
internal sealed class TlsPeer : IAsyncDisposable
{
    private readonly TemporaryFolder folder;

    private TlsPeer(DfssPeer peer, ConcurrentQueue<string> log, TemporaryFolder folder)
    {
        Peer = peer;
        Log = log;
        this.folder = folder;
    }

    public DfssPeer Peer { get; }

    public ConcurrentQueue<string> Log { get; }

    public PeerAddress Address => new("127.0.0.1", Peer.Port);

    /// <summary>Starts one.</summary>
    /// <param name="identify">Makes its identity for its store; null for none.</param>
    /// <param name="configure">Changes how it runs.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<TlsPeer> StartAsync(
        Func<StoreId, TlsIdentity>? identify, Func<PeerOptions, PeerOptions>? configure,
        CancellationToken cancellationToken)
    {
        TemporaryFolder folder = new();
        ConcurrentQueue<string> log = new();
        try
        {
            StoreId id;
            await using (LocalStore store = await LocalStore.OpenAsync(
                folder.Path, new LocalStoreOptions(), cancellationToken))
            {
                id = store.StoreId;
            }

            PeerOptions options =
                new() { Port = 0, StorePath = folder.Path, Identity = identify?.Invoke(id), Log = log.Enqueue };
            return new TlsPeer(
                await DfssPeer.StartAsync(configure?.Invoke(options) ?? options, cancellationToken), log, folder);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>A connection of this identity on which hello was answered.</summary>
    public Task<ClientChannel> ConnectAsync(TlsIdentity identity, CancellationToken cancellationToken) =>
        ClientChannel.ConnectAsync(Address, OptionsOf(identity), cancellationToken);

    /// <summary>How this identity connects.</summary>
    public static ClientChannelOptions OptionsOf(TlsIdentity identity) => ClientChannelOptions.Default with
    {
        Connect = new TlsTransport(identity, TimeProvider.System, log: null).ConnectAsync,
    };

    public async ValueTask DisposeAsync()
    {
        await Peer.DisposeAsync();
        folder.Dispose();
    }
}
