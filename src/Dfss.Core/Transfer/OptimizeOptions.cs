namespace Dfss.Transfer;

/// <summary>How a peer's store is optimized.</summary>
public sealed record OptimizeOptions
{
    /// <summary>The options that hold when none are given.</summary>
    public static OptimizeOptions Default { get; } = new();

    /// <summary>
    /// How long a chunk that no file needs is kept after it was last put or asked for; a peer counts from its start at
    /// the earliest. The default is 24 hours: longer than any send is expected to take. With a shorter one, a send that
    /// is under way may have to repeat some chunks; no file is lost.
    /// </summary>
    public TimeSpan GracePeriod
    {
        get;
        init => field = value >= TimeSpan.Zero
            ? value
            : throw new ArgumentOutOfRangeException(nameof(GracePeriod), value, "A grace period is not negative.");
    } = TimeSpan.FromHours(24);

    /// <summary>Changes nothing, and reports what would be deleted.</summary>
    public bool WhatIf { get; init; }
}
