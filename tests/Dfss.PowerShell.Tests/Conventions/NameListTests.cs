using Dfss.Commands;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Conventions;

/// <summary>The names that completion offers.</summary>
public sealed class NameListTests
{
    [Fact]
    public async Task A_name_that_is_removed_during_a_listing_does_not_come_back()
    {
        NameList names = new();
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
    public async Task After_a_listing_that_was_stopped_the_next_one_begins_at_once()
    {
        NameList names = new();
        var listing = new TaskCompletionSource();
        Task stopped = names.RefreshAsync(async (_, stop) =>
        {
            listing.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, stop);
        });
        await listing.Task;
        await names.StopAsync();
        await stopped;
        Assert.False(names.IsListed);

        await names.RefreshAsync((take, _) =>
        {
            take("a", [1]);
            return Task.CompletedTask;
        });
        Assert.Equal(["a"], names.Find(_ => true));
    }

    [Theory]
    [InlineData("f*1", "folder/1.txt", true)]
    [InlineData("F?LDER*.T", "folder/1.txt", true)]
    [InlineData("*[12].t", "folder/1.txt", true)]
    [InlineData("`**1", "*a1", true)]
    [InlineData("f*2", "folder/1.txt", false)]
    [InlineData("o*1", "folder/1.txt", false)]
    public void A_pattern_is_the_beginning_of_a_name(string word, string name, bool isMatch) =>
        Assert.Equal(isMatch, new PatternSearch(word, new FakeTimeProvider()).IsMatch(name));

    [Fact]
    public void A_search_of_very_many_names_ends_in_time_with_what_it_has_found()
    {
        FakeTimeProvider clock = new();
        PatternSearch search = new("a*", clock);
        clock.Advance(PatternSearch.MaxTime + TimeSpan.FromMilliseconds(1));
        int found = 0;
        for (int i = 0; i < 3 * PatternSearch.NamesAtOnce; i++)
        {
            found += search.IsMatch("abc") ? 1 : 0;
            _ = search.IsMatch("xyz");
        }

        Assert.Equal(PatternSearch.NamesAtOnce, found);
    }
}
