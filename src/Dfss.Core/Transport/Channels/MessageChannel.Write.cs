using System.Buffers;
using System.Runtime.CompilerServices;
using Dfss.Protocol;

namespace Dfss.Transport;

/// <content>Writing.</content>
internal sealed partial class MessageChannel
{
    /// <summary>
    /// Payloads up to 8 KiB are copied behind their header: one small copy is cheaper than a second send.
    /// </summary>
    private const int CoalescedBytes = 8 << 10;

    /// <summary>
    /// 256 KiB: the size of one send, so that progress is observed. At the slowest rate allowed a piece takes 16 s,
    /// which is within the stall limit.
    /// </summary>
    private const int PieceBytes = 256 << 10;

    private readonly SemaphoreSlim writeTurn = new(1, 1);
    private readonly FrameBuffer frame = new();

    // Guarded by writeTurn.
    private bool isLastWritten;

    /// <summary>
    /// Sends a message. Once this method returns or throws, the channel no longer uses <paramref name="payload"/>. If
    /// it is cancelled before its turn, nothing was sent and the channel stays usable; if later, the frame is
    /// incomplete and the connection is broken.
    /// </summary>
    /// <param name="message">The message.</param>
    /// <param name="payload">The payload; null for nil, which differs from an empty payload.</param>
    /// <param name="cancellationToken">Cancels the send.</param>
    /// <exception cref="DfssException">
    /// LimitExceeded: the message is too large, and nothing was sent. TimedOut, PeerUnreachable:
    /// the connection is broken.
    /// </exception>
    public ValueTask WriteAsync(Message message, ReadOnlyMemory<byte>? payload, CancellationToken cancellationToken) =>
        WriteAsync(message, payload, isLast: false, cancellationToken);

    /// <summary>
    /// Sends the last message of the connection: writes that wait behind it fail with PeerUnreachable
    /// before they send anything.
    /// </summary>
    public ValueTask WriteLastAsync(Message message, CancellationToken cancellationToken) =>
        WriteAsync(message, payload: null, isLast: true, cancellationToken);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteAsync(
        Message message, ReadOnlyMemory<byte>? payload, bool isLast, CancellationToken cancellationToken)
    {
        await writeTurn.WaitAsync(cancellationToken).ConfigureAwait(false);
        bool isBegun = false;
        try
        {
            if (isLastWritten)
            {
                throw new DfssException(
                    DfssErrorCode.PeerUnreachable, "The last message of this connection has been sent.");
            }

            isLastWritten = isLast;
            ReadOnlyMemory<byte> rest = payload ?? default;
            frame.Clear();
            MessageCodec.EncodeHeader(frame, message, payload?.Length);
            if (rest.Length <= CoalescedBytes)
            {
                frame.Write(rest.Span);
                rest = default;
            }

            frame.Seal(rest.Length);
            cancellationToken.ThrowIfCancellationRequested();
            isBegun = true;
            Count(message);
            writing.Start();
            await SendAsync(frame.Written, rest, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (isBegun)
        {
            connection.Abort();
            if (exception is DfssException failure)
            {
                throw Explain(failure);
            }

            throw;
        }
        finally
        {
            writing.Stop();
            writeTurn.Release();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendAsync(
        ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> rest, CancellationToken cancellationToken)
    {
        int piece = Math.Min(PieceBytes, rest.Length);
        if (rest.IsEmpty)
        {
            await connection.SendAsync(header, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await connection.SendAsync(header, rest[..piece], cancellationToken).ConfigureAwait(false);
        }

        writing.Add(header.Length + piece);
        for (rest = rest[piece..]; !rest.IsEmpty; rest = rest[piece..])
        {
            piece = Math.Min(PieceBytes, rest.Length);
            await connection.SendAsync(rest[..piece], cancellationToken).ConfigureAwait(false);
            writing.Add(piece);
        }
    }
}
