using System.Management.Automation;
using Xunit;

namespace Dfss.Tests.Files;

/// <content>Objects of the pipeline that are versions of a file.</content>
public sealed partial class CopyAndRestoreTests
{
    [Fact]
    public void An_earlier_version_from_the_pipeline_is_removed_or_restored_and_no_other()
    {
        session.Run("Send-DfssFile '[1]' -Name v -Peer $peers").ThrowIfFailed();
        foreach (string content in new[] { "two", "three" })
        {
            File.WriteAllText(Path.Combine(folder, "source"), content);
            session.Run("Send-DfssFile source -Name v -Force -KeepVersions 5 -Peer $peers").ThrowIfFailed();
        }

        const string Versions = "(Get-DfssFileInfo v -Peer $peers).Versions";
        session.Run($"{Versions} | Where-Object Version -EQ 1 | Remove-DfssFile -Peer $peers -Force").ThrowIfFailed();
        Assert.Equal(["4", "2"], session.Run(Versions).ThrowIfFailed().Output.Select(version => version.ToString()));
        Assert.Equal("three", Receive("v"));
        session.Run($"{Versions} | Where-Object Version -EQ 2 | Restore-DfssFile -Peer $peers").ThrowIfFailed();
        Assert.Equal("two", Receive("v"));
        Result newest = session.Run($"{Versions}[0] | Remove-DfssFile -Peer $peers -Force");
        Assert.NotEmpty(newest.Errors);
        Assert.Equal("two", Receive("v"));
    }

    [Theory]
    [InlineData("(Get-DfssFileInfo a -Peer $peers).Versions[2]")]
    [InlineData("Get-DfssFileInfo a -Version 1 -Peer $peers")]
    [InlineData("Get-DfssFileInfo a -Version 1 -Detailed -Peer $peers")]
    [InlineData("Get-DfssFileInfo a -Version 1 -Peer $peers | ForEach-Object { Copy-BySerializer $_ }")]
    [InlineData("Get-DfssFileInfo a -Version 1 -Peer $peers | ForEach-Object { Copy-ByText $_ }")]
    [InlineData("(Get-DfssFileInfo a -Peer $peers).Versions[2] | Get-DfssFileInfo -Peer $peers")]
    public void Each_command_works_on_the_version_from_the_pipeline_or_refuses_it(string version)
    {
        session.Run($"$version = {version}").ThrowIfFailed();
        session.Run("$version | Copy-DfssFile -NewName c -Peer $peers").ThrowIfFailed();
        Assert.Equal("content 1", Receive("c"));
        session.Run("$version | Receive-DfssFile -Destination out/ -Force -Peer $peers").ThrowIfFailed();
        Assert.Equal("content 1", File.ReadAllText(Path.Combine(folder, "out", "a")));
        Assert.Equal("content 1", session.Run("$version | Get-DfssContent -Peer $peers").ThrowIfFailed().Output[0]);
        Assert.True(session.Run("$version | Test-DfssFile -PassThru -Peer $peers")
            .ThrowIfFailed().Output[0].Properties["Version"].Value is 1L);
        foreach (string refused in (string[])[
            "Rename-DfssFile -NewName d", "Repair-DfssFile", "Remove-DfssFileRecipient -KeyId x",
            "Add-DfssFileRecipient -RecipientKey (New-DfssEncryptionKey) -EncryptionKey (New-DfssEncryptionKey)"])
        {
            ErrorRecord error = Assert.Single(session.Run($"$version | {refused} -Peer $peers").Errors);
            Assert.Equal("InvalidArgument", Result.IdOf(error));
            Assert.StartsWith(
                "Version 1 of 'a' is an earlier version, and ", error.ErrorDetails.Message, StringComparison.Ordinal);
        }

        session.Run("$version | Remove-DfssFile -Force -Peer $peers").ThrowIfFailed();
        Assert.Equal("4,2", Versions("a"));
        Assert.Equal("content 3", Receive("a"));
    }

    [Theory]
    [InlineData("Get-DfssFileInfo a -Peer $peers | ForEach-Object { Copy-ByText $_ }")]
    [InlineData("Get-DfssFileInfo a -Version 3 -Peer $peers")]
    [InlineData("(Get-DfssFileInfo a -Peer $peers).Versions[0]")]
    public void The_newest_version_from_the_pipeline_is_the_file(string version)
    {
        session.Run($"{version} | Rename-DfssFile -NewName b -Peer $peers").ThrowIfFailed();
        Assert.Equal("content 3", Receive("b"));
    }

    [Fact]
    public void The_version_of_an_object_does_not_count_for_a_name_on_the_command_line()
    {
        session.Run("$version = (Get-DfssFileInfo a -Peer $peers).Versions[2]").ThrowIfFailed();
        session.Run("Copy-DfssFile a b -Peer $peers; Copy-DfssFile '[1]' b -Force -Peer $peers").ThrowIfFailed();
        Assert.Equal("brackets", session.Run("$version | Get-DfssContent b -Peer $peers").ThrowIfFailed().Output[0]);
        Assert.Equal(
            2L, session.Run("$version | Get-DfssFileInfo b -Peer $peers").As<DfssFileInfo>().Single().Version);
    }

    [Fact]
    public void Several_versions_of_a_file_from_the_pipeline_are_all_removed()
    {
        session.Run(
            "(Get-DfssFileInfo a -Peer $peers).Versions[1..2] | Remove-DfssFile -Peer $peers").ThrowIfFailed();
        Assert.Equal("5", Versions("a"));
        Assert.Equal("content 3", Receive("a"));
    }
}
