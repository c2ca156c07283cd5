using System.Collections.Concurrent;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <content>Whose an error is.</content>
public sealed partial class BatchingQueueTests
{
    [Fact]
    public async Task A_request_that_fails_fails_its_own_caller_and_no_other()
    {
        failure = request => request == "bad" ? new DfssException(DfssErrorCode.InvalidArgument, "bad is bad.") : null;
        BatchingQueue<string, string> queue = Open(maxItems: 100);
        Task<string> first = await HoldFirstAsync(queue);
        Task<string>[] good = [.. Enumerable.Range(0, 9).Select(i => queue.AskAsync($"{i}", Token).AsTask())];
        Task<string> bad = queue.AskAsync("bad", Token).AsTask();
        Task<string>[] later = [.. Enumerable.Range(10, 9).Select(i => queue.AskAsync($"{i}", Token).AsTask())];
        hold.SetResult();

        await Task.WhenAll([first, .. good, .. later]).WaitAsync(TimeLimit, Token);
        DfssException error = await Assert.ThrowsAsync<DfssException>(() => bad.WaitAsync(TimeLimit, Token));
        Assert.Equal((DfssErrorCode.InvalidArgument, "bad is bad."), (error.Code, error.Message));
    }

    [Theory]
    [InlineData(DfssErrorCode.StoreFailed)]
    [InlineData(DfssErrorCode.PeerFault)]
    [InlineData(DfssErrorCode.ProtocolViolation)]
    public async Task Requests_that_fail_as_a_peer_does_fail_their_own_callers_and_no_others(DfssErrorCode code)
    {
        // Also two side by side, and the first two of all.
        int[] bad = [0, 1, 77, 100, 101, 255];
        failure = request => bad.Any(i => request == $"{i}") ? new DfssException(code, $"No {request}.") : null;
        BatchingQueue<string, string> queue = Open(maxItems: 256);
        Task<string> first = await HoldFirstAsync(queue);
        Task<string>[] all = [.. Enumerable.Range(0, 256).Select(i => queue.AskAsync($"{i}", Token).AsTask())];
        hold.SetResult();

        await first.WaitAsync(TimeLimit, Token);
        await Task.WhenAll(all.Select(one => one.ContinueWith(_ => { }, TaskScheduler.Default)))
            .WaitAsync(TimeLimit, Token);
        Assert.Equal(bad, Enumerable.Range(0, 256).Where(i => all[i].IsFaulted));
        Assert.All(
            bad, i => Assert.Equal($"No {i}.", Assert.IsType<DfssException>(all[i].Exception!.InnerException).Message));
    }

    [Theory]
    [InlineData(DfssErrorCode.StoreFailed)]
    [InlineData(DfssErrorCode.PeerFault)]
    [InlineData(DfssErrorCode.ProtocolViolation)]
    public async Task A_peer_that_fails_everything_is_not_asked_for_each(DfssErrorCode code)
    {
        failure = request => request == "first" ? null : new DfssException(code, "It is broken.");
        BatchingQueue<string, string> queue = Open(maxItems: 256);
        Task<string> first = await HoldFirstAsync(queue);
        Task<string>[] others = [.. Enumerable.Range(0, 256).Select(i => queue.AskAsync($"{i}", Token).AsTask())];
        hold.SetResult();

        await first.WaitAsync(TimeLimit, Token);
        foreach (Task<string> other in others)
        {
            Assert.Equal(code, (await Assert.ThrowsAsync<DfssException>(() => other.WaitAsync(TimeLimit, Token))).Code);
        }

        // Nine halvings down to one, its neighbour, the next pair and its two, and six halves that are left.
        Assert.Equal(1 + 9 + 1 + 3 + 6, batches.Count);
    }

    [Fact]
    public async Task An_error_keeps_its_advice_and_its_chunk()
    {
        ChunkId chunk = ChunkId.Of("chunk"u8);
        failure =
            _ => new DfssException(DfssErrorCode.StoreFailed, "The disk failed.", "Check it.") { ChunkId = chunk };
        hold.SetResult();
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            async () => await Open(maxItems: 100).AskAsync("any", Token).AsTask().WaitAsync(TimeLimit, Token));
        Assert.Equal(("The disk failed.", "Check it.", chunk), (error.Reason, error.Advice, error.ChunkId));
    }

    [Fact]
    public async Task Too_few_answers_fail_the_callers_and_the_next_batch_is_asked()
    {
        bool isShort = true;
        BatchingQueue<int, int> queue = new(
            (requests, _) => new ValueTask<IReadOnlyList<int>>([.. requests.Skip(isShort ? 1 : 0)]),
            new BatchLimits(10, 100), _ => 1);
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => queue.AskAsync(1, Token).AsTask().WaitAsync(TimeLimit, Token));
        isShort = false;
        Assert.Equal(2, await queue.AskAsync(2, Token).AsTask().WaitAsync(TimeLimit, Token));
    }

    [Fact]
    public async Task The_failure_of_a_batch_without_callers_does_not_go_unobserved()
    {
        string mark = Guid.NewGuid().ToString();
        ConcurrentQueue<string> unobserved = new();
        EventHandler<UnobservedTaskExceptionEventArgs> note = (_, e) => unobserved.Enqueue(e.Exception.ToString());
        TaskScheduler.UnobservedTaskException += note;
        try
        {
            // Several: the last may still be held by what ran last.
            for (int i = 0; i < 10; i++)
            {
                await AskAndLeaveAsync(mark);
            }

            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= note;
        }

        Assert.DoesNotContain(unobserved, error => error.Contains(mark, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(DfssErrorCode.PeerUnreachable)]
    [InlineData(DfssErrorCode.TimedOut)]
    [InlineData(DfssErrorCode.StoreFull)]
    [InlineData(DfssErrorCode.UnknownOperation)]
    [InlineData(DfssErrorCode.NotADfssPeer)]
    [InlineData(DfssErrorCode.VersionNotSupported)]
    public async Task A_fault_of_the_peer_fails_all_callers_at_once(DfssErrorCode code)
    {
        failure = request => request == "first" ? null : new DfssException(code, "It is gone.");
        BatchingQueue<string, string> queue = Open(maxItems: 100);
        Task<string> first = await HoldFirstAsync(queue);
        Task<string>[] others = [.. Enumerable.Range(0, 5).Select(i => queue.AskAsync($"{i}", Token).AsTask())];
        hold.SetResult();

        await first.WaitAsync(TimeLimit, Token);
        DfssException[] errors = await Task.WhenAll(others.Select(other =>
            Assert.ThrowsAsync<DfssException>(() => other.WaitAsync(TimeLimit, Token))));
        Assert.All(errors, error => Assert.Equal(code, error.Code));
        Assert.Equal(5, errors.Distinct().Count());
        Assert.Equal([1, 5], batches.Select(batch => batch.Length));
    }

    /// <summary>A batch that fails with the mark once no caller waits for it; all of it is garbage on return.</summary>
    private static async Task AskAndLeaveAsync(string mark)
    {
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using BatchingQueue<int, int> queue = new(
            async (_, token) =>
            {
                asked.SetResult();
                await ((Task)Task.Delay(
                    Timeout.InfiniteTimeSpan, token)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw new DfssException(DfssErrorCode.StoreFailed, mark);
            },
            new BatchLimits(10, 100),
            _ => 1);
        using CancellationTokenSource gone = new();
        Task<int> left = queue.AskAsync(1, gone.Token).AsTask();
        await asked.Task.WaitAsync(TimeLimit, Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left.WaitAsync(TimeLimit, Token));
    }
}
