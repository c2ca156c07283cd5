using Dfss.Protocol;
using Dfss.Testing;
using Dfss.Transport;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Transport;

public class MessageChannelTests
{
    private static readonly byte[] Small = [.. Enumerable.Range(0, 40).Select(i => (byte)i)];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Message Request =>
        Message.Request(5, Operations.StoreChunk, new MessageMap { { "chunk_id", new byte[32] } });

    [Fact]
    public async Task A_frame_split_anywhere_is_read_whole()
    {
        byte[] frame = MessageCodec.ToFrame(Request, Small);
        for (int split = 0; split <= frame.Length; split++)
        {
            (MemoryConnection client, MessageChannel server) = Open(new FakeTimeProvider());
            Task<ReceivedMessage?> reading = server.ReadAsync(Token).AsTask();
            await client.SendAsync(frame.AsMemory(0, split), Token);
            await client.SendAsync(frame.AsMemory(split), Token);
            using ReceivedMessage? message = await reading;
            Assert.Equal(Small, message!.Payload!.Memory.ToArray());
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_frame_cut_off_anywhere_is_a_typed_error_and_before_it_a_clean_end()
    {
        byte[] frame = MessageCodec.ToFrame(Request, Small);
        for (int length = 0; length < frame.Length; length++)
        {
            (MemoryConnection client, MessageChannel server) = Open(new FakeTimeProvider());
            await client.SendAsync(frame.AsMemory(0, length), Token);
            await client.DisposeAsync();
            if (length == 0)
            {
                Assert.Null(await server.ReadAsync(Token));
            }
            else
            {
                DfssException exception = await Assert.ThrowsAsync<DfssException>(
                    async () => await server.ReadAsync(Token));
                Assert.Equal(DfssErrorCode.PeerUnreachable, exception.Code);
            }

            await server.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(int.MaxValue)]
    public async Task Many_messages_come_in_order_with_their_payloads(int maxReceiveBytes)
    {
        (MemoryConnection client, MemoryConnection far) = MemoryConnection.CreatePair();
        far.MaxReceiveBytes = maxReceiveBytes;
        await using MessageChannel writer = new(client, new PayloadPool(1 << 20), new ChannelOptions());
        await using MessageChannel reader = new(
            far, new PayloadPool(1 << 20), new ChannelOptions { MaxBodyBytes = DfssLimits.MaxFrameBytes });
        ReadOnlyMemory<byte>?[] payloads =
            [null, Array.Empty<byte>(), Small, new byte[8192], new byte[8193], new byte[200_000], null];
        Task writing = WriteAllAsync();
        for (int i = 0; i < payloads.Length; i++)
        {
            using ReceivedMessage? message = await reader.ReadAsync(Token);
            Assert.Equal((uint)i, message!.Message.Id);
            Assert.Equal(payloads[i]?.Length, message.PayloadBytes);
            Assert.Equal(payloads[i]?.ToArray(), message.Payload?.Memory.ToArray());
        }

        await writing;

        async Task WriteAllAsync()
        {
            for (int i = 0; i < payloads.Length; i++)
            {
                await writer.WriteAsync(Message.Request((uint)i, "x", []), payloads[i], Token);
            }
        }
    }

    [Fact]
    public async Task A_header_larger_than_the_buffer_is_read()
    {
        (MemoryConnection client, MemoryConnection far) = MemoryConnection.CreatePair();
        await using MessageChannel writer = new(client, new PayloadPool(1 << 20), new ChannelOptions());
        await using MessageChannel reader = new(
            far, new PayloadPool(1 << 20), new ChannelOptions { MaxBodyBytes = DfssLimits.MaxFrameBytes });
        byte[] large = new byte[60_000];
        await writer.WriteAsync(Message.Request(1, "x", new MessageMap { { "a", large } }), Small, Token);
        await writer.WriteAsync(Message.Request(2, "x", []), Small, Token);
        using ReceivedMessage? first = await reader.ReadAsync(Token);
        using ReceivedMessage? second = await reader.ReadAsync(Token);
        Assert.Equal(large, first!.Message.Map.Required("a").AsBinary());
        Assert.Equal((2u, 40), (second!.Message.Id!.Value, second.PayloadBytes));
    }

    [Fact]
    public async Task A_payload_goes_where_the_reader_says()
    {
        (MemoryConnection client, MessageChannel server) = Open(new FakeTimeProvider());
        await client.SendAsync(MessageCodec.ToFrame(Request, Small), Token);
        await client.SendAsync(MessageCodec.ToFrame(Request, Small), Token);
        byte[] own = new byte[100];
        using ReceivedMessage? direct = await server.ReadAsync(
            (_, length) => PayloadTarget.Into(own.AsMemory(1, length)), Token);
        Assert.Null(direct!.Payload);
        Assert.Equal(Small, own[1..41]);
        using ReceivedMessage? discarded = await server.ReadAsync((_, _) => PayloadTarget.Discarded, Token);
        Assert.Null(discarded!.Payload);
        Assert.Equal(40, discarded.PayloadBytes);
        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_body_over_the_limit_in_force_is_refused_until_the_limit_is_raised()
    {
        byte[] frame = MessageCodec.ToFrame(Request, new byte[5000]);
        (MemoryConnection client, MessageChannel server) = Open(new FakeTimeProvider());
        await client.SendAsync(frame, Token);
        Assert.Equal(
            DfssErrorCode.LimitExceeded,
            (await Assert.ThrowsAsync<DfssException>(async () => await server.ReadAsync(Token))).Code);
        await server.DisposeAsync();
        (client, server) = Open(new FakeTimeProvider());
        server.MaxBodyBytes = DfssLimits.MaxFrameBytes;
        await client.SendAsync(frame, Token);
        using ReceivedMessage? message = await server.ReadAsync(Token);
        Assert.Equal(5000, message!.PayloadBytes);
        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_frame_that_stands_still_for_20_s_times_out()
    {
        FakeTimeProvider clock = new();
        (MemoryConnection client, MessageChannel server) = Open(clock);
        await client.SendAsync(MessageCodec.ToFrame(Request, Small).AsMemory(0, 20), Token);
        Task<ReceivedMessage?> reading = server.ReadAsync(Token).AsTask();
        clock.Advance(TimeSpan.FromSeconds(19));
        Assert.False(client.IsAborted);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(DfssErrorCode.TimedOut, (await Assert.ThrowsAsync<DfssException>(() => reading)).Code);
        await server.DisposeAsync();
    }

    [Fact]
    public void A_frame_slower_than_16_KiB_a_second_over_30_s_times_out_and_a_faster_one_does_not()
    {
        FakeTimeProvider clock = new();
        foreach ((int rate, bool isDead) in new[] { (16 << 10, false), ((16 << 10) - 100, true) })
        {
            ProgressWatch watch = new(new ChannelOptions { TimeProvider = clock });
            watch.Start();
            for (int second = 0; second < 30; second++)
            {
                Assert.Null(watch.FindStall());
                clock.Advance(TimeSpan.FromSeconds(1));
                watch.Add(rate);
            }

            Assert.Equal(isDead, watch.FindStall() is not null);
        }
    }

    [Fact]
    public async Task A_reader_that_does_not_read_times_the_writer_out()
    {
        FakeTimeProvider clock = new();
        (MemoryConnection client, MemoryConnection far) = MemoryConnection.CreatePair(capacityBytes: 1000);
        await using MessageChannel writer = new(
            client, new PayloadPool(1 << 20), new ChannelOptions { TimeProvider = clock });
        Task writing = writer.WriteAsync(Request, new byte[100_000], Token).AsTask();
        clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(DfssErrorCode.TimedOut, (await Assert.ThrowsAsync<DfssException>(() => writing)).Code);
        Assert.True(far.IsAborted);
    }

    [Fact]
    public async Task Waiting_for_memory_is_not_held_against_the_sender()
    {
        FakeTimeProvider clock = new();
        PayloadPool pool = new(1 << 20);
        (MemoryConnection client, MemoryConnection far) = MemoryConnection.CreatePair();
        await using MessageChannel server = new(far, pool, new ChannelOptions { TimeProvider = clock });
        Payload held = await pool.RentAsync(1 << 20, Token);
        await client.SendAsync(MessageCodec.ToFrame(Request, Small), Token);
        Task<ReceivedMessage?> reading = server.ReadAsync(Token).AsTask();
        clock.Advance(TimeSpan.FromMinutes(10));
        Assert.False(reading.IsCompleted);
        held.Dispose();
        using ReceivedMessage? message = await reading;
        Assert.Equal(Small, message!.Payload!.Memory.ToArray());
    }

    [Fact]
    public async Task An_idle_connection_ends_but_not_while_a_request_is_unanswered()
    {
        FakeTimeProvider clock = new();
        (MemoryConnection client, MessageChannel server) = Open(clock);
        await client.SendAsync(MessageCodec.ToFrame(Request, Small), Token);
        using ReceivedMessage? request = await server.ReadAsync(Token);
        Task<ReceivedMessage?> reading = server.ReadAsync(Token).AsTask();
        clock.Advance(TimeSpan.FromMinutes(10));
        Assert.False(reading.IsCompleted);
        await server.WriteAsync(Message.Answer(5, DfssErrorCode.None, []), payload: null, Token);
        clock.Advance(TimeSpan.FromSeconds(119));
        Assert.False(reading.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await reading);
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Cancelling_between_frames_harms_nothing_and_inside_one_breaks_the_connection()
    {
        (MemoryConnection client, MessageChannel server) = Open(new FakeTimeProvider());
        using CancellationTokenSource between = new();
        Task<ReceivedMessage?> idle = server.ReadAsync(between.Token).AsTask();
        await between.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => idle);
        byte[] frame = MessageCodec.ToFrame(Request, Small);
        await client.SendAsync(frame, Token);
        using ReceivedMessage? message = await server.ReadAsync(Token);
        Assert.NotNull(message);

        using CancellationTokenSource inside = new();
        await client.SendAsync(frame.AsMemory(0, 10), Token);
        Task<ReceivedMessage?> half = server.ReadAsync(inside.Token).AsTask();
        await inside.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => half);
        Assert.True(client.IsAborted);
        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_write_cancelled_before_its_turn_harms_nothing_and_in_the_middle_breaks_the_connection()
    {
        (MemoryConnection client, MemoryConnection far) = MemoryConnection.CreatePair(capacityBytes: 1000);
        await using MessageChannel writer = new(client, new PayloadPool(1 << 20), new ChannelOptions());
        using CancellationTokenSource first = new();
        using CancellationTokenSource second = new();
        Task half = writer.WriteAsync(Request, new byte[100_000], first.Token).AsTask();
        Task queued = writer.WriteAsync(Request, payload: null, second.Token).AsTask();
        await second.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => queued);
        Assert.False(far.IsAborted);
        await first.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => half);
        Assert.True(far.IsAborted);
    }

    private static (MemoryConnection Client, MessageChannel Server) Open(FakeTimeProvider clock)
    {
        (MemoryConnection client, MemoryConnection server) = MemoryConnection.CreatePair();
        return (client,
            new MessageChannel(server, new PayloadPool(1 << 20), new ChannelOptions { TimeProvider = clock }));
    }
}
