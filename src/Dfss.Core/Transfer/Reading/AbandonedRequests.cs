using System.Collections.Concurrent;

namespace Dfss.Transfer;

/// <summary>
/// The requests that reads leave behind: those whose answers are not needed any more, and reports of wrong bytes.
/// </summary>
internal sealed class AbandonedRequests(TimeProvider clock) : IAsyncDisposable
{
    /// <summary>1 s without a byte ends the wait for the rest of an answer; sooner would break a connection that only
    /// stutters.</summary>
    private static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(1);

    /// <summary>10 s are the most: a chunk of 16 MiB at 13 Mbit/s.</summary>
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>500 ms for what is under way when the client ends: a Ctrl+C takes a second at most.</summary>
    private static readonly TimeSpan FarewellTime = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<Task, bool> reports = new();
    private readonly ConcurrentDictionary<Task, bool> answers = new();
    private readonly CancellationTokenSource disposed = new();

    /// <summary>Cancelled when the client is disposed and has waited a little.</summary>
    public CancellationToken Stopping => disposed.Token;

    /// <summary>Takes over a report under way, which throws nothing but the exception of its cancellation.</summary>
    public void LeaveReport(Task report) => Keep(reports, report);

    /// <summary>
    /// Takes over a request whose answer is not needed: cancels it at once if that costs nothing. If half of the answer
    /// may have arrived, cancelling would break the connection under other reads; so the rest is awaited while it makes
    /// progress.
    /// </summary>
    public void LeaveAnswer(ChunkRequest question)
    {
        if (question.Length <= BatchingChunkStore.SmallBytes || question.Silence is null)
        {
            question.Cancel();
        }

        Keep(answers, EndAsync(question));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        disposed.CancelAfter(FarewellTime);
        await Task.WhenAll(reports.Keys).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await disposed.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(answers.Keys).ConfigureAwait(false);
        disposed.Dispose();
    }

    private static void Keep(ConcurrentDictionary<Task, bool> tasks, Task task)
    {
        tasks[task] = true;
        task.ContinueWith(
            static (ended, state) => ((ConcurrentDictionary<Task, bool>)state!).TryRemove(ended, out _),
            tasks,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private async Task EndAsync(ChunkRequest question)
    {
        long began = clock.GetTimestamp();
        while (!question.Answer.IsCompleted && !disposed.IsCancellationRequested
            && question.Silence < SilenceLimit && clock.GetElapsedTime(began) < TimeLimit)
        {
            await ((Task)question.Answer).WaitAsync(LookInterval, clock, disposed.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        question.Cancel();
        await ((Task)question.Answer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        question.Dispose();
    }
}
