namespace Dfss.Transfer;

/// <summary>How a peer's store is tidied up.</summary>
public sealed record OptimizeOptions
{
    /// <summary>The options that hold when none are given.</summary>
    public static OptimizeOptions Default { get; } = new();

    /// <summary>
    /// How long a chunk that no file needs is kept after it was last put or asked for; a peer counts from its start at
    /// the earliest. The default is 24 hours: longer than any send is expected to take. A shorter one may cost a send
    /// that is under way the repetition of some chunks, never a file.
    /// </summary>
    public TimeSpan GracePeriod
    {
        get;
        init => field = value >= TimeSpan.Zero
            ? value
            : throw new ArgumentOutOfRangeException(nameof(GracePeriod), value, "A grace period is not negative.");
    } = TimeSpan.FromHours(24);

    /// <summary>Changes nothing, and says what would go.</summary>
    public bool WhatIf { get; init; }
}
