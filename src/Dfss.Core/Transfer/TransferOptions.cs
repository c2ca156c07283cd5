namespace Dfss.Transfer;

/// <summary>How a client transfers.</summary>
public sealed record TransferOptions
{
    /// <summary>16: 8 chunks in flight fill a link to one peer, and 16 keep two busy within 16 MiB of memory.</summary>
    public const int DefaultThrottleLimit = 16;

    /// <summary>The options that hold when none are given.</summary>
    public static TransferOptions Default { get; } = new();

    /// <summary>Chunks in flight at one moment over all files and peers of a client, 1-256.</summary>
    public int ThrottleLimit
    {
        get;
        init => field = value is >= 1 and <= 256
            ? value
            : throw new ArgumentOutOfRangeException(
                nameof(ThrottleLimit), value, "The throttle limit is 1 to 256 chunks.");
    } = DefaultThrottleLimit;

    /// <summary>How long connecting to one address may take. 5 s: a SYN and two retransmissions.</summary>
    public TimeSpan ConnectTimeout
    {
        get;
        init => field = value > TimeSpan.Zero
            ? value
            : throw new ArgumentOutOfRangeException(nameof(ConnectTimeout), value, "A time-out is above zero.");
    } = TimeSpan.FromSeconds(5);

    /// <summary>How often a chunk is tried over all its holders before a receive fails.</summary>
    public int MaxAttempts
    {
        get;
        init => field = value is >= 1 and <= 100
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MaxAttempts), value, "Attempts are 1 to 100.");
    } = 5;

    /// <summary>The delay before the second attempt; it doubles with each, with jitter, up to 5 s.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Called, from any thread, with what a user should know though the transfer goes on.</summary>
    public Action<string>? Warning { get; init; }

    /// <summary>Called, from any thread, with what helps to see what is going on.</summary>
    public Action<string>? Verbose { get; init; }

    /// <summary>Called, from any thread, with each request to a peer when it has ended; null costs nothing.</summary>
    public Action<string>? Debug { get; init; }

    /// <summary>The clock for time-outs and delays.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}

/// <summary>How one file is sent.</summary>
public sealed record SendOptions
{
    /// <summary>The options that hold when none are given.</summary>
    public static SendOptions Default { get; } = new();

    /// <summary>
    /// The chunk size in bytes; raised (doubled) by itself where the manifest would not fit otherwise.
    /// </summary>
    public int ChunkSize
    {
        get;
        init => field = value is >= DfssLimits.MinChunkSize and <= DfssLimits.MaxChunkSize
            ? value
            : throw new ArgumentOutOfRangeException(nameof(ChunkSize), value, "The chunk size is 64 KiB to 16 MiB.");
    } = DfssLimits.DefaultChunkSize;

    /// <summary>Whether a name that exists is replaced.</summary>
    public bool Force { get; init; }
}

/// <summary>How one file is received.</summary>
public sealed record ReceiveOptions
{
    /// <summary>The options that hold when none are given.</summary>
    public static ReceiveOptions Default { get; } = new();

    /// <summary>Whether an existing destination is replaced.</summary>
    public bool Force { get; init; }

    /// <summary>Whether the file and its name are on stable storage (fsync) when the receive returns.</summary>
    public bool Durable { get; init; }
}
