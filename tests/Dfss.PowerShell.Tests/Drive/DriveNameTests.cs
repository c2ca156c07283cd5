using System.Management.Automation;
using Xunit;

namespace Dfss.Tests.Drive;

/// <summary>Paths of a drive in the commands that send and receive, which then ask the drive's peers.</summary>
public sealed class DriveNameTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("dfss-test-");
    private readonly DriveSession drive = new();

    public DriveNameTests()
    {
        // The session's own peer is another one than the drive's.
        drive.Session.Run("$other = Start-DfssPeer -InMemory -Port 0").ThrowIfFailed();
        PeerAddress peer = PeerAddress.Parse(drive.Session.Run("$peer.Endpoint").As<string>()[0]);
        drive.MakeDrive("D", peer);
        drive.MakeDrive("P", "photos", peer);
        drive.Session.Runspace.SessionStateProxy.Path.SetLocation(folder.FullName);
        File.WriteAllText(Path.Combine(folder.FullName, "local"), "text");
    }

    public void Dispose()
    {
        drive.Dispose();
        folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData("Send-DfssFile ./local -Name D:/x/y", "x/y")]
    [InlineData("Send-DfssFile ./local -Name d:\\x\\..\\y", "y")]
    [InlineData("Send-DfssFile ./local -Prefix D:/x/", "x/local")]
    [InlineData("Send-DfssFile ./local -Name P:/a", "photos/a")]
    [InlineData("Send-DfssFile ./local -Name P:/../../a", "photos/a")]
    [InlineData("Set-DfssContent D:/c x", "c")]
    public void A_path_of_a_drive_says_where_a_file_goes(string script, string name)
    {
        drive.Run(script).ThrowIfFailed();
        Assert.Equal([name], drive.Names());
        Assert.Empty(drive.Run("Get-DfssFileInfo -Peer $other").ThrowIfFailed().Output);
    }

    [Theory]
    [InlineData("Receive-DfssFile D:/photos/a -Destination ./out/", "photos/a")]
    [InlineData("Receive-DfssFile D:\\photos\\* -Destination ./out/ -RelativeTo D:/photos", "a 2025/b")]
    [InlineData("Receive-DfssFile P:/* -Destination ./out/", "photos/a photos/2025/b")]
    [InlineData("Receive-DfssFile 'D:/photo`[1`]/x' -Destination ./out/ -Flatten", "x")]
    [InlineData(
        "$child.Get('D:/photos', $false) | Receive-DfssFile -Destination ./out/ -ErrorAction Ignore", "photos/a")]
    public void A_path_of_a_drive_says_where_a_file_comes_from(string script, string received)
    {
        drive.Store("photos/a", "photos/2025/b", "photo[1]/x", "photo1/x");
        drive.Run(script);
        string root = Path.Combine(folder.FullName, "out");
        Assert.Equal(
            received.Split(' ').Order(StringComparer.Ordinal),
            Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(root, file).Replace('\\', '/')).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_path_is_relative_to_the_current_location_on_a_drive()
    {
        drive.Store("photos/a", "photos/b[", "c");
        Result found = drive.Run("""
            $null = $ExecutionContext.SessionState.Path.SetLocation('D:/photos')
            Get-DfssFileInfo ./*
            Get-DfssFileInfo ..\c
            Rename-DfssFile ./a ./z
            Get-DfssFileInfo ./z
            """);
        Assert.Equal(["photos/a", "photos/b[", "c", "photos/z"], found.As<DfssFileInfo>().Select(file => file.Name));
    }

    [Theory]
    [InlineData("Get-DfssFileInfo D:/al", "D:/album D:/alone.txt")]
    [InlineData("Get-DfssFileInfo d:\\AL", "'d:\\album' 'd:\\alone.txt'")]
    [InlineData("Receive-DfssFile D:/album/", "'D:/album/`[1`]' 'D:/album/a b'")]
    [InlineData("Receive-DfssFile D:", "D:/album D:/alone.txt D:/photos")]
    [InlineData("Receive-DfssFile P:/", "P:/c")]
    [InlineData("Rename-DfssFile D:/alo", "D:/alone.txt")]
    [InlineData("Send-DfssFile local -Name D:/album/[", "'D:/album/[1]'")]
    [InlineData("Set-DfssContent D:/ph", "D:/photos")]
    [InlineData("Get-DfssFileInfo -LiteralName D:/al", "")]
    [InlineData("Send-DfssFile local -Prefix D:/al", "D:/album")]
    [InlineData("Receive-DfssFile D:/album/* -RelativeTo D:/", "D:/album D:/photos")]
    [InlineData("Send-DfssFile local -Prefix al", "")]
    [InlineData("Get-DfssFileInfo D:/none", "")]
    public void Paths_of_a_drive_are_completed(string text, string expected)
    {
        drive.Store("album/a b", "album/[1]", "alone.txt", "photos/c");

        // The listing of just now is what a completion offers at once, on a machine of any speed.
        drive.Run("$child.Get('D:', $false); $child.Get('P:', $false)").ThrowIfFailed();
        Assert.Equal(expected, string.Join(' ', drive.Session.Complete(text)));
    }

    [Fact]
    public void The_advice_for_a_folder_is_a_path_of_the_drive()
    {
        drive.Store("photos/2025/b");
        ErrorRecord error = Assert.Single(drive.Run("Get-DfssFileInfo D:/photos/2025").Errors);
        Assert.Contains("'D:/photos/2025/*'", error.ErrorDetails?.RecommendedAction, StringComparison.Ordinal);
        error = Assert.Single(drive.Run("Get-DfssFileInfo P:/2025").Errors);
        Assert.Contains("'P:/2025/*'", error.ErrorDetails?.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void A_command_works_on_one_drive_and_without_one_a_name_is_a_name()
    {
        drive.Store("a");
        Assert.Equal("DestinationOnOtherDrive", Result.IdOf(drive.Session.RunUntilError("Test-DfssFile D:/a, P:/a")));
        drive.Run("Send-DfssFile ./local -Name Q:/x -Peer $peer").ThrowIfFailed();
        Assert.Equal(["Q:/x", "a"], drive.Names());
    }
}
