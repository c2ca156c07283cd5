using Dfss.Protocol;
using Xunit;

namespace Dfss.Tests.Protocol;

/// <summary>
/// What the other side wrote stays on its line, steers no terminal, and is as long as allowed at most.
/// </summary>
public sealed class PrintableTextTests
{
    [Theory]
    [InlineData("a plain text: Grüße, 你好, 😀", "a plain text: Grüße, 你好, 😀")]
    [InlineData("two\r\nlines\t", "two\\u000D\\u000Alines\\u0009")]
    [InlineData("\u001b[2J\u001b]0;title\u0007", "\\u001B[2J\\u001B]0;title\\u0007")]
    [InlineData("\u0085\u009b\u007f\0", "\\u0085\\u009B\\u007F\\u0000")]
    [InlineData("\u2028\u2029\u202etxt\u200b", "\\u2028\\u2029\\u202Etxt\\u200B")]
    [InlineData("\U000E0041", "\\uE0041")]
    public void What_is_not_to_be_seen_is_written_as_its_number(string text, string shown) =>
        Assert.Equal(shown, PrintableText.From(text, maxCharacters: 100));

    [Theory]
    [InlineData("two\r\nlines: \n  and\n\n more.\n", "two lines: and more.")]
    [InlineData("one line", "one line")]
    [InlineData("\u001b[2J\nx\u200b", "\\u001B[2J x\\u200B")]
    [InlineData("\n", "")]
    public void The_lines_of_a_message_become_one(string text, string shown) =>
        Assert.Equal(shown, PrintableText.FromMessage(text, maxCharacters: 100));

    [Fact]
    public void An_unpaired_surrogate_is_replaced() =>
        Assert.Equal("a\uFFFDb", PrintableText.From("a" + (char)0xD800 + "b", maxCharacters: 100));

    [Theory]
    [InlineData("abcdef", 3, "abc")]
    [InlineData("abc", 3, "abc")]
    [InlineData("ab😀", 3, "ab")]
    [InlineData("ab\n", 7, "ab")]
    [InlineData("ab\n", 8, "ab\\u000A")]
    [InlineData("abc", 0, "")]
    public void What_is_too_long_is_cut_between_characters(string text, int maxCharacters, string shown) =>
        Assert.Equal(shown, PrintableText.From(text, maxCharacters));
}
