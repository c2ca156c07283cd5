using Dfss.Commands;
using Xunit;

namespace Dfss.Tests;

public sealed class NearNameTests
{
    [Theory]
    [InlineData("Disk1.iso", "disk1.iso", true)]
    [InlineData("disk1.isp", "disk1.iso", true)]
    [InlineData("disk.iso", "disk1.iso", true)]
    [InlineData("disk11.iso", "disk1.iso", true)]
    [InlineData("dsik1.iso", "disk1.iso", true)]
    [InlineData("Dsik1.iso", "disk1.iso", true)]
    [InlineData("disk1.iso", "disk1.iso", false)]
    [InlineData("disk1.iso", "disk23.iso", false)]
    [InlineData("isk1.is", "disk1.iso", false)]
    [InlineData("a", "b", false)]
    [InlineData("a", "A", true)]
    public void A_name_is_near_in_another_case_or_with_one_other_letter(string name, string other, bool isNear) =>
        Assert.Equal(isNear, NearName.IsNear(name, other));

    [Fact]
    public void The_question_names_at_most_three_and_where_one_differs_by_its_case_alone_only_that()
    {
        Assert.Null(NearName.Ask("abc", ["x", "abc"]));
        Assert.Equal("Did you mean 'abc'?", NearName.Ask("ABC", ["x", "abc"]));
        Assert.Equal("Did you mean 'abc'?", NearName.Ask("ABC", ["abd", "abc"]));
        Assert.Equal("Did you mean 'abd' or 'abe'?", NearName.Ask("abc", ["abd", "abe"]));
        Assert.Equal("Did you mean 'abd', 'abe' or 'abf'?", NearName.Ask("abc", ["abd", "abe", "abf", "abg"]));
    }
}
