namespace Dfss.Transport;

/// <summary>The limits and the clock of a <see cref="MessageChannel"/>.</summary>
internal sealed record ChannelOptions
{
    public static ChannelOptions Default { get; } = new();

    /// <summary>
    /// The longest body that a new channel reads; by default the limit before hello,
    /// <see cref="DfssLimits.MaxHelloFrameBytes"/>.
    /// </summary>
    public int MaxBodyBytes
    {
        get;
        init => field = value > 0
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MaxBodyBytes), value, "A limit is above 0.");
    } = DfssLimits.MaxHelloFrameBytes;

    /// <summary>
    /// How long a connection may be idle, with no frame begun and no request unanswered; null for
    /// no limit. 120 s by default.
    /// </summary>
    public TimeSpan? IdleLimit { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>
    /// How long a started frame may make no progress. 20 s: TCP has retransmitted five times by then.
    /// </summary>
    public TimeSpan StallLimit { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The time over which <see cref="MinBytesPerSecond"/> is measured, inside a frame.</summary>
    public TimeSpan RateWindow { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A slower frame counts as dead: 16 KiB/s is a tenth of the slowest links in use.</summary>
    public int MinBytesPerSecond { get; init; } = 16 << 10;

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
