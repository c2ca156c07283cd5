using Dfss.Commands;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Conventions;

/// <summary>The names that completion offers.</summary>
public sealed class NameListTests
{
    private readonly FakeTimeProvider clock = new();

    [Fact]
    public async Task A_name_that_is_removed_during_a_listing_does_not_come_back()
    {
        NameList names = new(clock);
        names.Add("a", [1]);
        await names.RefreshAsync((take, _) =>
        {
            names.Remove("a");
            names.Remove("b");
            names.Add("b", [2]);
            take("a", [1]);
            take("b", [1]);
            take("c", [1]);
            return Task.CompletedTask;
        });
        Assert.Equal(["b", "c"], names.Find(_ => true));
    }

    [Fact]
    public void A_search_ends_in_time_with_what_it_has_found()
    {
        NameList names = new(clock);
        for (int i = 100; i < 300; i++)
        {
            names.Add(FormattableString.Invariant($"{i}"), [1]);
        }

        string[] found = names.Find(_ =>
        {
            clock.Advance(TimeSpan.FromMilliseconds(1));
            return true;
        });
        Assert.Equal(NameList.MaxSearchTime.TotalMilliseconds, found.Length);
        Assert.Equal(200, names.Find(_ => true).Length);
    }
}
