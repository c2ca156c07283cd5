using Dfss.Tests.Faults;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Transport;

public class FairBudgetTests(ITestOutputHelper output)
{
    private const long Limit = 900;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_identity_alone_gets_two_thirds_and_the_next_gets_a_share()
    {
        FairBudget budget = new(Limit);
        FairBudget.Share greedy = budget.Open();
        List<Task> takes = [.. Enumerable.Range(0, 90).Select(_ => greedy.TakeAsync(10, Token).AsTask())];
        Assert.Equal(Limit * 2 / 3, greedy.Held);
        Assert.Equal(60, takes.Count(task => task.IsCompletedSuccessfully));

        FairBudget.Share honest = budget.Open();
        Assert.True(honest.TakeAsync(200, Token).AsTask().IsCompletedSuccessfully);
        honest.Return(200);

        greedy.Return(300);
        await Task.WhenAll(takes);
    }

    [Fact]
    public void An_identity_that_holds_nothing_may_take_all_that_is_free()
    {
        FairBudget budget = new(Limit);
        FairBudget.Share one = budget.Open();
        Assert.True(one.TakeAsync(Limit, Token).AsTask().IsCompletedSuccessfully);
        FairBudget.Share other = budget.Open();
        Task waiting = other.TakeAsync(Limit, Token).AsTask();
        Assert.False(waiting.IsCompleted);
        one.Return(Limit);
        Assert.Equal(Limit, other.Held);
    }

    [Fact]
    public async Task Of_waiting_identities_the_one_that_holds_least_is_served_first()
    {
        FairBudget budget = new(Limit);
        FairBudget.Share full = budget.Open();
        FairBudget.Share some = budget.Open();
        FairBudget.Share none = budget.Open();
        await some.TakeAsync(10, Token);
        await full.TakeAsync(500, Token);
        await none.TakeAsync(390, Token);
        Task second = some.TakeAsync(200, Token).AsTask();
        none.Return(390);
        await second;
        Task last = full.TakeAsync(100, Token).AsTask();
        Task first = none.TakeAsync(300, Token).AsTask();
        Assert.False(first.IsCompleted);
        some.Return(210);
        await first;
        Assert.False(last.IsCompleted);
        full.Return(500);
        await last;
    }

    [Fact]
    public async Task A_cancelled_wait_makes_way_and_takes_nothing()
    {
        FairBudget budget = new(Limit);
        FairBudget.Share holder = budget.Open();
        await holder.TakeAsync(600, Token);
        using CancellationTokenSource cancel = new();
        FairBudget.Share large = budget.Open();
        Task waiting = large.TakeAsync(Limit, cancel.Token).AsTask();
        FairBudget.Share small = budget.Open();
        Task behind = small.TakeAsync(10, Token).AsTask();
        Assert.False(behind.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await behind;
        Assert.Equal(0, large.Held);
        Assert.Equal(610, budget.Held);
    }

    [Fact]
    public async Task Within_a_share_callers_are_served_in_order_and_none_overtakes()
    {
        FairBudget budget = new(Limit);
        FairBudget.Share share = budget.Open();
        await share.TakeAsync(100, Token);
        await share.TakeAsync(500, Token);
        Task large = share.TakeAsync(500, Token).AsTask();
        Task small = share.TakeAsync(10, Token).AsTask();
        Assert.False(large.IsCompleted || small.IsCompleted);
        share.Return(100);
        Assert.False(large.IsCompleted || small.IsCompleted);
        share.Return(500);
        await large;
        await small;
        Assert.Equal(510, share.Held);
    }

    [Fact]
    public async Task Of_shares_that_hold_the_same_the_one_served_longest_ago_is_next()
    {
        FairBudget budget = new(Limit);
        FairBudget.Share holder = budget.Open();
        FairBudget.Share one = budget.Open();
        FairBudget.Share other = budget.Open();
        await holder.TakeAsync(700, Token);
        await one.TakeAsync(100, Token);
        await other.TakeAsync(100, Token);
        Task first = one.TakeAsync(100, Token).AsTask();
        Task third = one.TakeAsync(100, Token).AsTask();
        Task second = other.TakeAsync(100, Token).AsTask();
        holder.Return(200);
        await first;
        Assert.False(second.IsCompleted || third.IsCompleted);
        one.Return(100);
        await second;
        Assert.False(third.IsCompleted);
        holder.Return(500);
        await third;
    }

    [Fact]
    public async Task An_undivided_share_may_take_all_in_order_of_arrival()
    {
        FairBudget.Share budget = FairBudget.Undivided(10);
        await budget.TakeAsync(6, Token);
        Task large = budget.TakeAsync(8, Token).AsTask();
        Task small = budget.TakeAsync(1, Token).AsTask();
        Assert.False(large.IsCompleted || small.IsCompleted);
        budget.Return(6);
        await large;
        await small;
        Assert.True(budget.TakeAsync(1, Token).AsTask().IsCompletedSuccessfully);
        Assert.False(budget.TakeAsync(1, Token).AsTask().IsCompleted);
    }

    [Fact]
    public async Task More_than_the_limit_and_more_given_back_than_taken_are_the_callers_fault()
    {
        FairBudget.Share share = new FairBudget(Limit).Open();
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await share.TakeAsync(Limit + 1, Token));
        await share.TakeAsync(1, Token);
        Assert.Throws<ArgumentOutOfRangeException>(() => share.Return(2));
    }

    /// <summary>
    /// Some shares take, return and give up at random; now and then everything is returned, and then no share may still
    /// wait.
    /// </summary>
    [Fact]
    public async Task Whatever_they_do_the_sum_is_right_no_identity_has_too_much_and_all_are_served()
    {
        int seed = FaultSeed.Take(output);
        for (int round = 0; round < 200; round++)
        {
            await RunAsync(new Random(seed + round), $"seed {seed + round}");
        }
    }

    private static async Task RunAsync(Random random, string seed)
    {
        FairBudget budget = new(Limit);
        Taker[] takers = [.. Enumerable.Range(0, random.Next(1, 8)).Select(_ => new Taker(budget.Open()))];
        for (int step = 0; step < 200; step++)
        {
            Taker taker = takers[random.Next(takers.Length)];
            switch (random.Next(5))
            {
                case 0:
                    taker.ReturnOne(random);
                    break;
                case 1:
                    await taker.GiveUpOneAsync(random);
                    break;
                default:
                    taker.Take(random.Next(8) == 0 ? random.Next(1, (int)Limit + 1) : random.Next(1, 100));
                    break;
            }

            await Task.WhenAll(takers.Select(each => each.SettleAsync()));
            long held = takers.Sum(each => each.Share.Held);
            Assert.True(
                held == budget.Held && held <= Limit,
                $"{seed}: {held} are held of {Limit}, {budget.Held} by the books");
            Assert.All(takers, each => Assert.True(
                each.Share.Held <= Limit * 2 / 3 || each.Held.Count(amount => amount > 0) <= 1,
                $"{seed}: one has {each.Share.Held} in {each.Held.Count()} pieces"));
            Assert.True(
                takers.All(each => each.IsWaiting == false || each.Share.Held > 0) || held > 0,
                $"{seed}: a share waits although nothing is held");
        }

        for (int i = 0; takers.Any(taker => taker.IsWaiting || taker.Share.Held > 0); i++)
        {
            Assert.True(i < 10_000, $"{seed}: a share waits permanently");
            Array.ForEach(takers, taker => taker.ReturnOne(random));
            await Task.WhenAll(takers.Select(each => each.SettleAsync()));
        }

        Assert.Equal(0, budget.Held);
    }

    private sealed class Taker(FairBudget.Share share)
    {
        private readonly List<(long Amount, Task Taking, CancellationTokenSource Cancel)> takes = [];

        public FairBudget.Share Share { get; } = share;

        public IEnumerable<long> Held =>
            takes.Where(take => take.Taking.IsCompletedSuccessfully).Select(take => take.Amount);

        public bool IsWaiting => takes.Any(take => !take.Taking.IsCompleted);

        public void Take(long amount)
        {
            CancellationTokenSource cancel = new();
            takes.Add((amount, Share.TakeAsync(amount, cancel.Token).AsTask(), cancel));
        }

        public void ReturnOne(Random random)
        {
            int[] done = Indexes(take => take.Taking.IsCompletedSuccessfully);
            if (done.Length > 0)
            {
                int index = done[random.Next(done.Length)];
                Share.Return(takes[index].Amount);
                Remove(index);
            }
        }

        public async Task GiveUpOneAsync(Random random)
        {
            int[] waiting = Indexes(take => !take.Taking.IsCompleted);
            if (waiting.Length > 0)
            {
                int index = waiting[random.Next(waiting.Length)];
                await takes[index].Cancel.CancelAsync();
                try
                {
                    // Served before it gave up: it has it.
                    await takes[index].Taking;
                }
                catch (OperationCanceledException)
                {
                    Remove(index);
                }
            }
        }

        /// <summary>A separate task shows which share was served.</summary>
        public async Task SettleAsync()
        {
            while (Held.Sum() != Share.Held)
            {
                await Task.Yield();
            }
        }

        private int[] Indexes(Func<(long Amount, Task Taking, CancellationTokenSource Cancel), bool> isWanted) =>
            [.. Enumerable.Range(0, takes.Count).Where(index => isWanted(takes[index]))];

        private void Remove(int index)
        {
            takes[index].Cancel.Dispose();
            takes.RemoveAt(index);
        }
    }
}
