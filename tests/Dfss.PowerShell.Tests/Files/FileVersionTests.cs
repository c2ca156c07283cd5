using Xunit;

namespace Dfss.Tests.Files;

/// <summary>Earlier versions of stored files, and replacing exactly one.</summary>
public sealed class FileVersionTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly Session session = new();

    public FileVersionTests()
    {
        session.Runspace.SessionStateProxy.Path.SetLocation(folder);
        session.Run("$peers = foreach ($number in 1..2) { Start-DfssPeer -InMemory -Port 0 }").ThrowIfFailed();
        for (int version = 1; version <= 4; version++)
        {
            File.WriteAllText(Path.Combine(folder, "a"), $"content {version}");
            File.SetLastWriteTime(Path.Combine(folder, "a"), new DateTime(2020, 1, version));
            session.Run("Send-DfssFile a -Peer $peers -Force -KeepVersions 2").ThrowIfFailed();
        }
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void The_versions_that_can_be_received_are_listed_newest_first()
    {
        DfssFileInfo file = session.Run("Get-DfssFileInfo a -Peer $peers").As<DfssFileInfo>()[0];
        Assert.Equal([4, 3, 2], file.Versions.Select(version => version.Version));
        Assert.Equal("4,3,2", file.Versions.ToString());
        Assert.Equal(new DateTime(2020, 1, 3), file.Versions[1].LastWriteTime);
        Assert.Equal(file.FileId, file.Versions[0].FileId);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(3)]
    [InlineData(2)]
    public void A_version_that_is_kept_is_received_as_it_was(int version)
    {
        DfssFileInfo file = session.Run(
            $"$file = Get-DfssFileInfo a -Version {version} -Peer $peers; $file").As<DfssFileInfo>()[0];
        Assert.Equal(version, file.Version);
        session.Run("$file | Receive-DfssFile -Destination out/").ThrowIfFailed();
        Assert.Equal($"content {version}", File.ReadAllText(Path.Combine(folder, "out/a")));
        Assert.Equal(new DateTime(2020, 1, version), File.GetLastWriteTime(Path.Combine(folder, "out/a")));
    }

    [Fact]
    public void A_version_that_is_not_kept_is_an_error_that_says_which_are_and_the_others_go_on()
    {
        session.Run("Send-DfssFile a -Name b -Peer $peers").ThrowIfFailed();
        Result result = session.Run("Get-DfssFileInfo a, b -Version 1 -Peer $peers");
        Assert.Equal("FileNotFound", Result.IdOf(Assert.Single(result.Errors)));
        Assert.Equal(
            "Version 1 of 'a' is not kept: it is at version 4, and of the earlier ones 3, 2 are kept.",
            result.Errors[0].ErrorDetails.Message);
        Assert.Equal("b", ((DfssFileInfo)Assert.Single(result.Output).BaseObject).Name);
    }

    [Fact]
    public void Receive_takes_an_earlier_version_by_name_and_of_what_comes_through_the_pipeline()
    {
        session.Run("Receive-DfssFile a -Version 2 -Peer $peers -Destination out/").ThrowIfFailed();
        Assert.Equal("content 2", File.ReadAllText(Path.Combine(folder, "out/a")));
        session.Run(
            "Get-DfssFileInfo a -Peer $peers | Receive-DfssFile -Version 3 -Destination out/ -Force").ThrowIfFailed();
        Assert.Equal("content 3", File.ReadAllText(Path.Combine(folder, "out/a")));
        Result result = session.Run("Receive-DfssFile a -Version 1 -Peer $peers -Destination other/");
        Assert.Equal("FileNotFound", Result.IdOf(Assert.Single(result.Errors)));
        Assert.Empty(result.Output);
    }

    [Fact]
    public void Exactly_the_version_that_was_seen_is_replaced()
    {
        session.Run("$seen = Get-DfssFileInfo a -Peer $peers; Send-DfssFile a -IfVersion $seen.Version -Peer $peers")
            .ThrowIfFailed();
        Result result = session.Run("Send-DfssFile a -IfVersion $seen.Version -Force -Peer $peers");
        Assert.Equal("Conflict", Result.IdOf(Assert.Single(result.Errors)));
        Assert.Equal("'a' is at version 5, not at version 4.", result.Errors[0].ErrorDetails.Message);
        Assert.Empty(session.Run("Send-DfssFile a -Name new -IfVersion 0 -Peer $peers").Errors);
    }

    [Fact]
    public void What_was_sent_says_how_many_copies_it_has()
    {
        DfssFileInfo two = session.Run("Send-DfssFile a -Name two -Peer $peers").As<DfssFileInfo>()[0];
        Assert.Equal((2, 2), (two.Replicas, two.PresentReplicas));
        DfssFileInfo one = session.Run("Send-DfssFile a -Name one -Peer $peers -Replicas 1").As<DfssFileInfo>()[0];
        Assert.Equal((1, 1), (one.Replicas, one.PresentReplicas));
        Result result = session.Run("Send-DfssFile a -Name three -Peer $peers -Replicas 3");
        Assert.Equal("InvalidArgument", Result.IdOf(Assert.Single(result.Errors)));
    }
}
