using System.Collections.Concurrent;
using System.Net;
using Dfss.Peers;
using Dfss.Protocol;
using Dfss.Security;
using Dfss.Testing;
using Dfss.Transport;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>A peer on loopback without certificates serves its user's programs, and no other user's.</summary>
public sealed class LoopbackTokenTests : IAsyncLifetime
{
    private readonly TemporaryFolder state = new();
    private readonly ConcurrentQueue<string> log = new();
    private DfssPeer peer = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string[] TokenFiles => Directory.GetFiles(state["tokens"]);

    private ClientChannelOptions Mine => ClientChannelOptions.Default with { StateFolder = state.Path };

    public async ValueTask InitializeAsync() =>
        peer = await DfssPeer.StartAsync(
            new PeerOptions { Port = 0, StateFolder = state.Path, Log = log.Enqueue }, Token);

    public async ValueTask DisposeAsync()
    {
        await peer.DisposeAsync();
        state.Dispose();
    }

    [Fact]
    public async Task Programs_of_its_user_connect_by_every_address_and_the_token_files_are_private()
    {
        foreach (string host in new[] { "localhost", "127.0.0.1" })
        {
            await using ClientChannel channel = await ClientChannel.ConnectAsync(
                new PeerAddress(host, peer.Port), Mine, Token);
            await channel.PingAsync(Token);
        }

        Assert.NotEmpty(TokenFiles);
        if (!OperatingSystem.IsWindows())
        {
            Assert.All(
                TokenFiles,
                path => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path)));
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
                File.GetUnixFileMode(state["tokens"]));
        }

        await peer.StopAsync();
        Assert.Empty(TokenFiles);
    }

    [Theory]
    [InlineData(null, "none was sent")]
    [InlineData("", "another one was sent")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000", "another one was sent")]
    public async Task A_client_without_the_token_is_refused_and_gets_the_name_of_its_user(string? said, string reason)
    {
        await using RawClient client = await RawClient.ConnectAsync(peer);
        MessageMap hello = new HelloRequest([1], "raw", []) { Token = said }.ToMap();
        Message answer = await client.AskAsync(Operations.Hello, hello);
        Assert.Equal(DfssErrorCode.NotAuthenticated, answer.Status);
        Assert.Contains(reason, answer.Map.Required("message").AsText(), StringComparison.Ordinal);
        Assert.Contains(Environment.UserName, answer.Map.Required("advice").AsText(), StringComparison.Ordinal);
        Assert.Null(await client.ReadAsync());
        string line = Assert.Single(log);
        Assert.Contains(reason, line, StringComparison.Ordinal);
        Assert.All(TokenFiles, path => Assert.DoesNotContain(File.ReadAllText(path), line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_client_shows_the_token_of_another_address_to_no_peer()
    {
        string? said = "";
        await using FakePeer unauthenticated = new(
            (_, _, _) => new(((DfssErrorCode, MessageMap, ReadOnlyMemory<byte>?)?)null))
        {
            Hello = request => said = request.Token,
        };
        await using ClientChannel channel = await ClientChannel.ConnectAsync(unauthenticated.Address, Mine, Token);
        Assert.Null(said);
        Assert.NotNull(LoopbackToken.Find(state.Path, new IPEndPoint(IPAddress.Loopback, peer.Port)));
        Assert.Null(LoopbackToken.Find(state.Path, new IPEndPoint(IPAddress.Parse("192.0.2.1"), peer.Port)));
    }

    [Fact]
    public async Task A_client_with_another_state_folder_says_where_it_looked_for_the_token()
    {
        using TemporaryFolder other = new();
        DfssException refusal = await Assert.ThrowsAsync<DfssException>(() => ClientChannel.ConnectAsync(
            new PeerAddress("127.0.0.1", peer.Port),
            ClientChannelOptions.Default with { StateFolder = other.Path }, Token));
        Assert.Equal(DfssErrorCode.NotAuthenticated, refusal.Code);
        Assert.Contains(
            $"'{other[$"tokens/127.0.0.1_{peer.Port}"]}', and there is no such file", refusal.Reason,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_cannot_read_the_token_says_why_when_it_is_refused()
    {
        string path = TokenFiles.Single(
            file => Path.GetFileName(file).StartsWith("127.0.0.1", StringComparison.Ordinal));
        File.Delete(path);
        File.CreateSymbolicLink(path, path);
        DfssException refusal = await Assert.ThrowsAsync<DfssException>(() =>
            ClientChannel.ConnectAsync(new PeerAddress("127.0.0.1", peer.Port), Mine, Token));
        Assert.Equal(DfssErrorCode.NotAuthenticated, refusal.Code);
        Assert.Contains($"cannot read the token at '{path}'", refusal.Reason, StringComparison.Ordinal);
        File.Delete(path);
    }

    [Fact]
    public async Task A_peer_that_stops_leaves_the_token_of_the_next_peer_at_its_address()
    {
        IPEndPoint endpoint = new(IPAddress.Loopback, 1);
        LoopbackToken former = await LoopbackToken.CreateAsync(state["shared"], [endpoint], Token);
        LoopbackToken next = await LoopbackToken.CreateAsync(state["shared"], [endpoint], Token);
        former.Delete();
        string? found = LoopbackToken.Find(state["shared"], endpoint);
        Assert.NotNull(found);
        Assert.Equal(RemoteIdentity.Unnamed, next.Identify(found));
        next.Delete();
        Assert.Null(LoopbackToken.Find(state["shared"], endpoint));
    }

    [Fact]
    public async Task A_client_that_found_an_old_token_looks_once_more()
    {
        // As it is while a peer starts at the port of one that was killed.
        string path = TokenFiles.Single(
            file => Path.GetFileName(file).StartsWith("127.0.0.1", StringComparison.Ordinal));
        string fresh = await File.ReadAllTextAsync(path, Token);
        await File.WriteAllTextAsync(path, new string('0', fresh.Length), Token);
        int connections = 0;
        await using ClientChannel channel = await ClientChannel.ConnectAsync(
            new PeerAddress("127.0.0.1", peer.Port),
            Mine with
            {
                Connect = async (address, timeout, token) =>
                {
                    IConnection connection = await TcpTransport.ConnectAsync(address, timeout, token);
                    return ++connections == 1
                        ? new SlowReader(connection, () => File.WriteAllText(path, fresh))
                        : connection;
                },
            },
            Token);
        Assert.Equal(2, connections);
        await channel.PingAsync(Token);
    }

    [Fact]
    public async Task A_peer_whose_state_folder_is_emptied_puts_its_token_back_and_removes_it_when_it_stops()
    {
        FakeTimeProvider clock = new(DateTimeOffset.UtcNow);
        using TemporaryFolder own = new();
        await using DfssPeer other = await DfssPeer.StartAsync(
            new PeerOptions { Port = 0, StateFolder = own["state"], TimeProvider = clock, Log = log.Enqueue }, Token);
        string[] files = Directory.GetFiles(own["state/tokens"]);
        string secret = await File.ReadAllTextAsync(files[0], Token);
        Directory.Delete(own["state"], recursive: true);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (!log.Any(line => line.Contains("were written again", StringComparison.Ordinal)))
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1, limit.Token);
        }

        Assert.All(files, path => Assert.Equal(secret, File.ReadAllText(path)));
        await using ClientChannel channel = await ClientChannel.ConnectAsync(
            new PeerAddress("127.0.0.1", other.Port),
            ClientChannelOptions.Default with { StateFolder = own["state"] }, Token);
        await channel.PingAsync(Token);
        await other.StopAsync();
        Assert.Empty(Directory.GetFiles(own["state/tokens"]));
    }

    [Fact]
    public void A_hello_does_not_show_its_token() =>
        Assert.DoesNotContain(
            "secret", new HelloRequest([1], "raw", []) { Token = "secret" }.ToString(), StringComparison.Ordinal);

    /// <summary>Does something between the hello that is sent and the answer that is read.</summary>
    private sealed class SlowReader(IConnection inner, Action before) : IConnection
    {
        public string RemoteAddress => inner.RemoteAddress;

        public IPEndPoint? RemoteEndpoint => inner.RemoteEndpoint;

        public ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken)
        {
            before();
            return inner.ReceiveAsync(destination, cancellationToken);
        }

        public ValueTask SendAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken) =>
            inner.SendAsync(source, cancellationToken);

        public void Abort() => inner.Abort();

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
