namespace Dfss.Storage.S3;

/// <summary>
/// One request of a store to its engine, with all attempts of the SDK. Its limit of time measures progress: it ends
/// when for <see cref="StallLimit"/> nothing was sent or received, or when it is slower than a line of
/// <see cref="MinBytesPerSecond"/>. The SDK's own limit does not hold for an HTTP client that the SDK did not make.
/// </summary>
internal sealed class EngineRequest : IDisposable
{
    /// <summary>20 s, as between peers: what a system's buffers hold of a chunk is sent in it at 2 Mbit/s.</summary>
    public static readonly TimeSpan StallLimit = TimeSpan.FromSeconds(20);

    /// <summary>16 KiB/s, as between peers.</summary>
    public const int MinBytesPerSecond = 16 << 10;

    /// <summary>60 s: so much may be used up by attempts that failed.</summary>
    public static readonly TimeSpan RateGrace = TimeSpan.FromSeconds(60);

    private static readonly AsyncLocal<EngineRequest?> Flow = new();

    private readonly TimeProvider clock;
    private readonly Lock gate = new();
    private readonly CancellationTokenSource ending;
    private readonly CancellationTokenRegistration registration;
    private readonly long begun;
    private long movedBytes;
    private bool isTaken;
    private bool isDisposed;

    private EngineRequest(TimeProvider clock, CancellationToken cancellationToken)
    {
        this.clock = clock;
        begun = clock.GetTimestamp();
        ending = new CancellationTokenSource(StallLimit, clock);
        registration = cancellationToken.UnsafeRegister(source => ((CancellationTokenSource)source!).Cancel(), ending);
    }

    /// <summary>The request that the caller's asynchronous flow is in; null outside of one.</summary>
    public static EngineRequest? Current => Flow.Value;

    /// <summary>Is cancelled when the request makes no progress, and with the caller's token.</summary>
    public CancellationToken Token => ending.Token;

    /// <summary>The body of the last answer.</summary>
    public ReadOnlyMemory<byte> Body { get; set; }

    /// <summary>Begins a request: what is called from now on in this asynchronous flow belongs to it.</summary>
    public static EngineRequest Begin(TimeProvider clock, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        EngineRequest request = new(clock, cancellationToken);
        Flow.Value = request;
        return request;
    }

    /// <summary>Whether the request may be sent; true once.</summary>
    public bool Take()
    {
        lock (gate)
        {
            bool isFree = !isTaken;
            isTaken = true;
            return isFree;
        }
    }

    /// <summary>Notes that the request has got on.</summary>
    /// <param name="bytes">Bytes that were sent or received.</param>
    public void Note(int bytes)
    {
        lock (gate)
        {
            if (isDisposed)
            {
                return;
            }

            movedBytes += bytes;
            TimeSpan left = RateGrace + TimeSpan.FromSeconds((double)movedBytes / MinBytesPerSecond)
                - clock.GetElapsedTime(begun);
            ending.CancelAfter(left < TimeSpan.Zero ? TimeSpan.Zero : left < StallLimit ? left : StallLimit);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        registration.Dispose();
        lock (gate)
        {
            isDisposed = true;
            ending.Dispose();
        }
    }
}
