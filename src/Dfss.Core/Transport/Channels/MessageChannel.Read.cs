using System.Runtime.CompilerServices;
using Dfss.Protocol;

namespace Dfss.Transport;

/// <content>Reading.</content>
internal sealed partial class MessageChannel
{
    /// <summary>
    /// 8 KiB: holds a hundred small messages, and at most this much of a payload has to be copied out of it.
    /// </summary>
    private const int BufferBytes = 8 << 10;

    // The bytes received and not consumed yet: count bytes from start.
    private byte[] buffer = new byte[BufferBytes];
    private int start;
    private int count;
    private MessageCodec.HeaderScan scan;

    /// <summary>
    /// The next message, with its payload in memory of the pool. The channel rents that memory before it reads the
    /// payload, and does not read the socket while it waits for the memory. Null if the connection was closed in order
    /// between two frames, or was idle for too long. After a cancellation between two frames the caller may read again;
    /// a cancellation inside a frame breaks the connection.
    /// </summary>
    /// <exception cref="DfssException">
    /// ProtocolViolation, LimitExceeded, TimedOut, PeerUnreachable (broken, or closed inside a frame).
    /// </exception>
    public ValueTask<ReceivedMessage?> ReadAsync(CancellationToken cancellationToken) =>
        ReadAsync(choose: null, cancellationToken);

    /// <summary>
    /// The same; <paramref name="choose"/> is called with each message that has a payload and the payload's length, and
    /// returns the destination of the payload.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ReceivedMessage?> ReadAsync(
        Func<Message, int, PayloadTarget>? choose, CancellationToken cancellationToken)
    {
        bool isInside = count > 0;
        try
        {
            if (!isInside && !await ReceiveAsync(isEndAllowed: true, cancellationToken).ConfigureAwait(false))
            {
                return null;
            }

            isInside = true;
            reading.Start();
            int bodyBytes;
            while (!Frame.TryReadPrefix(buffer.AsSpan(start, count), MaxBodyBytes, out bodyBytes))
            {
                await ReceiveAsync(isEndAllowed: false, cancellationToken).ConfigureAwait(false);
            }

            Consume(Frame.PrefixBytes);
            ReceivedMessage message = await ReadBodyAsync(bodyBytes, choose, cancellationToken).ConfigureAwait(false);
            Count(message.Message);
            return message;
        }
        catch (DfssException) when (isIdleEnd && !isInside)
        {
            return null;
        }
        catch (DfssException exception)
        {
            throw Explain(exception);
        }
        catch (OperationCanceledException) when (isInside)
        {
            connection.Abort();
            throw;
        }
        finally
        {
            reading.Stop();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReceivedMessage> ReadBodyAsync(
        int bodyBytes, Func<Message, int, PayloadTarget>? choose, CancellationToken cancellationToken)
    {
        scan = default;
        MessageCodec.HeaderEnd end;
        while (!scan.TryFindEnd(buffer.AsSpan(start, Math.Min(count, bodyBytes)), bodyBytes, out end))
        {
            await ReceiveAsync(isEndAllowed: false, cancellationToken).ConfigureAwait(false);
        }

        ReceiveCharge? charge = Share is { } share
            ? await WaitForMemoryAsync(share.TakeHeaderAsync(end.HeaderBytes, cancellationToken)).ConfigureAwait(false)
            : null;
        try
        {
            Message message = MessageCodec.DecodeHeader(buffer.AsMemory(start, end.HeaderBytes));
            Consume(end.HeaderBytes);
            return end.PayloadBytes is { } payloadBytes
                ? await ReadPayloadAsync(message, charge, payloadBytes, choose, cancellationToken).ConfigureAwait(false)
                : new ReceivedMessage(message, payload: null, payloadBytes: null) { HeaderCharge = charge };
        }
        catch
        {
            charge?.Dispose();
            throw;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReceivedMessage> ReadPayloadAsync(
        Message message,
        ReceiveCharge? headerCharge,
        int payloadBytes,
        Func<Message, int, PayloadTarget>? choose,
        CancellationToken cancellationToken)
    {
        PayloadTarget target = choose?.Invoke(message, payloadBytes) ?? PayloadTarget.Pooled;
        if (target.IsDiscarded)
        {
            await DiscardAsync(payloadBytes, cancellationToken).ConfigureAwait(false);
            return new ReceivedMessage(message, payload: null, payloadBytes) { HeaderCharge = headerCharge };
        }

        if (target.Destination is { } given)
        {
            await FillAsync(given[..payloadBytes], cancellationToken).ConfigureAwait(false);
            return new ReceivedMessage(message, payload: null, payloadBytes) { HeaderCharge = headerCharge };
        }

        ReceiveCharge? charge = Share is { } share
            ? await WaitForMemoryAsync(share.TakePayloadAsync(payloadBytes, cancellationToken)).ConfigureAwait(false)
            : null;
        Payload? payload = null;
        try
        {
            PayloadPool source = pool.ForReceiving(payloadBytes);
            payload = source.TryRent(payloadBytes)
                ?? await WaitForMemoryAsync(source.RentAsync(payloadBytes, cancellationToken)).ConfigureAwait(false);
            await FillAsync(payload.Memory, cancellationToken).ConfigureAwait(false);
            return new ReceivedMessage(message, payload, payloadBytes)
            {
                HeaderCharge = headerCharge,
                PayloadCharge = charge
            };
        }
        catch
        {
            payload?.Dispose();
            charge?.Dispose();
            throw;
        }
    }

    /// <summary>
    /// This side causes a wait for memory, so the wait does not count as a stall or as idleness of the other side.
    /// </summary>
    private async ValueTask<T> WaitForMemoryAsync<T>(ValueTask<T> taking)
    {
        if (taking.IsCompleted)
        {
            return await taking.ConfigureAwait(false);
        }

        reading.Stop();
        isWaitingForMemory = true;
        try
        {
            return await taking.ConfigureAwait(false);
        }
        finally
        {
            isWaitingForMemory = false;
            reading.Start();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FillAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        int buffered = Math.Min(count, destination.Length);
        buffer.AsSpan(start, buffered).CopyTo(destination.Span);
        Consume(buffered);
        for (int filled = buffered; filled < destination.Length;)
        {
            int received = await connection.ReceiveAsync(
                destination[filled..], cancellationToken).ConfigureAwait(false);
            filled += received > 0 ? received : throw ClosedInside();
            reading.Add(received);
        }
    }

    private async ValueTask DiscardAsync(int payloadBytes, CancellationToken cancellationToken)
    {
        for (int left = payloadBytes; left > 0;)
        {
            if (count == 0)
            {
                await ReceiveAsync(isEndAllowed: false, cancellationToken).ConfigureAwait(false);
            }

            int discarded = Math.Min(count, left);
            Consume(discarded);
            left -= discarded;
        }
    }

    /// <summary>
    /// Receives some bytes behind those in the buffer; false at the end of the stream if an end is allowed here.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> ReceiveAsync(bool isEndAllowed, CancellationToken cancellationToken)
    {
        if (start + count == buffer.Length)
        {
            MakeRoom();
        }

        int received = await connection.ReceiveAsync(
            buffer.AsMemory(start + count), cancellationToken).ConfigureAwait(false);
        if (received == 0)
        {
            return isEndAllowed ? false : throw ClosedInside();
        }

        count += received;
        reading.Add(received);
        return true;
    }

    /// <summary>
    /// Moves the remaining bytes to the front. A header longer than the buffer gets a larger buffer; the
    /// limit on headers bounds it.
    /// </summary>
    private void MakeRoom()
    {
        byte[] larger = count == buffer.Length ? new byte[buffer.Length * 2] : buffer;
        buffer.AsSpan(start, count).CopyTo(larger);
        buffer = larger;
        start = 0;
    }

    private void Consume(int bytes)
    {
        start += bytes;
        count -= bytes;
        if (count == 0)
        {
            start = 0;
            buffer = buffer.Length > BufferBytes ? new byte[BufferBytes] : buffer;
        }
    }

    private static DfssException ClosedInside() =>
        new(DfssErrorCode.PeerUnreachable, "The other side closed the connection in the middle of a message.");
}
