using Dfss.Transfer;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Transfer;

public class ChunkBuffersTests
{
    private const int Mebi = 1 << 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_more_chunks_are_in_flight_than_the_limit_however_many_ask()
    {
        ChunkBuffers buffers = new(new PayloadPool(16 * Mebi), limit: 3);
        int inFlight = 0;
        int most = 0;
        await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => Task.Run(async () =>
        {
            using ChunkBuffer buffer = await buffers.RentAsync(100, Token);
            InterlockedMax(ref most, Interlocked.Increment(ref inFlight));
            await Task.Yield();
            Interlocked.Decrement(ref inFlight);
        })));
        Assert.InRange(most, 1, 3);
    }

    [Fact]
    public async Task A_buffer_given_back_makes_room_for_one()
    {
        ChunkBuffers buffers = new(new PayloadPool(16 * Mebi), limit: 1);
        ChunkBuffer first = await buffers.RentAsync(100, Token);
        Task<ChunkBuffer> second = buffers.RentAsync(100, Token).AsTask();
        Assert.False(second.IsCompleted);
        first.Dispose();
        first.Dispose();
        using ChunkBuffer taken = await second;
        Assert.False(buffers.RentAsync(100, Token).AsTask().IsCompleted);
        Assert.Equal(100, taken.Memory.Length);
    }

    [Fact]
    public async Task A_cancelled_request_returns_its_place_while_memory_is_short()
    {
        PayloadPool pool = new(2 * Mebi);
        ChunkBuffers buffers = new(pool, limit: 1);
        using (await pool.RentAsync(2 * Mebi, Token))
        {
            using CancellationTokenSource cancel = new();
            Task<ChunkBuffer> waiting = buffers.RentAsync(Mebi, cancel.Token).AsTask();
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        }

        (await buffers.RentAsync(Mebi, Token)).Dispose();
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (int seen = Volatile.Read(ref most); value > seen; seen = Volatile.Read(ref most))
        {
            Interlocked.CompareExchange(ref most, value, seen);
        }
    }
}
