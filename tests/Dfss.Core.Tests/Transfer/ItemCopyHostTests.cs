using Dfss.Protocol;
using Dfss.Transfer;
using Dfss.Transport;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>How the two sides of a copy find each other, and how they end.</summary>
public sealed class ItemCopyHostTests : IAsyncDisposable
{
    private readonly FakeTimeProvider clock = new();
    private readonly ItemCopyHost host;
    private readonly ItemCopyClient client;

    public ItemCopyHostTests()
    {
        host = new ItemCopyHost(clock);
        client = new ItemCopyClient(frame =>
        {
            _ = Task.Run(async () => client!.Receive(await host.AnswerAsync(frame)));
            return Task.CompletedTask;
        });
    }

    public async ValueTask DisposeAsync()
    {
        await client.DisposeAsync();
        await host.DisposeAsync();
    }

    [Fact]
    public async Task Only_the_pinned_certificates_are_accepted()
    {
        using PinnedTls own = new(), expected = new(), other = new();
        await using ItemServer server = new(
            new LocalItemSource(ItemCopyHost.CreateBuffers()), new LocalItemTarget(ItemCopyHost.CreateBuffers()));
        int heard = 0;
        own.Pin(expected.Certificate);
        await using ItemListener listener = new(TcpTransport.Listen("localhost", 0), own, server, () => heard++);
        PeerAddress address = PeerAddress.Parse($"localhost:{listener.Port}");

        // A client that the host does not expect; a host that the client does not expect.
        other.Pin(own.Certificate);
        Assert.Null(await new ItemConnector(other, TimeSpan.FromSeconds(30)).ConnectAsync([address], Token));
        expected.Pin(other.Certificate);
        Assert.Null(await new ItemConnector(expected, TimeSpan.FromSeconds(30)).ConnectAsync([address], Token));
        Assert.Equal(0, heard);

        expected.Pin(own.Certificate);
        var found = await new ItemConnector(expected, TimeSpan.FromSeconds(30)).ConnectAsync([address], Token);
        Assert.Equal(address, found!.Value.Address);
        await found.Value.Channel.DisposeAsync();
    }

    [Fact]
    public async Task A_host_that_cannot_be_reached_is_used_through_the_session()
    {
        // The host stops after it has told its address.
        ItemCopyClient? taker = null;
        await using ItemCopyClient lost = new(frame =>
        {
            _ = Task.Run(async () =>
            {
                byte[] answer = await host.AnswerAsync(frame);
                if (Is(frame, ItemOperations.Listen))
                {
                    await host.DisposeAsync();
                }

                taker!.Receive(answer);
            });
            return Task.CompletedTask;
        });
        taker = lost;

        string? failure = await lost.ConnectAsync(host: null, TimeSpan.FromSeconds(30), Token);

        Assert.NotNull(failure);
        Assert.Null(lost.DirectAddress);
        await lost.PingAsync(Token);
    }

    [Fact]
    public async Task A_host_that_hears_nothing_listens_no_longer()
    {
        // Without a connection, whose pings would be heard.
        using PinnedTls tls = new();
        MessageMap arguments = new() { { "certificate", tls.Certificate } };
        await host.AnswerAsync(
            MessageCodec.ToFrame(Message.Request(1, ItemOperations.Listen, arguments), payload: null), Token);
        clock.Advance(TimeSpan.FromSeconds(60));
        Assert.True(host.IsListening);
        await client.PingAsync(Token);
        clock.Advance(TimeSpan.FromSeconds(60));
        Assert.True(host.IsListening);
        clock.Advance(TimeSpan.FromSeconds(60));
        Assert.False(host.IsListening);
    }

    [Fact]
    public async Task A_session_that_ends_fails_the_calls_that_wait()
    {
        TaskCompletionSource sent = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ItemCopyClient waiting = new(_ =>
        {
            sent.SetResult();
            return Task.CompletedTask;
        });
        Task ping = waiting.PingAsync(Token);
        await sent.Task;
        waiting.End(new DfssException(DfssErrorCode.PeerUnreachable, "gone"));

        Assert.Equal(DfssErrorCode.PeerUnreachable, (await Assert.ThrowsAsync<DfssException>(() => ping)).Code);
        Assert.Equal(
            DfssErrorCode.PeerUnreachable,
            (await Assert.ThrowsAsync<DfssException>(() => waiting.PingAsync(Token))).Code);
    }

    [Fact]
    public async Task A_side_that_answers_nothing_ends_the_call()
    {
        TaskCompletionSource sent = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ItemCopyClient waiting = new(
            _ =>
            {
                sent.SetResult();
                return Task.CompletedTask;
            },
            clock);
        Task<ItemCopyPlace> looking = waiting.ToHost().LookAsync("path", Token);
        await sent.Task;

        clock.Advance(AnswerWatch.Limit * 2);

        Assert.Equal(DfssErrorCode.TimedOut, (await Assert.ThrowsAsync<DfssException>(() => looking)).Code);
    }

    [Fact]
    public void A_host_chooses_few_addresses_and_none_of_this_machine()
    {
        MessageMap Answer(long port, params IEnumerable<string> addresses) => new()
        {
            { "port", port },
            { "machine", "another" },
            { "addresses", MessageValue.From([.. addresses.Select(address => (MessageValue)address)]) },
        };

        Assert.Equal(
            ["host:9", "192.0.2.1:9", "[2001:db8::1]:9"],
            ItemCopyClient.ReadAddresses(
                Answer(9, "192.0.2.1", "name", "127.0.0.1", "::ffff:127.0.0.1", "224.0.0.1", "0.0.0.0", "2001:db8::1"),
                "host").Select(address => $"{address}"));
        IEnumerable<string> many = Enumerable.Range(1, 1000).Select(i => $"198.51.{i / 250}.{(i % 250) + 1}");
        Assert.Equal(16, ItemCopyClient.ReadAddresses(Answer(9, many), host: null).Count);
        foreach (long port in (long[])[0, 65536, (1L << 32) + 9])
        {
            Assert.Throws<DfssException>(() => ItemCopyClient.ReadAddresses(Answer(port, "192.0.2.1"), host: null));
        }
    }

    [Theory]
    [InlineData((1L << 53) - 1, DfssLimits.DefaultChunkSize, 0)]
    [InlineData(5, 0, 0)]
    [InlineData(5, DfssLimits.DefaultChunkSize, 1L << 40)]
    public void A_file_that_cannot_be_is_refused(long length, int chunkSize, long mode)
    {
        MessageMap facts = new()
        {
            { "length", length }, { "chunk_size", chunkSize }, { "modified", new byte[16] }, { "mode", mode },
        };

        Assert.Throws<DfssException>(() => ItemCodec.ReadFacts(facts));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static bool Is(byte[] frame, string operation) => ItemFrames.Read(frame).Message.Operation == operation;
}
