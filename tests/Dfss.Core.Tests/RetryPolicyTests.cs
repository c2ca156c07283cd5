using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests;

/// <summary>When an operation that failed is tried again.</summary>
public sealed class RetryPolicyTests
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(200);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Pauses_double_up_to_a_limit_and_have_half_of_themselves_as_jitter_either_way()
    {
        RetryPolicy policy = RetryPolicy.PutChunk(First);
        double[] longest = [0.2, 0.4, 0.8, 1.6, 3.2, 5, 5];
        for (int i = 0; i < longest.Length; i++)
        {
            TimeSpan[] pauses = [.. Enumerable.Range(0, 20).Select(_ => policy.PauseAfter(failures: i + 1))];
            Assert.All(pauses, pause => Assert.InRange(pause.TotalSeconds, longest[i] / 2, longest[i] * 1.5));
            Assert.True(pauses.Distinct().Count() > 1, "The pauses have no jitter.");
        }

        Assert.InRange(RetryPolicy.BackgroundWork(TimeSpan.FromHours(1)).PauseAfter(int.MaxValue).TotalHours, 0.5, 1.5);
    }

    [Theory]
    [InlineData(DfssErrorCode.PeerUnreachable, 5, 3, 3)]
    [InlineData(DfssErrorCode.ChunkCorrupt, 5, 1, 3)]
    [InlineData(DfssErrorCode.ChunkNotFound, 5, 1, 1)]
    [InlineData(DfssErrorCode.StoreFull, 1, 1, 1)]
    public async Task Each_operation_on_a_chunk_has_its_attempts(
        DfssErrorCode code, int readChunk, int readCopy, int putChunk)
    {
        List<Exception> retried = [];
        Assert.Equal(readChunk, await CountAsync(RetryPolicy.ReadChunk(5, First, retried.Add), code));
        Assert.Equal(readChunk - 1, retried.Count);
        Assert.Equal(readCopy, await CountAsync(RetryPolicy.ReadCopy(First), code));
        Assert.Equal(putChunk, await CountAsync(RetryPolicy.PutChunk(First), code));
        Assert.Equal(1, await CountAsync(RetryPolicy.ReadChunk(1, First, retried.Add), code));
    }

    [Fact]
    public async Task A_busy_peer_is_tried_four_times_and_another_failure_of_it_once()
    {
        Assert.Equal(4, await CountAsync(RetryPolicy.BusyPeer, DfssErrorCode.PeerBusy));
        Assert.Equal(1, await CountAsync(RetryPolicy.BusyPeer, DfssErrorCode.PeerUnreachable));
    }

    private static async Task<int> CountAsync(RetryPolicy policy, DfssErrorCode code)
    {
        FakeTimeProvider clock = new();
        int attempts = 0;
        Task running = policy.Build(clock).ExecuteAsync(
            _ =>
            {
                attempts++;
                return ValueTask.FromException(new DfssException(code, "no"));
            },
            Token).AsTask();
        while (!running.IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(10));
            await Task.Yield();
        }

        Assert.Equal(code, (await Assert.ThrowsAsync<DfssException>(() => running)).Code);
        return attempts;
    }
}
