namespace Dfss;

/// <summary>A snapshot of the state of one kind of background work of a peer.</summary>
/// <param name="Name">The name of the work, for example <c>Garbage collection</c>.</param>
public sealed record BackgroundTaskInfo(string Name)
{
    /// <summary>The name of a peer's scrub.</summary>
    public const string Scrub = "Scrub";

    /// <summary>The name of a peer's garbage collection.</summary>
    public const string Collection = "Garbage collection";

    /// <summary>
    /// Whether the work runs or waits for its next pass. False if it has ended, or waits to be
    /// restarted after a failure.
    /// </summary>
    public bool IsRunning { get; init; }

    /// <summary>When the work began to fail; null while it succeeds.</summary>
    public DateTimeOffset? FailedSince { get; init; }

    /// <summary>The message of the last failure; null if the work never failed.</summary>
    public string? LastError { get; init; }

    /// <summary>When it last succeeded since the peer started; null before it has.</summary>
    public DateTimeOffset? LastSucceeded { get; init; }

    /// <summary>When it last failed since the peer started; null if it never failed.</summary>
    public DateTimeOffset? LastFailed { get; init; }

    /// <summary>How often the work was restarted after a failure since the peer started.</summary>
    public long Restarts { get; init; }
}
