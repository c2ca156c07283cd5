namespace Dfss;

/// <summary>
/// A time as file systems keep it: nanoseconds since 1970-01-01 UTC, before that negative. It can be one that no
/// <see cref="DateTime"/> can be.
/// </summary>
/// <param name="Nanoseconds">The nanoseconds since 1970-01-01 UTC.</param>
public readonly record struct UnixTime(Int128 Nanoseconds)
{
    /// <summary>The last millisecond of the year 9999, beyond which many languages have no times.</summary>
    internal const long MaxMilliseconds = 253_402_300_799_999;

    private const long NanosecondsPerMillisecond = 1_000_000;

    /// <summary>
    /// The whole milliseconds since 1970-01-01 UTC, from 0 to the end of the year 9999: a time outside is the nearer
    /// end.
    /// </summary>
    public long Milliseconds => (long)Int128.Clamp(Split(NanosecondsPerMillisecond).Whole, 0, MaxMilliseconds);

    /// <summary>Whether <see cref="Milliseconds"/> is the whole time.</summary>
    internal bool IsMilliseconds => this == FromMilliseconds(Milliseconds);

    /// <summary>The time of milliseconds since 1970-01-01 UTC.</summary>
    public static UnixTime FromMilliseconds(long milliseconds) => new((Int128)milliseconds * NanosecondsPerMillisecond);

    /// <summary>The time of a <see cref="DateTime"/> in UTC.</summary>
    public static UnixTime FromDateTime(DateTime time) =>
        new((Int128)(time - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick);

    /// <summary>In UTC, cut to 100 ns; a time outside the years 1 to 9999 is the nearer end.</summary>
    public DateTime ToDateTime()
    {
        Int128 ticks = Split(TimeSpan.NanosecondsPerTick).Whole;
        return IsTicks(ticks) ? DateTime.UnixEpoch.AddTicks((long)ticks)
            : DateTime.SpecifyKind(ticks < 0 ? DateTime.MinValue : DateTime.MaxValue, DateTimeKind.Utc);
    }

    /// <summary>
    /// In whole units and the nanoseconds after them. A time before 1970 is rounded down too, where the operator /
    /// rounds up.
    /// </summary>
    internal (Int128 Whole, long Remainder) Split(long nanosecondsPerUnit)
    {
        (Int128 whole, Int128 remainder) = Int128.DivRem(Nanoseconds, nanosecondsPerUnit);
        return remainder < 0 ? (whole - 1, (long)remainder + nanosecondsPerUnit) : (whole, (long)remainder);
    }

    private static bool IsTicks(Int128 sinceEpoch) =>
        sinceEpoch >= (DateTime.MinValue - DateTime.UnixEpoch).Ticks
            && sinceEpoch <= (DateTime.MaxValue - DateTime.UnixEpoch).Ticks;
}
