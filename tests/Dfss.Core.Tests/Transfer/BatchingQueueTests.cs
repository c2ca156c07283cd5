using System.Collections.Concurrent;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

public sealed partial class BatchingQueueTests : IDisposable
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(60);

    private readonly ConcurrentQueue<string[]> batches = new();
    private readonly SemaphoreSlim arrived = new(0);
    private TaskCompletionSource hold = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Func<string, DfssException?> failure = _ => null;
    private CancellationToken lastToken;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => arrived.Dispose();

    [Fact]
    public async Task Calls_during_a_running_batch_go_together_in_the_next()
    {
        BatchingQueue<string, string> queue = Open(maxItems: 100);
        Task<string> first = await HoldFirstAsync(queue);
        Task<string>[] others = [.. Enumerable.Range(0, 20).Select(i => queue.AskAsync($"{i}", Token).AsTask())];
        hold.SetResult();

        Assert.Equal("first!", await first.WaitAsync(TimeLimit, Token));
        Assert.Equal(
            Enumerable.Range(0, 20).Select(i => $"{i}!"), await Task.WhenAll(others).WaitAsync(TimeLimit, Token));
        Assert.Equal([1, 20], batches.Select(batch => batch.Length));
    }

    [Fact]
    public async Task A_batch_has_no_more_items_or_bytes_than_its_limits_but_for_a_single_one()
    {
        BatchingQueue<string, string> queue = Open(maxItems: 3, maxBytes: 10);
        Task<string> first = await HoldFirstAsync(queue);
        string[] requests = ["a", "b", "c", "d", "four", "fours", "six", new('x', 40), "end"];
        Task<string>[] others = [.. requests.Select(request => queue.AskAsync(request, Token).AsTask())];
        hold.SetResult();

        await Task.WhenAll([first, .. others]).WaitAsync(TimeLimit, Token);
        Assert.Equal(
            ["first", "a b c", "d four fours", "six", new('x', 40), "end"],
            batches.Select(batch => string.Join(' ', batch)));
    }

    [Fact]
    public async Task What_may_stand_only_once_in_a_batch_waits_for_the_next()
    {
        BatchingQueue<string, string> queue = Open(maxItems: 100, nameOf: request => request[..1]);
        Task<string> first = await HoldFirstAsync(queue);
        Task<string>[] others =
            [.. new[] { "a1", "b1", "a2", "c1" }.Select(request => queue.AskAsync(request, Token).AsTask())];
        hold.SetResult();

        await Task.WhenAll([first, .. others]).WaitAsync(TimeLimit, Token);
        Assert.Equal(["first", "a1 b1", "a2 c1"], batches.Select(batch => string.Join(' ', batch)));
    }

    [Fact]
    public async Task Disposing_waits_for_the_batch_under_way()
    {
        BatchingQueue<string, string> queue = Open(maxItems: 100);
        Task<string> first = await HoldFirstAsync(queue);
        Task disposing = queue.DisposeAsync().AsTask();
        Assert.False(disposing.IsCompleted);
        hold.SetResult();
        await disposing.WaitAsync(TimeLimit, Token);
        Assert.Equal("first!", await first.WaitAsync(TimeLimit, Token));
    }

    [Fact]
    public async Task A_caller_that_gives_up_while_it_waits_is_not_asked_for()
    {
        BatchingQueue<string, string> queue = Open(maxItems: 100);
        Task<string> first = await HoldFirstAsync(queue);
        using CancellationTokenSource gone = new();
        Task<string> stays = queue.AskAsync("stays", Token).AsTask();
        Task<string> leaves = queue.AskAsync("leaves", gone.Token).AsTask();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaves.WaitAsync(TimeLimit, Token));
        hold.SetResult();

        await Task.WhenAll(first, stays).WaitAsync(TimeLimit, Token);
        Assert.Equal(["first", "stays"], batches.Select(batch => string.Join(' ', batch)));
    }

    [Fact]
    public async Task A_caller_that_gives_up_during_the_batch_leaves_the_others_theirs()
    {
        BatchingQueue<string, string> queue = Open(maxItems: 100);
        Task<string> first = await HoldFirstAsync(queue);
        using CancellationTokenSource gone = new();
        Task<string> stays = queue.AskAsync("stays", Token).AsTask();
        Task<string> leaves = queue.AskAsync("leaves", gone.Token).AsTask();
        TaskCompletionSource second = Next();
        await first.WaitAsync(TimeLimit, Token);
        await arrived.WaitAsync(TimeLimit, Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaves.WaitAsync(TimeLimit, Token));
        Assert.False(lastToken.IsCancellationRequested);
        second.SetResult();
        Assert.Equal("stays!", await stays.WaitAsync(TimeLimit, Token));
    }

    [Fact]
    public async Task A_batch_without_a_waiting_caller_is_cancelled_and_the_next_goes_on()
    {
        BatchingQueue<string, string> queue = Open(maxItems: 100);
        using CancellationTokenSource gone = new();
        Task<string> first = queue.AskAsync("first", gone.Token).AsTask();
        await arrived.WaitAsync(TimeLimit, Token);
        Task<string> next = queue.AskAsync("next", Token).AsTask();

        // Nothing but the cancellation ends the first: it is held permanently.
        TaskCompletionSource held = hold;
        hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        hold.SetResult();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.WaitAsync(TimeLimit, Token));
        Assert.Equal("next!", await next.WaitAsync(TimeLimit, Token));
        Assert.False(held.Task.IsCompleted);
    }

    [Fact]
    public async Task Every_one_of_many_callers_gets_its_own_answer()
    {
        hold.SetResult();
        BatchingQueue<string, string> queue = Open(maxItems: 7);
        await Parallel.ForAsync(
            0, 5000, new ParallelOptions { MaxDegreeOfParallelism = 64, CancellationToken = Token }, async (i, token) =>
                Assert.Equal($"{i}!", await queue.AskAsync($"{i}", token)));
        Assert.All(batches, batch => Assert.InRange(batch.Length, 1, 7));
    }

    private BatchingQueue<string, string> Open(
        int maxItems, long maxBytes = 1000, Func<string, string>? nameOf = null) =>
        new(AnswerAsync, new BatchLimits(maxItems, maxBytes), request => request.Length, nameOf);

    /// <summary>Asks once, and returns when that batch is under way; it ends with <see cref="hold"/>.</summary>
    private async Task<Task<string>> HoldFirstAsync(BatchingQueue<string, string> queue)
    {
        Task<string> first = queue.AskAsync("first", Token).AsTask();
        await arrived.WaitAsync(TimeLimit, Token);
        return first;
    }

    /// <summary>Lets the batch under way end, and holds the next.</summary>
    private TaskCompletionSource Next()
    {
        TaskCompletionSource now = hold;
        TaskCompletionSource next = new(TaskCreationOptions.RunContinuationsAsynchronously);
        hold = next;
        now.SetResult();
        return next;
    }

    private async ValueTask<IReadOnlyList<string>> AnswerAsync(
        IReadOnlyList<string> requests, CancellationToken cancellationToken)
    {
        lastToken = cancellationToken;
        batches.Enqueue([.. requests]);
        Task held = hold.Task;
        arrived.Release();
        await held.WaitAsync(cancellationToken);
        return requests.Select(failure).FirstOrDefault(error => error is not null) is { } error
            ? throw error
            : [.. requests.Select(request => request + "!")];
    }
}
