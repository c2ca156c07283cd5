using System.Runtime.CompilerServices;
using Dfss.Security;
using Dfss.Testing;
using Dfss.Tests.Transfer;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transport;

/// <summary>
/// A client that was disposed is garbage, with all that it refers to: a session runs thousands of commands.
/// </summary>
public sealed class ClosedClientTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_disposed_client_is_collected()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        await AssertCollectedAsync(await UseAsync(cluster.Addresses[0], identity: null));
    }

    [Fact]
    public async Task A_disposed_client_of_a_peer_with_TLS_is_collected()
    {
        using TestAuthority authority = new();
        await using TlsPeer peer = await TlsPeer.StartAsync(authority.IdentifyPeer, configure: null, Token);
        await AssertCollectedAsync(await UseAsync(peer.Address, authority.Identify(DfssRole.Reader)));
    }

    /// <summary>In a method of its own: no local of a test refers to the client, or to what it refers to.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<WeakReference> UseAsync(PeerAddress address, TlsIdentity? identity)
    {
        // As a cmdlet: the client refers to it, by where it warns.
        List<string>? warnings = [];
        WeakReference caller = new(warnings);
        DfssClient? client = new([address], new TransferOptions { Identity = identity, Warning = warnings.Add });
        warnings = null;
        await client.GetPeerInfoAsync(address, Token);
        await client.DisposeAsync();
        client = null;
        return caller;
    }

    private static async Task AssertCollectedAsync(WeakReference caller)
    {
        // Away from the stack on which the client was closed.
        await Task.Yield();
        for (int i = 0; i < 20 && caller.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(caller.IsAlive);
    }
}
