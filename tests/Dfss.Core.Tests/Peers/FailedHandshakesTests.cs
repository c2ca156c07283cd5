using Dfss.Peers;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Peers;

public class FailedHandshakesTests
{
    private readonly SteppedClock clock = new();
    private readonly FailedHandshakes failures;

    public FailedHandshakesTests() => failures = new FailedHandshakes(clock);

    [Fact]
    public void An_address_with_many_bad_ends_is_begun_with_later_and_no_other()
    {
        Count("bad", FailedHandshakes.Burst);
        Assert.Equal(TimeSpan.Zero, failures.DelayOf("bad"));
        Count("bad", 5);
        Assert.Equal(TimeSpan.FromSeconds(0.5), failures.DelayOf("bad"));
        Count("bad", 1000);
        Assert.Equal(FailedHandshakes.MaxDelay, failures.DelayOf("bad"));

        // However long it went on, it is over soon after it has ended.
        Count("bad", 100_000);
        clock.Advance(FailedHandshakes.MaxDelay);
        Assert.Equal(TimeSpan.Zero, failures.DelayOf("bad"));
        Count("bad", 20);
        Assert.Equal(TimeSpan.Zero, failures.DelayOf("good"));
    }

    [Fact]
    public void What_was_long_ago_is_forgotten()
    {
        Count("bad", FailedHandshakes.Burst + 5);
        clock.Advance(TimeSpan.FromSeconds(0.5));
        Assert.Equal(TimeSpan.Zero, failures.DelayOf("bad"));
        clock.Advance(TimeSpan.FromMinutes(1));
        Count("bad", FailedHandshakes.Burst);
        Assert.Equal(TimeSpan.Zero, failures.DelayOf("bad"));
    }

    [Fact]
    public void A_clock_that_is_set_back_or_ahead_changes_no_delay()
    {
        Count("bad", FailedHandshakes.Burst + 5);
        clock.Step = TimeSpan.FromHours(-1);
        Assert.Equal(TimeSpan.FromSeconds(0.5), failures.DelayOf("bad"));
        clock.Step = TimeSpan.FromDays(365);
        Assert.Equal(TimeSpan.FromSeconds(0.5), failures.DelayOf("bad"));
        clock.Advance(FailedHandshakes.MaxDelay);
        Assert.Equal(TimeSpan.Zero, failures.DelayOf("bad"));
    }

    [Fact]
    public void Thousands_of_addresses_are_not_kept()
    {
        Count("bad", FailedHandshakes.Burst + 5);
        for (int i = 0; i < 10_000; i++)
        {
            Count($"{i}", 1);
        }

        Assert.Equal(TimeSpan.Zero, failures.DelayOf("bad"));
    }

    private void Count(string address, int times)
    {
        for (int i = 0; i < times; i++)
        {
            failures.Count(address);
        }
    }

    /// <summary>A clock that is set: the time of day changes, and monotonic time does not.</summary>
    private sealed class SteppedClock : FakeTimeProvider
    {
        public TimeSpan Step { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Step;

        public override long GetTimestamp() => base.GetUtcNow().Ticks;
    }
}
