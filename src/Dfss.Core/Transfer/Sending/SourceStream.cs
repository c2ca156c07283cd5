using System.Security.Cryptography;

namespace Dfss.Transfer;

/// <summary>A stream that is sent: read once, in order, to its end.</summary>
internal sealed class SourceStream : ISendSource
{
    /// <summary>16 MiB: the memory of one send's usual chunks in flight.</summary>
    internal const int MaxHeldBytes = 16 << 20;

    private readonly Stream stream;

    /// <summary>64 KiB of its own: a read that does not end when it is cancelled is left behind, and writes
    /// here.</summary>
    private readonly byte[] block = new byte[DfssLimits.MinChunkSize];

    private SourceStream(Stream stream, string name, long? length, TimeProvider clock)
    {
        this.stream = stream;
        Path = name;
        KnownLength = length;
        Modified = UnixTime.FromDateTime(clock.GetUtcNow().UtcDateTime);
    }

    /// <summary>The name that it gets.</summary>
    public string Path { get; }

    /// <inheritdoc/>
    public long? KnownLength { get; }

    /// <summary>When it was begun to be sent.</summary>
    public UnixTime Modified { get; }

    /// <summary>None: a receive uses its default.</summary>
    public int? UnixMode => null;

    /// <summary>Begins with a stream where it is. One that is to be encrypted, and whose length is not known, is read
    /// into memory first: each encrypted chunk says how many there are.</summary>
    /// <exception cref="DfssException">InvalidArgument: it is longer than what is held in memory. SourceUnreadable.
    /// </exception>
    public static async Task<SourceStream> OpenAsync(
        Stream stream, string name, bool needsLength, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (stream.CanSeek)
        {
            try
            {
                return new SourceStream(stream, name, Math.Max(0, stream.Length - stream.Position), clock);
            }
            catch (Exception error) when (IsOfStream(error))
            {
                throw Unreadable(name, error);
            }
        }

        SourceStream source = new(stream, name, length: null, clock);
        return needsLength ? await source.HoldAsync(clock, cancellationToken).ConfigureAwait(false) : source;
    }

    /// <summary>Fills memory with the next bytes.</summary>
    /// <returns>How many there were: fewer only at the end.</returns>
    /// <exception cref="DfssException">SourceUnreadable.</exception>
    public async Task<int> ReadNextAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        try
        {
            int done = 0;
            while (done < destination.Length)
            {
                Memory<byte> piece = block.AsMemory(0, Math.Min(block.Length, destination.Length - done));
                int read = await stream.ReadAsync(piece, cancellationToken).AsTask().WaitAsync(cancellationToken)
                    .ConfigureAwait(false);
                if (read == 0)
                {
                    break;
                }

                piece[..read].CopyTo(destination[done..]);
                done += read;
            }

            return done;
        }
        catch (Exception error) when (IsOfStream(error))
        {
            throw Unreadable(Path, error);
        }
    }

    /// <summary>The failure of one that has other bytes than its length said.</summary>
    public DfssException Changed() => new(
        DfssErrorCode.SourceChanged, $"The stream for '{Path}' changed its length while it was sent. Nothing was "
            + "committed.",
        "Send it again when no program writes it.");

    /// <summary>What streams of .NET throw: of files and connections, of compressed and encrypted data.</summary>
    private static bool IsOfStream(Exception error) =>
        error is IOException or InvalidDataException or CryptographicException or NotSupportedException
            or ObjectDisposedException;

    private static DfssException Unreadable(string name, Exception error) => new(
        DfssErrorCode.SourceUnreadable,
        $"The stream for '{name}' cannot be read: {error.Message} Nothing was committed.",
        error);

    private async Task<SourceStream> HoldAsync(TimeProvider clock, CancellationToken cancellationToken)
    {
        MemoryStream held = new();
        byte[] next = new byte[DfssLimits.MinChunkSize];
        for (int read = next.Length; read == next.Length;)
        {
            read = await ReadNextAsync(next, cancellationToken).ConfigureAwait(false);
            if (held.Length + read > MaxHeldBytes)
            {
                throw new DfssException(
                    DfssErrorCode.InvalidArgument,
                    $"'{Path}' is to be encrypted, and is a stream of unknown length of more than {MaxHeldBytes >> 20} "
                        + "MiB. Each encrypted chunk says how many there are.",
                    "Write it to a file, and send that.");
            }

            await held.WriteAsync(next.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
        }

        held.Position = 0;
        return new SourceStream(held, Path, held.Length, clock);
    }
}
