namespace Dfss.Transfer;

/// <summary>
/// One version of a stored file as a stream that is read and sought: only the chunks that are read are fetched, and,
/// while it is read in order, the next ones. For one reader at a time, as every stream.
/// </summary>
/// <param name="content">The file.</param>
/// <param name="client">The client that ends with the stream; null where it goes on.</param>
internal sealed class StoredFileStream(StoredContent content, DfssClient? client) : Stream
{
    private readonly ChunkCache chunks = new(content);
    private long position;
    private bool isDisposed;

    /// <inheritdoc/>
    public override bool CanRead => !isDisposed;

    /// <inheritdoc/>
    public override bool CanSeek => !isDisposed;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length
    {
        get
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            return content.Length;
        }
    }

    /// <inheritdoc/>
    public override long Position
    {
        get
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            return position;
        }

        set
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            position = value;
        }
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin)
    {
        long start = origin switch
        {
            SeekOrigin.Begin => 0,
            SeekOrigin.Current => Position,
            SeekOrigin.End => Length,
            _ => throw new ArgumentOutOfRangeException(nameof(origin)),
        };
        if (start + offset < 0)
        {
            throw new IOException("A position before the start of the file is asked for.");
        }

        return Position = start + offset;
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return HasRest(buffer.Length)
            ? Take(await chunks.GetAsync(Index, cancellationToken).ConfigureAwait(false), buffer.Span)
            : 0;
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Read(buffer.AsSpan(offset, count));
    }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        if (!HasRest(buffer.Length))
        {
            return 0;
        }

        ValueTask<ReadOnlyMemory<byte>> chunk = chunks.GetAsync(Index, CancellationToken.None);
        return Take(
            chunk.IsCompleted ? chunk.GetAwaiter().GetResult() : chunk.AsTask().GetAwaiter().GetResult(), buffer);
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override void SetLength(long value) => throw ReadOnly();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw ReadOnly();

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (!isDisposed)
        {
            isDisposed = true;
            await chunks.DisposeAsync().ConfigureAwait(false);
            if (client is not null)
            {
                await client.DisposeAsync().ConfigureAwait(false);
            }
        }

        await base.DisposeAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !isDisposed)
        {
            DisposeAsync().AsTask().GetAwaiter().GetResult();
        }

        base.Dispose(disposing);
    }

    private int Index => (int)(position / content.ChunkSize);

    private bool HasRest(int wanted)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        return position < content.Length && wanted > 0;
    }

    private int Take(ReadOnlyMemory<byte> chunk, Span<byte> buffer)
    {
        ReadOnlySpan<byte> rest = chunk.Span[(int)(position % content.ChunkSize)..];
        int count = Math.Min(rest.Length, buffer.Length);
        rest[..count].CopyTo(buffer);
        position += count;
        return count;
    }

    private static NotSupportedException ReadOnly() => new("A stored file is read, not written, as a stream.");
}
