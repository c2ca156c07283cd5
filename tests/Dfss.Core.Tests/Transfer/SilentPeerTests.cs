using Dfss.Peers;
using Dfss.Protocol;
using Dfss.Testing;
using Dfss.Transfer;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>Which peers an operation waits for.</summary>
public sealed class SilentPeerTests
{
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(250);

    private readonly FakeTimeProvider clock = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_peer_that_owes_an_answer_is_silent_after_a_time_without_a_byte()
    {
        await using HeldPeer held = await HeldPeer.StartAsync();
        await using DfssPeer healthy = await DfssPeer.StartAsync(
            new PeerOptions { Port = 0, Address = "127.0.0.1" }, Token);
        await using DfssClient client = Connect(held.Address, new PeerAddress("127.0.0.1", healthy.Port));
        await Assert.ThrowsAsync<DfssException>(() => client.GetAsync("none", Token));
        clock.Advance(Least);
        Assert.Empty(client.FindSilent(Least));

        int asked = 0;
        held.Holds = (_, _, _) => Interlocked.Increment(ref asked) == 1;
        using var leave = new CancellationTokenSource();
        Task asking = client.GetPeerInfoAsync(held.Address, leave.Token);
        await held.Reached.WaitAsync(Token);

        // When another answer has come over that connection, the client has noted that the first request is sent.
        await client.GetPeerInfoAsync(held.Address, Token);
        Assert.Empty(client.FindSilent(Least));
        clock.Advance(Least);
        Assert.Equal([held.Address], client.FindSilent(Least));

        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        Assert.Empty(client.FindSilent(Least));
    }

    [Fact]
    public async Task A_peer_that_is_being_connected_to_is_silent_only_after_that_time()
    {
        await using HeldPeer held = await HeldPeer.StartAsync();
        held.Holds = (operation, _, _) => operation == Operations.Hello;
        await using DfssClient client = Connect(held.Address);
        using var leave = new CancellationTokenSource();
        Task asking = client.GetPeerInfoAsync(held.Address, leave.Token);
        await held.Reached.WaitAsync(Token);
        Assert.Empty(client.FindSilent(Least));
        clock.Advance(Least);
        Assert.Equal([held.Address], client.FindSilent(Least));
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }

    private DfssClient Connect(params PeerAddress[] peers) =>
        new([.. peers], new TransferOptions { StateFolder = null, TimeProvider = clock });
}
