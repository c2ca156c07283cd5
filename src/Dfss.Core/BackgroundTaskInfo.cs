namespace Dfss;

/// <summary>How a piece of background work of a peer is getting on, as it was when it was looked at.</summary>
/// <param name="Name">What the work is, for example <c>Garbage collection</c>.</param>
public sealed record BackgroundTaskInfo(string Name)
{
    /// <summary>Whether it works or waits for its next turn. False: it has ended, or waits to be restarted after a failure.</summary>
    public bool IsRunning { get; init; }

    /// <summary>When it began to fail; null while it works.</summary>
    public DateTimeOffset? FailedSince { get; init; }

    /// <summary>What its last failure said; null where it never failed.</summary>
    public string? LastError { get; init; }

    /// <summary>How often it was restarted after a failure since the peer started.</summary>
    public long Restarts { get; init; }
}
