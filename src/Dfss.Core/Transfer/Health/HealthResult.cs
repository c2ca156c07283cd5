namespace Dfss.Transfer;

/// <summary>What a health check found.</summary>
public enum HealthStatus
{
    /// <summary>Nothing is to be done.</summary>
    Ok,

    /// <summary>It could not be found out.</summary>
    Unknown,

    /// <summary>It works, and something is to be done before it no longer does.</summary>
    Warning,

    /// <summary>Something does not work, or data is lost.</summary>
    Error,
}

/// <summary>The result of one health check, of one peer, of one file or of all.</summary>
/// <param name="Check">The name of the check, one of <see cref="HealthChecks.All"/>.</param>
/// <param name="Status">What it found.</param>
/// <param name="Message">What it found, in whole sentences.</param>
public sealed record HealthResult(string Check, HealthStatus Status, string Message)
{
    /// <summary>The peer that it is about; null for a check of files or of all peers.</summary>
    public PeerAddress? Peer { get; init; }

    /// <summary>The name of the file that it is about; null for any other check.</summary>
    public string? Name { get; init; }

    /// <summary>Since when it is as it is; null if that is unknown, or nothing is to be done.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>
    /// The command that repairs it; null if nothing is to be done. A word in capitals, such as PATH, stands for what
    /// only the operator knows.
    /// </summary>
    public string? Command { get; init; }

    /// <summary>How many files were tested; null for a check of a peer.</summary>
    public int? TestedFiles { get; init; }
}

/// <summary>Which health checks are made.</summary>
public sealed record HealthOptions
{
    /// <summary>1,000: under a second of requests on a local network for files of up to some hundred chunks.</summary>
    public const int DefaultFileLimit = 1000;

    /// <summary>The options that hold when none are given: every check.</summary>
    public static HealthOptions Default { get; } = new();

    /// <summary>The names of the checks.</summary>
    public IReadOnlyCollection<string> Checks { get; init; } = HealthChecks.All;

    /// <summary>At most so many files are tested, a random sample of them where there are more; 0: all.</summary>
    public int FileLimit
    {
        get;
        init => field = value >= 0
            ? value
            : throw new ArgumentOutOfRangeException(nameof(FileLimit), value, "A number of files is not negative.");
    } = DefaultFileLimit;
}
