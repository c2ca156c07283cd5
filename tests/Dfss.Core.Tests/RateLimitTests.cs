using Dfss.Transfer;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests;

public sealed class RateLimitTests
{
    private readonly FakeTimeProvider clock = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_waits_until_what_was_granted_before_is_paid_for()
    {
        // Behind the slack of the start, so that it begins empty.
        RateLimit limit = new(1000, clock);
        await limit.WaitAsync(250, Token);
        await limit.WaitAsync(2000, Token);
        Task next = limit.WaitAsync(500, Token).AsTask();
        Task last = limit.WaitAsync(1, Token).AsTask();

        clock.Advance(TimeSpan.FromMilliseconds(1999));
        Assert.False(next.IsCompleted);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        await next;
        clock.Advance(TimeSpan.FromMilliseconds(499));
        Assert.False(last.IsCompleted);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        await last;
    }

    [Fact]
    public async Task The_average_holds_over_many_and_idle_time_is_no_credit()
    {
        RateLimit limit = new(1_000_000, clock);
        clock.Advance(TimeSpan.FromHours(1));
        long start = clock.GetTimestamp();
        for (int i = 0; i < 100; i++)
        {
            Task turn = limit.WaitAsync(100_000, Token).AsTask();
            while (!turn.IsCompleted)
            {
                clock.Advance(TimeSpan.FromMilliseconds(1));
            }

            await turn;
        }

        // 99 x 0.1 s are paid before the hundredth goes, less a quarter of a second of slack.
        Assert.InRange(clock.GetElapsedTime(start).TotalSeconds, 9.65, 9.66);
    }

    [Fact]
    public async Task A_cancelled_wait_returns_its_bytes()
    {
        RateLimit limit = new(1000, clock);
        await limit.WaitAsync(1250, Token);
        using CancellationTokenSource stop = new();
        Task given = limit.WaitAsync(1_000_000, stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);

        Task next = limit.WaitAsync(1, Token).AsTask();
        Assert.False(next.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(1));
        await next;
    }

    [Fact]
    public async Task A_cancelled_wait_lets_those_behind_it_move_up()
    {
        RateLimit limit = new(1000, clock);
        await limit.WaitAsync(1250, Token);
        using CancellationTokenSource stop = new();
        Task given = limit.WaitAsync(1_000_000_000, stop.Token).AsTask();
        Task next = limit.WaitAsync(1, Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        Assert.False(next.IsCompleted);
        DateTimeOffset before = clock.GetUtcNow();
        await AdvanceUntilAsync(next);
        Assert.InRange((clock.GetUtcNow() - before).TotalSeconds, 0, 100_000);
    }

    [Fact]
    public async Task What_waits_for_its_turn_is_held_by_a_suspension_and_goes_on_afterwards()
    {
        RateLimit limit = new(1000, clock);
        TransferGate gate = new();
        TransferPace pace = new(limit, gate);
        await limit.WaitAsync(1250, Token);
        int begun = 0;
        Task held = pace.RunAsync(
            async token =>
            {
                begun++;
                await pace.WaitAsync(500, token);
            },
            Token);
        Task other = limit.WaitAsync(1, Token).AsTask();
        gate.Close();
        while (limit.Waiting > 1)
        {
            Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        // Another transfer of the client takes the turn.
        await AdvanceUntilAsync(other);
        clock.Advance(TimeSpan.FromHours(1));
        Assert.False(held.IsCompleted);
        gate.Open();
        await held.WaitAsync(TimeSpan.FromSeconds(60), Token);
        Assert.Equal(2, begun);
    }

    [Fact]
    public async Task A_turn_that_comes_in_the_moment_of_a_suspension_is_not_charged()
    {
        // The suspension comes while the limit looks at the clock to give the turn.
        TransferGate gate = new();
        LookedAtClock looked = new();
        RateLimit limit = new(1000, looked);
        TransferPace pace = new(limit, gate);
        looked.OnLook = gate.Close;
        int begun = 0;
        Task held = pace.RunAsync(
            async token =>
            {
                begun++;
                await pace.WaitAsync(1000, token);
            },
            Token);
        looked.OnLook = null;
        Assert.Equal((1, false), (begun, held.IsCompleted));

        // Its bytes are another transfer's.
        Task other = limit.WaitAsync(1000, Token).AsTask();
        Assert.True(other.IsCompleted);
        limit.BytesPerSecond = null;
        gate.Open();
        await held.WaitAsync(TimeSpan.FromSeconds(60), Token);
        Assert.Equal(2, begun);
    }

    [Fact]
    public async Task A_wait_that_is_already_cancelled_gets_nothing()
    {
        RateLimit limit = new(1000, clock);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => limit.WaitAsync(1, new CancellationToken(canceled: true)).AsTask());
    }

    [Fact]
    public async Task A_change_holds_at_once_also_for_those_that_wait()
    {
        RateLimit limit = new(1, clock);
        await limit.WaitAsync(1_000_000, Token);
        Task faster = limit.WaitAsync(1_000_000_000_000, Token).AsTask();
        Task last = limit.WaitAsync(1000, Token).AsTask();
        limit.BytesPerSecond = 1_000_000;
        Assert.False(faster.IsCompleted);
        await AdvanceUntilAsync(faster);
        Assert.False(last.IsCompleted);
        limit.BytesPerSecond = null;
        await last;
        await limit.WaitAsync(long.MaxValue, Token);

        // What went without a limit is no debt.
        limit.BytesPerSecond = 1000;
        await limit.WaitAsync(500, Token);
        Task next = limit.WaitAsync(1, Token).AsTask();
        Assert.False(next.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(1));
        await next;
        Assert.Throws<ArgumentOutOfRangeException>(() => limit.BytesPerSecond = 0);
    }

    /// <summary>A clock that stands still, and does something at each look.</summary>
    private sealed class LookedAtClock : TimeProvider
    {
        public Action? OnLook { get; set; }

        public override long GetTimestamp()
        {
            OnLook?.Invoke();
            return 0;
        }
    }

    /// <summary>Some time passes, again and again: one that is woken sets its next timer a moment later.</summary>
    private async Task AdvanceUntilAsync(Task task)
    {
        while (!task.IsCompleted)
        {
            Token.ThrowIfCancellationRequested();
            clock.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Yield();
        }

        await task;
    }
}
