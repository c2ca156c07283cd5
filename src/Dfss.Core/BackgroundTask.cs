namespace Dfss;

/// <summary>
/// Background work that runs in passes. A pass that fails, for any reason, is logged and retried after a growing,
/// jittered, capped pause; a failure never ends the work. The state of the work can be read at any time.
/// </summary>
/// <param name="name">The name of the work, for the log and for <see cref="State"/>.</param>
/// <param name="maxPause">The longest pause after a failure, on average: jitter is half of it either way.</param>
/// <param name="clock">The clock of the pauses.</param>
/// <param name="log">
/// Called with a line about each failure of a different kind than the last one logged, once a day about a failure that
/// persists, and about the recovery.
/// </param>
internal sealed class BackgroundTask(string name, TimeSpan maxPause, TimeProvider clock, Action<string>? log)
{
    /// <summary>
    /// One day: a persistent failure does not fill the log, and an operator that reads the log once a week sees it.
    /// </summary>
    private static readonly TimeSpan ReminderInterval = TimeSpan.FromDays(1);

    private readonly Action<string>? log = GuardedLog.Guard(log);
    private readonly RetryPolicy retry = RetryPolicy.BackgroundWork(maxPause);
    private volatile BackgroundTaskInfo state = new(name);
    private volatile TaskCompletionSource sooner = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int failuresInARow;
    private long notedTicks;
    private string? loggedKind;
    private long loggedAt;

    /// <summary>The state of the work.</summary>
    public BackgroundTaskInfo State
    {
        get
        {
            BackgroundTaskInfo now = state;
            return now with { LastSucceeded = LastSuccess(now.LastSucceeded) };
        }
    }

    /// <summary>Whether the last pass failed.</summary>
    public bool IsFailing => state.FailedSince is not null;

    /// <summary>
    /// Runs passes until one returns that there is no more to do, or until the work is stopped. Never throws.
    /// </summary>
    /// <param name="pass">
    /// Runs one pass. It returns how long to wait for the next pass; null if there is no more to do.
    /// </param>
    /// <param name="firstWait">How long to wait before the first pass.</param>
    /// <param name="stopping">Stops the work.</param>
    public async Task RunAsync(
        Func<CancellationToken, Task<TimeSpan?>> pass, TimeSpan firstWait, CancellationToken stopping)
    {
        state = state with { IsRunning = true };
        TimeSpan? wait = firstWait;
        try
        {
            while (wait is { } time)
            {
                // The wait begins before this method first returns, so that a caller that then advances the
                // clock also advances the wait.
                await (time > TimeSpan.Zero ? WaitAsync(time, stopping) : Task.CompletedTask)
                    .ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
                wait = await TryPassAsync(pass, stopping).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The work was stopped.
        }
        finally
        {
            state = state with { IsRunning = false };
        }
    }

    /// <summary>Ends the wait for the next pass; a pass that runs now is followed by another one at once.</summary>
    public void RunSoon() => sooner.TrySetResult();

    /// <summary>Notes that the same work was done at a request, beside the passes: as a success, not more.</summary>
    public void NoteSuccess() => Interlocked.Exchange(ref notedTicks, clock.GetUtcNow().UtcTicks);

    private DateTimeOffset? LastSuccess(DateTimeOffset? ofPasses) =>
        Interlocked.Read(ref notedTicks) is > 0 and long ticks && !(ofPasses?.UtcTicks >= ticks)
            ? new DateTimeOffset(ticks, TimeSpan.Zero)
            : ofPasses;

    private async Task WaitAsync(TimeSpan time, CancellationToken stopping)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        await Task.WhenAny(Task.Delay(time, clock, ended.Token), sooner.Task).ConfigureAwait(false);
        await ended.CancelAsync().ConfigureAwait(false);
        if (sooner.Task.IsCompleted)
        {
            // Before the pass begins: a later call asks for one more.
            sooner = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        stopping.ThrowIfCancellationRequested();
    }

    private async Task<TimeSpan?> TryPassAsync(
        Func<CancellationToken, Task<TimeSpan?>> pass, CancellationToken stopping)
    {
        bool isRestart = IsFailing;
        state = state with { IsRunning = true, Restarts = state.Restarts + (isRestart ? 1 : 0) };
        try
        {
            stopping.ThrowIfCancellationRequested();
            TimeSpan? next = await pass(stopping).ConfigureAwait(false);
            if (isRestart)
            {
                log?.Invoke($"{name} works again.");
            }

            (failuresInARow, loggedKind) = (0, null);
            state = state with { FailedSince = null, LastSucceeded = clock.GetUtcNow() };
            return next;
        }
        catch (Exception error) when (error is not OperationCanceledException || !stopping.IsCancellationRequested)
        {
            // The edge of the work: every failure is logged and shown, and the work continues.
            return Fail(error);
        }
    }

    private TimeSpan Fail(Exception error)
    {
        DateTimeOffset now = clock.GetUtcNow();
        state = state with
        {
            IsRunning = false,
            FailedSince = state.FailedSince ?? now,
            LastFailed = now,
            LastError = error.Message,
        };

        // The kind of failure: its message may differ each time.
        string kind = error is DfssException { Code: { } code } ? $"{code}" : $"{error.GetType()}";
        if (loggedKind != kind || clock.GetElapsedTime(loggedAt) >= ReminderInterval)
        {
            (loggedKind, loggedAt) = (kind, clock.GetTimestamp());

            // An unexpected exception is logged with its stack trace.
            string text = error is DfssException ? error.Message : error.ToString().ReplaceLineEndings(" ");
            log?.Invoke($"{name} failed and will be tried again: {text}");
        }

        return retry.PauseAfter(++failuresInARow);
    }
}
