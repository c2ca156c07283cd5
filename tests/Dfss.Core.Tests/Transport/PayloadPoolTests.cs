using CsCheck;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Transport;

public class PayloadPoolTests
{
    private const int Mebi = 1 << 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Memory_that_is_released_is_allocated_again_when_it_is_needed()
    {
        PayloadPool pool = new(DfssLimits.MaxPayloadBytes, DfssLimits.MaxPayloadBytes);
        Payload first = pool.TryRent(100)!;
        pool.Release();
        Assert.Equal(128 << 10, pool.AllocatedBytes);
        first.Dispose();
        pool.Release();
        Assert.Equal(0, pool.AllocatedBytes);
        using Payload second = pool.TryRent(DfssLimits.MaxPayloadBytes)!;
        Assert.Equal(DfssLimits.MaxPayloadBytes, second.Memory.Length);
        Assert.Equal(DfssLimits.MaxPayloadBytes, pool.AllocatedBytes);
    }

    [Fact]
    public async Task A_payload_has_exactly_the_length_asked_for()
    {
        PayloadPool pool = new(16 * Mebi);
        foreach (int length in new[] { 0, 1, 4096, 16384, 16385, Mebi, 16 * Mebi })
        {
            using Payload payload = await pool.RentAsync(length, Token);
            Assert.Equal(length, payload.Memory.Length);
        }
    }

    [Fact]
    public async Task When_the_budget_is_used_up_callers_wait_in_order()
    {
        PayloadPool pool = new(4 * Mebi);
        Payload first = await pool.RentAsync(3 * Mebi, Token);
        Task<Payload> large = pool.RentAsync(2 * Mebi, Token).AsTask();
        Task<Payload> small = pool.RentAsync(1, Token).AsTask();
        Assert.Null(pool.TryRent(1));
        Assert.False(large.IsCompleted || small.IsCompleted);
        first.Dispose();
        using Payload second = await large;
        using Payload third = await small;
        Assert.Equal(1, third.Memory.Length);
    }

    [Fact]
    public async Task A_cancelled_waiter_lets_those_behind_it_go_on()
    {
        PayloadPool pool = new(2 * Mebi);
        using Payload held = await pool.RentAsync(Mebi, Token);
        using CancellationTokenSource cancel = new();
        Task<Payload> large = pool.RentAsync(2 * Mebi, cancel.Token).AsTask();
        Task<Payload> small = pool.RentAsync(Mebi, Token).AsTask();
        Assert.False(small.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
        using Payload served = await small;
    }

    [Fact]
    public async Task Memory_is_used_again_and_never_over_the_budget()
    {
        PayloadPool pool = new(32 * Mebi);
        for (int round = 0; round < 20; round++)
        {
            int size = Mebi << (round % 5);
            List<Payload> rented = [];
            while (pool.TryRent(size) is { } payload)
            {
                rented.Add(payload);
            }

            Assert.Equal(32 * Mebi / size, rented.Count);
            Assert.Equal(32 * Mebi, pool.AllocatedBytes);
            rented.ForEach(payload => payload.Dispose());
            Assert.Equal(0, pool.RentedBytes);
        }

        using Payload one = await pool.RentAsync(1, Token);
        Assert.Equal(32 * Mebi, pool.AllocatedBytes);
    }

    [Fact]
    public void Small_payloads_take_little_memory_and_a_large_one_takes_the_place_of_theirs()
    {
        PayloadPool pool = new(16 * Mebi);
        List<Payload> small = [.. Enumerable.Range(0, 8).Select(_ => pool.TryRent(16 << 10)!)];
        Assert.Equal(128 << 10, pool.AllocatedBytes);
        using (Payload ninth = pool.TryRent(1)!)
        {
            Assert.Equal(256 << 10, pool.AllocatedBytes);
        }

        small.ForEach(payload => payload.Dispose());
        using (Payload large = pool.TryRent(16 * Mebi)!)
        {
            Assert.Equal(16 * Mebi, pool.AllocatedBytes);
        }

        using Payload inside = pool.TryRent(1)!;
        Assert.Equal(16 * Mebi, pool.AllocatedBytes);
    }

    [Fact]
    public async Task Disposing_twice_gives_back_once_and_use_after_that_throws()
    {
        PayloadPool pool = new(2 * Mebi);
        Payload payload = await pool.RentAsync(Mebi, Token);
        payload.Dispose();
        payload.Dispose();
        Assert.Throws<ObjectDisposedException>(() => payload.Memory);
        Assert.Equal(0, pool.RentedBytes);
        using Payload first = await pool.RentAsync(Mebi, Token);
        using Payload second = await pool.RentAsync(Mebi, Token);
        Assert.Null(pool.TryRent(1));
    }

    [Fact]
    public async Task What_can_never_fit_is_refused_at_once() =>
        Assert.Equal(
            DfssErrorCode.LimitExceeded,
            (await Assert.ThrowsAsync<DfssException>(
                async () => await new PayloadPool(Mebi).RentAsync(Mebi + 1, Token))).Code);

    [Fact]
    public void No_two_payloads_share_a_byte()
    {
        Gen.Int[1, 3 * Mebi / 2].Array[1, 60].Sample(
            lengths =>
            {
                PayloadPool pool = new(8 * Mebi);
                List<(Payload Payload, byte Mark)> live = [];
                foreach (int length in lengths)
                {
                    if (pool.TryRent(length) is { } payload)
                    {
                        payload.Memory.Span.Fill((byte)length);
                        live.Add((payload, (byte)length));
                    }
                    else
                    {
                        int place = length % live.Count;
                        AssertUntouched(live[place]);
                        live[place].Payload.Dispose();
                        live.RemoveAt(place);
                    }
                }

                live.ForEach(AssertUntouched);
                live.ForEach(entry => entry.Payload.Dispose());
                using Payload? whole = pool.TryRent(8 * Mebi);
                Assert.NotNull(whole);
            },
            iter: 30);
    }

    [Fact]
    public void Payloads_of_all_sizes_that_come_and_go_share_no_byte_and_stay_within_the_budget()
    {
        Gen.Select(Gen.Int[0, 8], Gen.Int[1, 16 << 10], Gen.Bool).Array[1, 200].Sample(
            steps =>
            {
                PayloadPool pool = new(4 * Mebi);
                List<(Payload Payload, byte Mark)> live = [];
                foreach ((int size, int part, bool isReturn) in steps)
                {
                    int length = part << size;
                    if (!isReturn && pool.TryRent(length) is { } payload)
                    {
                        payload.Memory.Span.Fill((byte)part);
                        live.Add((payload, (byte)part));
                    }
                    else if (live.Count > 0)
                    {
                        int place = part % live.Count;
                        AssertUntouched(live[place]);
                        live[place].Payload.Dispose();
                        live.RemoveAt(place);
                    }

                    Assert.InRange(pool.AllocatedBytes, pool.RentedBytes, 4 * Mebi);
                }

                live.ForEach(AssertUntouched);
                live.ForEach(entry => entry.Payload.Dispose());
                Assert.Equal(0, pool.RentedBytes);
            },
            iter: 100);
    }

    private static void AssertUntouched((Payload Payload, byte Mark) entry) =>
        Assert.Equal(-1, entry.Payload.Memory.Span.IndexOfAnyExcept(entry.Mark));
}
