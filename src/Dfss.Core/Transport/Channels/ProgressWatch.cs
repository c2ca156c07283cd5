namespace Dfss.Transport;

/// <summary>
/// Tells a slow frame from a dead one, in one direction. Within a frame at least one byte must move in every
/// <see cref="ChannelOptions.StallLimit"/>, and the average over every <see cref="ChannelOptions.RateWindow"/> must
/// reach the minimum rate. A timer calls it; safe for concurrent use.
/// </summary>
internal sealed class ProgressWatch(ChannelOptions options)
{
    private readonly Lock gate = new();
    private bool isActive;
    private long lastByte;
    private long windowStart;
    private long windowBytes;

    /// <summary>When a byte moved last, as the clock's timestamp; 0 for never.</summary>
    public long LastByte
    {
        get
        {
            lock (gate)
            {
                return lastByte;
            }
        }
    }

    /// <summary>A frame begins, or continues after <see cref="Stop"/>.</summary>
    public void Start()
    {
        lock (gate)
        {
            isActive = true;
            lastByte = windowStart = options.TimeProvider.GetTimestamp();
            windowBytes = 0;
        }
    }

    /// <summary>Bytes have moved.</summary>
    public void Add(int bytes)
    {
        lock (gate)
        {
            lastByte = options.TimeProvider.GetTimestamp();
            windowBytes += bytes;
        }
    }

    /// <summary>The frame is complete, or waits for memory of this side.</summary>
    public void Stop()
    {
        lock (gate)
        {
            isActive = false;
        }
    }

    /// <summary>Why the channel must give up the frame under way; null while it makes enough progress.</summary>
    public string? FindStall()
    {
        lock (gate)
        {
            if (!isActive)
            {
                return null;
            }

            TimeProvider clock = options.TimeProvider;
            if (clock.GetElapsedTime(lastByte) >= options.StallLimit)
            {
                return $"not a byte moved inside a frame for {options.StallLimit.TotalSeconds:0} s";
            }

            TimeSpan window = clock.GetElapsedTime(windowStart);
            if (window < options.RateWindow)
            {
                return null;
            }

            if (windowBytes < options.MinBytesPerSecond * window.TotalSeconds)
            {
                return $"only {windowBytes} bytes of a frame moved in {window.TotalSeconds:0} s";
            }

            windowStart = clock.GetTimestamp();
            windowBytes = 0;
            return null;
        }
    }
}
