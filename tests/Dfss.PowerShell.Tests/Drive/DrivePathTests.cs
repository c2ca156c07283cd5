using Dfss.Commands;
using Xunit;

namespace Dfss.Tests.Drive;

/// <summary>Paths of the provider as names in the store.</summary>
public sealed class DrivePathTests : IDisposable
{
    private readonly DriveSession drive = new();

    public void Dispose() => drive.Dispose();

    [Theory]
    [InlineData("", "/a/b", "a/b")]
    [InlineData("", "\\a\\b", "a/b")]
    [InlineData("", "", "")]
    [InlineData("", "/", "")]
    [InlineData("", "//a//b/", "a/b")]
    [InlineData("", "/a/./b/../c", "a/c")]
    [InlineData("", "/../../a", "a")]
    [InlineData("", "/u\u0308", "\u00FC")]
    [InlineData("p", "/p/a", "p/a")]
    [InlineData("p", "/p", "p")]
    [InlineData("p", "/pa", null)]
    [InlineData("p", "/P/a", null)]
    [InlineData("p", "/p/../a", null)]
    [InlineData("p", "", null)]
    public void A_path_is_a_name_below_the_root_of_its_drive(string root, string rest, string? expected)
    {
        drive.MakeDrive("D", root);
        DfssDriveInfo made = Assert.Single(
            drive.Session.Runspace.SessionStateProxy.Drive.GetAll().OfType<DfssDriveInfo>());
        Assert.Equal(expected, DrivePath.Find(made.Key + rest)?.Name);
        Assert.Null(DrivePath.Find("D" + rest));
        Assert.Null(DrivePath.Find(string.Empty));
    }
}
