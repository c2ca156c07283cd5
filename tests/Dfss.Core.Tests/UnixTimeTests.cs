using Xunit;

namespace Dfss.Tests;

/// <summary>Times before 1970, below a millisecond, and outside the calendar.</summary>
public sealed class UnixTimeTests
{
    public static TheoryData<Int128, long, DateTime> Times => new()
    {
        { 0, 0, DateTime.UnixEpoch },
        { 1_999_999, 1, DateTime.UnixEpoch.AddTicks(19_999) },
        { -1, 0, DateTime.UnixEpoch.AddTicks(-1) },
        { -100, 0, DateTime.UnixEpoch.AddTicks(-1) },
        { -101, 0, DateTime.UnixEpoch.AddTicks(-2) },
        { Int128.MinValue, 0, DateTime.MinValue },
        { Int128.MaxValue, UnixTime.MaxMilliseconds, DateTime.MaxValue },
        { 253_402_300_800 * (Int128)1_000_000_000, UnixTime.MaxMilliseconds, DateTime.MaxValue },
    };

    [Theory]
    [MemberData(nameof(Times))]
    public void A_time_is_cut_to_what_a_reader_can_hold(Int128 nanoseconds, long milliseconds, DateTime time)
    {
        UnixTime given = new(nanoseconds);

        Assert.Equal(milliseconds, given.Milliseconds);
        Assert.Equal(time, given.ToDateTime());
        Assert.Equal(DateTimeKind.Utc, given.ToDateTime().Kind);
    }

    [Theory]
    [InlineData(1L)]
    [InlineData(621_355_968_000_000_001L)]
    [InlineData(621_355_967_999_999_999L)]
    [InlineData(3_155_378_975_999_999_999L)]
    public void A_DateTime_comes_back(long ticks)
    {
        DateTime time = new(ticks, DateTimeKind.Utc);

        Assert.Equal(time, UnixTime.FromDateTime(time).ToDateTime());
    }
}
