namespace Dfss;

/// <summary>
/// That a peer failed. For a while it is not tried again, or only after the others; then one attempt shows whether it
/// works. So many small files do not each wait for a dead peer, and its return is noticed soon.
/// </summary>
/// <param name="FirstAt">When it failed first, without a success since, as the clock's timestamp.</param>
/// <param name="LastAt">When it failed last, or was last tried.</param>
/// <param name="Length">How long that is remembered.</param>
internal sealed record FailureMemory(long FirstAt, long LastAt, TimeSpan Length)
{
    /// <summary>5 s; also the longest pause of a client between two attempts.</summary>
    public static readonly TimeSpan MaxLength = TimeSpan.FromSeconds(5);

    /// <summary>The memory of a failure now.</summary>
    /// <param name="earlier">That of earlier failures without a success since; null for none.</param>
    /// <param name="clock">Measures the time.</param>
    /// <param name="length">How long it is remembered, at most 5 s; null for 5 s.</param>
    public static FailureMemory Note(FailureMemory? earlier, TimeProvider clock, TimeSpan? length = null)
    {
        long now = clock.GetTimestamp();
        return new FailureMemory(earlier?.FirstAt ?? now, now, length < MaxLength ? length.Value : MaxLength);
    }

    /// <summary>Whether the peer may be tried again.</summary>
    public bool IsOver(TimeProvider clock) => clock.GetElapsedTime(LastAt) >= Length;

    /// <summary>Whether the peer has failed for so long already that it is not a matter of a moment.</summary>
    public bool IsLasting(TimeProvider clock) => clock.GetElapsedTime(FirstAt) >= MaxLength;

    /// <summary>The peer is tried now: until that has shown whether it works, it is not tried a second time.</summary>
    public FailureMemory TriedNow(TimeProvider clock) => this with { LastAt = clock.GetTimestamp() };
}
