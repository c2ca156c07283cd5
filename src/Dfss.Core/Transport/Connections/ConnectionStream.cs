using System.Buffers;

namespace Dfss.Transport;

/// <summary>A connection as the stream that TLS needs: asynchronous reads and writes only.</summary>
/// <param name="connection">The connection; the stream does not dispose it.</param>
/// <param name="checkFirst">Called with the first byte received; throws if TLS cannot begin with it.</param>
internal sealed class ConnectionStream(IConnection connection, Action<byte> checkFirst) : Stream
{
    private bool isChecked;
    private byte[]? gathered;
    private int count;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>
    /// Collects what is written from now until <see cref="SendGatheredAsync"/>: TLS writes records of 16 KiB, and a
    /// system call for each would cost as much as the encryption.
    /// </summary>
    /// <param name="capacity">The most bytes that will be written.</param>
    public void Gather(int capacity) => gathered = ArrayPool<byte>.Shared.Rent(capacity);

    /// <summary>Sends the collected bytes in one piece.</summary>
    public async ValueTask SendGatheredAsync(CancellationToken cancellationToken)
    {
        byte[] bytes = gathered!;
        gathered = null;
        try
        {
            await connection.SendAsync(bytes.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            count = 0;
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int received = await connection.ReceiveAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (!isChecked && received > 0)
        {
            checkFirst(buffer.Span[0]);
            isChecked = true;
        }

        return received;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (gathered is not { } room || room.Length - count < buffer.Length)
        {
            return connection.SendAsync(buffer, cancellationToken);
        }

        buffer.CopyTo(room.AsMemory(count));
        count += buffer.Length;
        return ValueTask.CompletedTask;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
        // Only SendGatheredAsync sends collected bytes; all others are sent already.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
