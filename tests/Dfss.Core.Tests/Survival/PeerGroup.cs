using Dfss.Testing;
using TemporaryFolder = Dfss.Testing.TemporaryFolder;

namespace Dfss.Tests.Survival;

/// <summary>
/// Peers as processes, each with a store of its own on disk, to be killed, started again on the same port, and wiped.
/// </summary>
internal sealed class PeerGroup : IAsyncDisposable
{
    /// <summary>
    /// No peer listens there, so a client that is cut off from a peer that advertises it finds no other way to it.
    /// </summary>
    public const string Nowhere = "127.0.0.1:1";

    private readonly PeerProcess[] peers;
    private readonly PeerSettings settings;

    private PeerGroup(PeerProcess[] peers, PeerSettings settings)
    {
        this.peers = peers;
        this.settings = settings;
    }

    public int Count => peers.Length;

    public IReadOnlyList<PeerAddress> Addresses => [.. peers.Select(peer => peer.Address)];

    public PeerProcess this[int index] => peers[index];

    /// <summary>Starts them.</summary>
    /// <param name="folder">Where their stores are, as <c>store0</c> and so on.</param>
    /// <param name="count">How many.</param>
    /// <param name="settings">How they run.</param>
    public static Task<PeerGroup> StartAsync(TemporaryFolder folder, int count, PeerSettings settings) =>
        StartAsync([.. Enumerable.Range(0, count).Select(i => folder[$"store{i}"])], settings);

    /// <summary>Starts one for each store.</summary>
    public static async Task<PeerGroup> StartAsync(IReadOnlyList<string> stores, PeerSettings settings) =>
        new(await Task.WhenAll(stores.Select(store => PeerProcess.StartAsync(store, settings: settings))), settings);

    /// <summary>SIGKILL.</summary>
    public Task KillAsync(int index) => peers[index].KillAsync();

    /// <summary>Starts one that was killed.</summary>
    public Task RestartAsync(int index) => RestartAsync(index, settings);

    /// <summary>Starts one that was killed, to run in another way.</summary>
    public async Task RestartAsync(int index, PeerSettings changed)
    {
        PeerProcess former = peers[index];
        await former.DisposeAsync();
        peers[index] = await PeerProcess.StartAsync(former.StorePath, former.Port, changed);
    }

    /// <summary>SIGKILL, and all that it had is lost: what starts again at its address is a new store.</summary>
    public async Task WipeAsync(int index)
    {
        await KillAsync(index);
        Directory.Delete(peers[index].StorePath, recursive: true);
        await RestartAsync(index);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (PeerProcess peer in peers)
        {
            await peer.DisposeAsync();
        }
    }
}
