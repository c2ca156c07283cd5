using Dfss.Commands;
using Xunit;

namespace Dfss.Tests.Files;

public sealed class NameQueryTests
{
    [Theory]
    [InlineData("*", "")]
    [InlineData("logs/2026*.txt", "logs/2026")]
    [InlineData("a[bc]", "a")]
    [InlineData("a?", "a")]
    [InlineData("a`[b*", "a")]
    public void The_prefix_ends_at_the_first_special_character(string text, string prefix) =>
        Assert.Equal(prefix, new NameQuery(text, isLiteral: false).Prefix);

    [Theory]
    [InlineData("*.TXT", "a.txt", false)]
    [InlineData("*.txt", "a/b.txt", true)]
    [InlineData("[ab].txt", "b.txt", true)]
    [InlineData("`[ab`].txt", "[ab].txt", true)]
    public void A_pattern_is_case_sensitive_and_crosses_slashes(string text, string name, bool isMatch) =>
        Assert.Equal(isMatch, new NameQuery(text, isLiteral: false).IsMatch(name));

    [Fact]
    public void A_literal_name_has_no_pattern()
    {
        var query = new NameQuery("a[1]*.txt", isLiteral: true);
        Assert.True(query.IsMatch("a[1]*.txt"));
        Assert.False(query.IsMatch("a1.txt"));
    }
}
