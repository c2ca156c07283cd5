using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests;

/// <summary>Background work: a failure never ends it, is logged and shown, and the pauses grow to their cap.</summary>
public sealed class BackgroundTaskTests
{
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(60);

    private readonly WaitClock clock = new();
    private readonly ConcurrentQueue<string> log = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_unexpected_exception_is_logged_with_its_stack_and_the_work_restarts_after_growing_pauses()
    {
        BackgroundTask task = new("Work", MaxPause, clock, log.Enqueue);
        int passes = 0;
        DateTimeOffset began = clock.GetUtcNow();
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task running = task.RunAsync(Pass, firstWait: TimeSpan.Zero, stop.Token);
        List<double> pauses = [];
        for (int i = 0; i < 12; i++)
        {
            // 1, 2, 4, ... 60 s, and half of that more or less.
            TimeSpan pause = await clock.NextWaitAsync();
            Assert.Equal((i + 1, false), (passes, task.State.IsRunning));
            double average = Math.Min(Math.Pow(2, i), MaxPause.TotalSeconds);
            Assert.InRange(pause.TotalSeconds, average / 2, average * 1.5);
            pauses.Add(pause.TotalSeconds);
            clock.Advance(pause);
        }

        await clock.NextWaitAsync();
        Assert.True(pauses.TakeLast(5).Distinct().Count() > 1, "The pauses have no jitter.");
        string line = Assert.Single(log);
        Assert.StartsWith(
            "Work failed and will be tried again: System.InvalidOperationException: broken", line,
            StringComparison.Ordinal);
        Assert.Contains(nameof(BackgroundTaskTests), line, StringComparison.Ordinal);
        BackgroundTaskInfo state = task.State;
        Assert.Equal((true, "broken", began), (task.IsFailing, state.LastError, state.FailedSince));
        await stop.CancelAsync();
        await running;
        Assert.False(task.State.IsRunning);

        Task<TimeSpan?> Pass(CancellationToken cancellationToken)
        {
            passes++;
            throw new InvalidOperationException("broken");
        }
    }

    [Fact]
    public async Task A_pass_that_succeeds_ends_the_failure_and_the_next_failure_begins_with_a_short_pause()
    {
        BackgroundTask task = new("Work", MaxPause, clock, log.Enqueue);
        int passes = 0;
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task running = task.RunAsync(
            _ => ++passes == 3
                ? Task.FromResult<TimeSpan?>(TimeSpan.FromHours(1))
                : throw new DfssException(DfssErrorCode.StoreFailed, "The disk is bad."),
            firstWait: TimeSpan.FromSeconds(5),
            stop.Token);
        Assert.Equal(TimeSpan.FromSeconds(5), await AdvanceAsync());
        await AdvanceAsync();
        await AdvanceAsync();
        Assert.Equal(TimeSpan.FromHours(1), await clock.NextWaitAsync());
        Assert.Equal(3, passes);
        Assert.Equal(["Work failed and will be tried again: The disk is bad.", "Work works again."], log);
        Assert.Equal(
            (null, "The disk is bad.", 2, true),
            (task.State.FailedSince, task.State.LastError, task.State.Restarts, task.State.IsRunning));
        clock.Advance(TimeSpan.FromHours(1));
        Assert.InRange(await clock.NextWaitAsync(), TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(1.5));
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task A_log_that_throws_and_an_exception_of_cancellation_that_no_one_asked_for_end_nothing()
    {
        int passes = 0, lines = 0;
        BackgroundTask task = new(
            "Work", MaxPause, clock, line => throw new InvalidOperationException($"no log {lines++}: {line}"));
        Task running = task.RunAsync(
            _ => ++passes < 3
                ? throw new OperationCanceledException($"pass {passes}")
                : Task.FromResult<TimeSpan?>(null),
            firstWait: TimeSpan.Zero,
            Token);
        await AdvanceAsync();
        await AdvanceAsync();
        await running.WaitAsync(Token);
        Assert.Equal((3, 2), (passes, lines));
        Assert.Equal((false, null), (task.State.IsRunning, task.State.FailedSince));
    }

    [Fact]
    public void What_a_log_lost_is_said_with_the_next_line_that_it_takes()
    {
        bool isBroken = true;
        Action<string> write = GuardedLog.Guard(line =>
        {
            if (isBroken)
            {
                throw new IOException("no space");
            }

            log.Enqueue(line);
        })!;
        write("a");
        write("b");
        isBroken = false;
        write("c");
        write("d");
        Assert.Equal(["c (2 lines before were lost: no space)", "d"], log);
    }

    /// <summary>Lets the next wait of the work pass.</summary>
    private async Task<TimeSpan> AdvanceAsync()
    {
        TimeSpan wait = await clock.NextWaitAsync();
        clock.Advance(wait);
        return wait;
    }

    /// <summary>A clock that says what is waited for.</summary>
    private sealed class WaitClock : FakeTimeProvider
    {
        private readonly Channel<TimeSpan> waits = Channel.CreateUnbounded<TimeSpan>();

        public ValueTask<TimeSpan> NextWaitAsync() => waits.Reader.ReadAsync(Token);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            ITimer timer = base.CreateTimer(callback, state, dueTime, period);
            Assert.True(waits.Writer.TryWrite(dueTime));
            return timer;
        }
    }
}
