using Dfss.Peers;
using Dfss.Protocol;
using Dfss.Testing;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>What a client learns of names while a peer is silent.</summary>
public sealed class NameProbeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_name_is_what_the_peers_list_that_answer()
    {
        await using HeldPeer silent = await HeldPeer.StartAsync();
        await using DfssPeer healthy = await StartAsync();
        await using var client = new DfssClient(
            [silent.Address, AddressOf(healthy)], new TransferOptions { StateFolder = null });
        foreach (string name in (string[])["a", "b/c", "d", "d/e", "f"])
        {
            await SendAsync(client, name);
        }

        await client.RemoveAsync(await client.GetAsync("f", Token), RemoveOptions.Default, Token);
        Assert.Equal((false, false), await AskAsync(client, "f"));
        silent.Holds = (_, _, _) => true;
        Assert.Equal((true, false), await AskAsync(client, "a"));
        Assert.Equal((false, true), await AskAsync(client, "b"));
        Assert.Equal((true, true), await AskAsync(client, "d"));
    }

    [Fact]
    public async Task A_list_goes_on_without_a_peer_that_gives_no_page_in_time()
    {
        await using HeldPeer silent = await HeldPeer.StartAsync();
        await using DfssPeer healthy = await StartAsync();
        await using var client = new DfssClient(
            [silent.Address, AddressOf(healthy)],
            new TransferOptions { StateFolder = null, ListTimeout = TimeSpan.FromMilliseconds(300) });
        await SendAsync(client, "a");
        silent.Holds = (operation, _, _) => operation == Operations.ListFiles;
        var lacks = new List<string>();
        List<string> names = [];
        Task listing = Task.Run(
            async () =>
            {
                await foreach (StoredFile file in client.ListAsync(string.Empty, lacks.Add, Token))
                {
                    names.Add(file.Name);
                }
            },
            Token);
        await silent.Reached.WaitAsync(Token);
        await listing;
        Assert.Equal(["a"], names);
        Assert.StartsWith($"{silent.Address}: no answer came in time", Assert.Single(lacks), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_is_silent_while_it_owes_an_answer()
    {
        await using HeldPeer silent = await HeldPeer.StartAsync();
        await using DfssPeer healthy = await StartAsync();
        await using var client = new DfssClient(
            [silent.Address, AddressOf(healthy)], new TransferOptions { StateFolder = null });
        await SendAsync(client, "a");
        Assert.Empty(client.FindSilent(TimeSpan.Zero));
        silent.Holds = (_, _, _) => true;
        using var leave = new CancellationTokenSource();
        Task<StoredFile> asking = client.GetAsync("none", leave.Token);
        await silent.Reached.WaitAsync(Token);
        while (client.FindSilent(TimeSpan.Zero) is not [{ } only] || only != silent.Address)
        {
            // The other peer is about to answer.
            await Task.Yield();
        }

        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }

    private static Task<DfssPeer> StartAsync() =>
        DfssPeer.StartAsync(new PeerOptions { Port = 0, Address = "127.0.0.1" });

    private static PeerAddress AddressOf(DfssPeer peer) => new("127.0.0.1", peer.Port);

    private static Task<StoredFile> SendAsync(DfssClient client, string name) =>
        client.SendAsync(new MemoryStream([1, 2, 3]), name, SendOptions.Default, progress: null, Token);

    private static async Task<(bool IsFile, bool HasBelow)> AskAsync(DfssClient client, string name)
    {
        FoundName found = await client.ProbeAsync(name, Token);
        return (found.File?.Name == name, found.HasBelow);
    }
}
