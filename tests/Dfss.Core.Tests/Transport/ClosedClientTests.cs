using System.Runtime.CompilerServices;
using Dfss.Security;
using Dfss.Testing;
using Dfss.Tests.Transfer;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transport;

/// <summary>A client that was disposed is garbage, with its memory for payloads: a session runs thousands of commands.</summary>
public sealed class ClosedClientTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_disposed_client_is_collected()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        AssertCollected(await UseAsync(cluster.Addresses[0], identity: null));
    }

    [Fact]
    public async Task A_disposed_client_of_a_peer_with_TLS_is_collected()
    {
        using TestAuthority authority = new();
        await using TlsPeer peer = await TlsPeer.StartAsync(authority.IdentifyPeer, configure: null, Token);
        AssertCollected(await UseAsync(peer.Address, authority.Identify(DfssRole.Reader)));
    }

    /// <summary>In a method of its own, that clears its local: else a debug build keeps the client for it.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<WeakReference> UseAsync(PeerAddress address, TlsIdentity? identity)
    {
        DfssClient? client = new([address], new TransferOptions { Identity = identity });
        await client.GetPeerInfoAsync(address, Token);
        await client.DisposeAsync();
        WeakReference used = new(client);
        client = null;
        return used;
    }

    private static void AssertCollected(WeakReference client)
    {
        for (int i = 0; i < 20 && client.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(client.IsAlive);
    }
}
