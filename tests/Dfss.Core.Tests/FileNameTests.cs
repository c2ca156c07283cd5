using Xunit;

namespace Dfss.Tests;

public sealed class FileNameTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("a/b c/d.txt")]
    [InlineData("...")]
    [InlineData("CON")]
    [InlineData("C:x")]
    [InlineData("🎉")]
    public void Names_that_are_allowed_stay_as_they_are(string name) => Assert.Equal(name, FileName.Normalize(name));

    [Theory]
    [InlineData("/foo", "starts with '/'")]
    [InlineData("foo/", "ends with '/'")]
    [InlineData("a//b", "has '//'")]
    [InlineData("a/../b", "the part '..'")]
    public void A_part_that_is_not_allowed_is_explained(string name, string said) => Assert.Contains(
        said, Assert.Throws<DfssException>(() => FileName.Normalize(name)).Message, StringComparison.Ordinal);

    [Fact]
    public void Names_become_nfc() => Assert.Equal("\u00E9", FileName.Normalize("e\u0301"));

    [Theory]
    [InlineData("")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData(".")]
    [InlineData("a/../b")]
    [InlineData("..\\x")]
    [InlineData("a\nb")]
    [InlineData("a\0b")]
    [InlineData("\u007F")]
    public void Names_that_are_not_allowed_are_refused_with_the_reason(string name)
    {
        DfssException error = Assert.Throws<DfssException>(() => FileName.Normalize(name));
        Assert.Equal(DfssErrorCode.InvalidName, error.Code);
    }

    [Fact]
    public void Half_a_surrogate_pair_is_refused()
    {
        // Not as data of a theory: the runner would write it as UTF-8 and lose it.
        Assert.False(FileName.TryNormalize("x\uD800y", out _, out _));
        Assert.False(FileName.TryNormalize("\uDC00", out _, out _));
    }

    [Fact]
    public void The_limit_is_in_bytes_of_utf8()
    {
        Assert.Equal(1024, FileName.Normalize(new string('x', 1024)).Length);
        Assert.Equal(512, FileName.Normalize(new string('é', 512)).Length);
        Assert.False(FileName.TryNormalize(new string('x', 1025), out _, out _));
        Assert.False(FileName.TryNormalize(new string('é', 513), out _, out string? problem));
        Assert.Contains("1026", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void The_order_of_names_is_that_of_their_utf8_bytes()
    {
        string[] names = ["a", "a/b", "ab", "\u00E9", "\uFF5E", "\U0001F389", "\U0001F38A"];
        foreach (string left in names)
        {
            foreach (string right in names)
            {
                int expected = System.Text.Encoding.UTF8.GetBytes(left).AsSpan()
                    .SequenceCompareTo(System.Text.Encoding.UTF8.GetBytes(right));
                Assert.Equal(Math.Sign(expected), Math.Sign(NameOrder.Instance.Compare(left, right)));
            }
        }
    }

    [Fact]
    public void A_folder_as_a_new_name_gets_the_advice_for_one_that_is_sent()
    {
        DfssException error = Assert.Throws<DfssException>(() => FileName.NormalizeNew("reports/"));
        Assert.Equal(DfssErrorCode.InvalidName, error.Code);
        Assert.StartsWith(
            "'reports/' cannot be the name of a stored file:", error.Reason, StringComparison.Ordinal);
        Assert.Contains("-Prefix", error.Advice, StringComparison.Ordinal);
    }
}
