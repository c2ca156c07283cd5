namespace Dfss.Transport;

/// <summary>The limits and the clock of a <see cref="MessageChannel"/>.</summary>
internal sealed record ChannelOptions
{
    public static ChannelOptions Default { get; } = new();

    /// <summary>The longest body read at first. Before hello it is <see cref="DfssLimits.MaxHelloFrameBytes"/>.</summary>
    public int MaxBodyBytes
    {
        get;
        init => field = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(MaxBodyBytes), value, "A limit is above 0.");
    } = DfssLimits.MaxHelloFrameBytes;

    /// <summary>How long a connection may lie idle, with no frame begun and no request unanswered; null for ever. 120 s by default.</summary>
    public TimeSpan? IdleLimit { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>How long a frame begun may stand still. 20 s: TCP has tried again five times by then.</summary>
    public TimeSpan StallLimit { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The time over which <see cref="MinBytesPerSecond"/> is measured, inside a frame.</summary>
    public TimeSpan RateWindow { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Slower than this is dead: 16 KiB/s is a tenth of the slowest links in use.</summary>
    public int MinBytesPerSecond { get; init; } = 16 << 10;

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
