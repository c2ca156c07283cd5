namespace Dfss;

/// <summary>The state of a peer's background task when the peer was asked.</summary>
public sealed class DfssBackgroundTaskInfo
{
    internal DfssBackgroundTaskInfo(BackgroundTaskInfo task)
    {
        Name = task.Name;
        IsRunning = task.IsRunning;
        FailedSince = task.FailedSince?.LocalDateTime;
        LastSucceeded = task.LastSucceeded?.LocalDateTime;
        LastFailed = task.LastFailed?.LocalDateTime;
        LastError = task.LastError;
        Restarts = task.Restarts;
    }

    /// <summary>The name of the task, for example Garbage collection.</summary>
    public string Name { get; }

    /// <summary>
    /// Whether it works or waits for its next turn; false where it has ended, or waits to be restarted.
    /// </summary>
    public bool IsRunning { get; }

    /// <summary>When it began to fail; null while it works.</summary>
    public DateTime? FailedSince { get; }

    /// <summary>When it last succeeded since the peer started; null before it has.</summary>
    public DateTime? LastSucceeded { get; }

    /// <summary>When it last failed since the peer started; null if it never failed.</summary>
    public DateTime? LastFailed { get; }

    /// <summary>The message of its last failure; null if it never failed.</summary>
    public string? LastError { get; }

    /// <summary>How often it was restarted after a failure since the peer started.</summary>
    public long Restarts { get; }

    /// <summary>The name, and since when it fails.</summary>
    public override string ToString() => FailedSince is { } since ? $"{Name} (failing since {since:g})" : Name;
}
