using System.Management.Automation;
using Dfss.Tests.Conventions;
using Xunit;

namespace Dfss.Tests.Files;

/// <summary>Copy-DfssFile, Restore-DfssFile, and Remove-DfssFile -Version, with two peers.</summary>
public sealed partial class CopyAndRestoreTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly AnsweringHost host = new(_ => true);
    private readonly Session session;

    public CopyAndRestoreTests()
    {
        session = new Session(host);
        session.Runspace.SessionStateProxy.Path.SetLocation(folder);
        session.Run(
            "$peers = foreach ($number in 1..2) { Start-DfssPeer -InMemory -Port 0 }; $ConfirmPreference = 'None'")
                .ThrowIfFailed();
        session.Run("""
            # As from another session, and as from a CSV file.
            function global:Copy-BySerializer($Value) {
                [Management.Automation.PSSerializer]::Deserialize(
                    [Management.Automation.PSSerializer]::Serialize($Value))
            }
            function global:Copy-ByText($Value) {
                $text = @{}
                foreach ($property in $Value.PSObject.Properties) { $text[$property.Name] = "$($property.Value)" }
                [pscustomobject]$text
            }
            """).ThrowIfFailed();
        for (int version = 1; version <= 3; version++)
        {
            Send("a", $"content {version}", new DateTime(2020, 1, version));
        }

        Send("[1]", "brackets", new DateTime(2021, 1, 1));
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("Copy-DfssFile a c -Peer $peers", "c", "content 3")]
    [InlineData("Copy-DfssFile a c -Version 2 -Peer $peers", "c", "content 2")]
    [InlineData("Copy-DfssFile -LiteralName '[1]' -NewName 'x [1]' -Peer $peers[0]", "x [1]", "brackets")]
    [InlineData("'a' | Copy-DfssFile -NewName e/f -Peer $peers", "e/f", "content 3")]
    [InlineData("Get-DfssFileInfo a -Peer $peers | Copy-DfssFile -NewName { \"$($_.Name).2\" }", "a.2", "content 3")]
    [InlineData("Get-DfssFileInfo a -Version 1 -Peer $peers | Copy-DfssFile -NewName old", "old", "content 1")]
    [InlineData("[pscustomobject]@{ Name = 'a'; NewName = 'z' } | Copy-DfssFile -Peer $peers", "z", "content 3")]
    public void A_copy_has_the_content_and_the_source_stays(string script, string name, string content)
    {
        Assert.Empty(session.Run(script).ThrowIfFailed().Output);
        Assert.Equal(new[] { "[1]", "a", name }.Order(StringComparer.Ordinal), Names());
        Assert.Equal(content, Receive(name));
    }

    [Fact]
    public void A_copy_has_the_time_and_mode_of_its_source_and_outlives_it()
    {
        DfssFileInfo source = session.Run("Get-DfssFileInfo a -Peer $peers").As<DfssFileInfo>()[0];
        DfssFileInfo copy = session.Run("Copy-DfssFile a c -Peer $peers -PassThru").As<DfssFileInfo>()[0];
        Assert.Equal(
            (1L, source.LastWriteTime, source.UnixMode, source.FileId, 2),
            (copy.Version, copy.LastWriteTime, copy.UnixMode, copy.FileId, copy.PresentReplicas));
        session.Run("Remove-DfssFile a -Peer $peers").ThrowIfFailed();
        Collect();
        Assert.Equal("content 3", Receive("c"));
    }

    [Theory]
    [InlineData("Copy-DfssFile a '[1]' -Peer $peers", "FileExists", "'[1]' exists at version 1.")]
    [InlineData("Copy-DfssFile a a -Force -Peer $peers", "InvalidArgument", "'a' cannot be copied to its own name.")]
    [InlineData("Copy-DfssFile a ../c -Peer $peers", "InvalidName", null)]
    [InlineData("Copy-DfssFile none c -Peer $peers", "FileNotFound", null)]
    [InlineData("Copy-DfssFile a c -Version 1 -Peer $peers", "FileNotFound", null)]
    public void A_copy_that_cannot_be_made_is_an_error_and_changes_nothing(string script, string id, string? message)
    {
        session.Run("Remove-DfssFile a -Version 1 -Peer $peers").ThrowIfFailed();
        ErrorRecord error = Assert.Single(session.Run(script).Errors);
        Assert.Equal(id, Result.IdOf(error));
        Assert.Equal(message ?? error.ErrorDetails.Message, error.ErrorDetails.Message);
        Assert.Equal(["[1]", "a"], Names());
        Assert.Equal("brackets", Receive("[1]"));
    }

    [Fact]
    public void With_Force_an_existing_file_is_replaced_and_kept_as_an_earlier_version()
    {
        DfssFileInfo copy = session.Run("Copy-DfssFile a '[1]' -Force -Peer $peers -PassThru").As<DfssFileInfo>()[0];
        Assert.Equal([2, 1], copy.Versions.Select(version => version.Version));
        Assert.Equal("content 3", Receive("[1]"));
    }

    [Theory]
    [InlineData("Copy-DfssFile a '[1]' -Peer $peers -WhatIf", "Copy to '[1]', which would fail: '[1]' exists")]
    [InlineData("Copy-DfssFile a '[1]' -Force -Peer $peers -WhatIf", "Copy to '[1]'\"")]
    [InlineData("Copy-DfssFile a c -Version 2 -Peer $peers -WhatIf", "Copy version 2 to 'c'\"")]
    [InlineData("Restore-DfssFile a -Version 2 -Peer $peers -WhatIf", "Restore version 2, 9 B")]
    [InlineData("Remove-DfssFile a -Version 2 -Peer $peers -WhatIf", "Remove version 2, 9 B")]
    public void WhatIf_says_what_would_be_done(string script, string said)
    {
        session.Run(script).ThrowIfFailed();
        Assert.Contains(said, Assert.Single(host.Lines), StringComparison.Ordinal);
        Assert.Equal("3,2,1", Versions("a"));
        Assert.Equal(["[1]", "a"], Names());
    }

    [Fact]
    public void Several_files_for_one_copy_are_refused()
    {
        ErrorRecord error = session.RunUntilError("Copy-DfssFile a, '[1]' c -Peer $peers");
        Assert.Equal("NameUsedTwice", Result.IdOf(error));
        Assert.Contains("Nothing was copied.", error.Exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Restore-DfssFile a -Version 1 -Peer $peers")]
    [InlineData("Get-DfssFileInfo a -Version 1 -Peer $peers | Restore-DfssFile")]
    [InlineData("Get-DfssFileInfo a -Peer $peers | Restore-DfssFile -Version 1")]
    public void An_earlier_version_is_the_newest_again_and_the_others_are_kept(string script)
    {
        DfssFileInfo restored = session.Run($"{script} -PassThru").As<DfssFileInfo>()[0];
        Assert.Equal((4L, "4,3,2"), (restored.Version, restored.Versions.ToString()));
        Assert.Equal(new DateTime(2020, 1, 1), restored.LastWriteTime);
        Assert.Equal("content 1", Receive("a"));
    }

    [Theory]
    [InlineData("Restore-DfssFile a -Version 3 -Peer $peers", "InvalidArgument", "Version 3 of 'a' is its newest one.")]
    [InlineData("Get-DfssFileInfo a -Peer $peers | Restore-DfssFile", "InvalidArgument", null)]
    [InlineData("Restore-DfssFile a -Version 9 -Peer $peers", "FileNotFound", null)]
    [InlineData("Restore-DfssFile a -Peer $peers", "FileNotFound", "'a' was not removed: it is at version 3.")]
    [InlineData("Restore-DfssFile none -Peer $peers", "FileNotFound", null)]
    [InlineData("Remove-DfssFile a -Version 3 -Peer $peers", "InvalidArgument",
        "Version 3 of 'a' is its newest one, which is the file itself.")]
    [InlineData("Remove-DfssFile a -Version 9 -Force -Peer $peers", "FileNotFound", null)]
    public void What_cannot_be_restored_or_removed_is_an_error(string script, string id, string? message)
    {
        ErrorRecord error = Assert.Single(session.Run(script).Errors);
        Assert.Equal(id, Result.IdOf(error));
        Assert.Equal(message ?? error.ErrorDetails.Message, error.ErrorDetails.Message);
        Assert.Equal("3,2,1", Versions("a"));
    }

    [Theory]
    [InlineData("Restore-DfssFile a -Peer $peers")]
    [InlineData("Restore-DfssFile a* -Peer $peers")]
    [InlineData("Restore-DfssFile a -Version 3 -Peer $peers")]
    [InlineData("Get-DfssFileInfo -Removed -Peer $peers | Restore-DfssFile")]
    public void A_removed_file_is_listed_and_comes_back(string script)
    {
        session.Run("Remove-DfssFile a -Peer $peers").ThrowIfFailed();
        Assert.Equal(["[1]"], Names());
        DfssFileInfo removed = session.Run("Get-DfssFileInfo -Removed -Peer $peers").As<DfssFileInfo>().Single();
        Assert.Equal(("a", true, 3L, 2), (removed.Name, removed.IsRemoved, removed.Version, removed.PresentReplicas));

        DfssFileInfo restored = session.Run($"{script} -PassThru").As<DfssFileInfo>().Single();

        Assert.Equal(("5,2,1", false), (restored.Versions.ToString(), restored.IsRemoved));
        Assert.Equal("content 3", Receive("a"));
        Assert.Empty(session.Run("Get-DfssFileInfo -Removed -Peer $peers").ThrowIfFailed().Output);
    }

    [Fact]
    public void A_removed_file_whose_chunks_are_gone_is_not_listed_and_not_restored()
    {
        session.Run("$removed = Remove-DfssFile a -Peer $peers -PassThru").ThrowIfFailed();
        Collect();
        Assert.Empty(session.Run("Get-DfssFileInfo * -Removed -Peer $peers").ThrowIfFailed().Output);
        foreach (string script in (string[])["Get-DfssFileInfo a -Removed", "Restore-DfssFile a"])
        {
            Assert.Equal(
                "ChunkNotFound", Result.IdOf(Assert.Single(session.Run($"{script} -Peer $peers").Errors)));
        }

        Assert.Equal(["[1]"], Names());
    }

    [Fact]
    public void One_earlier_version_is_removed_and_the_file_stays()
    {
        DfssFileInfo left = session.Run("Remove-DfssFile a -Version 2 -Peer $peers -PassThru").As<DfssFileInfo>()[0];
        Assert.Equal("4,1", left.Versions.ToString());
        Collect();
        Assert.Equal("content 3", Receive("a"));
        session.Run("Receive-DfssFile a -Version 1 -Force -Destination out/ -Peer $peers").ThrowIfFailed();
        Assert.Equal("content 1", File.ReadAllText(Path.Combine(folder, "out", "a")));
    }

    private void Send(string name, string content, DateTime time)
    {
        string path = Path.Combine(folder, name);
        File.WriteAllText(path, content);
        File.SetLastWriteTime(path, time);
        session.Run(
            "Send-DfssFile -LiteralPath $path -Peer $peers -Force -KeepVersions 5", ("path", name)).ThrowIfFailed();
    }

    private void Collect() => session.Run(
        "foreach ($peer in $peers) { Optimize-DfssStore -Peer $peer -GracePeriod 0 }").ThrowIfFailed();

    private string Receive(string name)
    {
        session.Run(
            "Receive-DfssFile -LiteralName $name -Peer $peers -Destination out/ -Force",
            ("name", name)).ThrowIfFailed();
        return File.ReadAllText(Path.Combine(folder, "out", name));
    }

    private string Versions(string name) => session.Run(
        "Get-DfssFileInfo $name -Peer $peers", ("name", name)).As<DfssFileInfo>()[0].Versions.ToString()!;

    private string[] Names() =>
        [.. session.Run("Get-DfssFileInfo -Peer $peers").As<DfssFileInfo>().Select(file => file.Name)];
}
