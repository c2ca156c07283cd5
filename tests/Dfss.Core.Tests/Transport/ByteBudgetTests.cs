using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Transport;

public class ByteBudgetTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_asks_for_more_than_is_left_waits_and_nobody_overtakes()
    {
        ByteBudget budget = new(10);
        await budget.TakeAsync(6, Token);
        Task large = budget.TakeAsync(8, Token).AsTask();
        Task small = budget.TakeAsync(1, Token).AsTask();
        Assert.False(large.IsCompleted);
        Assert.False(small.IsCompleted);
        budget.Return(6);
        await large;
        await small;
        Task rest = budget.TakeAsync(2, Token).AsTask();
        Assert.False(rest.IsCompleted);
        budget.Return(8);
        await rest;
    }

    [Fact]
    public async Task Who_gives_up_makes_way_and_takes_nothing()
    {
        ByteBudget budget = new(10);
        await budget.TakeAsync(6, Token);
        using CancellationTokenSource cancel = new();
        Task large = budget.TakeAsync(10, cancel.Token).AsTask();
        Task small = budget.TakeAsync(4, Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
        await small;
        budget.Return(10);
        await budget.TakeAsync(10, Token);
    }

    [Fact]
    public async Task More_than_the_limit_is_the_callers_fault() =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await new ByteBudget(10).TakeAsync(11, Token));
}
