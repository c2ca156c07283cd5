using System.Management.Automation;
using Dfss.Tests.Conventions;
using Xunit;

namespace Dfss.Tests.Files;

/// <summary>Copy-DfssFile -Destination: two peers, and two others.</summary>
public sealed class CopyToPeersTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly AnsweringHost host = new(_ => true);
    private readonly Session session;

    public CopyToPeersTests()
    {
        session = new Session(host);
        session.Runspace.SessionStateProxy.Path.SetLocation(folder);
        session.Run(
            """
            $ConfirmPreference = 'None'
            $peers = foreach ($number in 1..2) { Start-DfssPeer -InMemory -Port 0 }
            $others = foreach ($number in 1..2) { Start-DfssPeer -InMemory -Port 0 }
            """).ThrowIfFailed();
        Write("a.txt", "content 1");
        session.Run("Send-DfssFile a.txt -Peer $peers").ThrowIfFailed();
        Write("a.txt", "content 2");
        Write("b.txt", "b");
        session.Run(
            "Send-DfssFile a.txt -Peer $peers -Force; Send-DfssFile b.txt -Name folder/b.txt -Peer $peers")
            .ThrowIfFailed();
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("Copy-DfssFile * -Peer $peers -Destination $others -PassThru")]
    [InlineData("Get-DfssFileInfo -Peer $peers | Copy-DfssFile -Destination $others -PassThru")]
    [InlineData(
        "Copy-DfssFile * -Peer $peers -Destination $others -PassThru -AsJob | Receive-Job -Wait -AutoRemoveJob")]
    public void Files_keep_their_names_times_and_versions_at_other_peers(string script)
    {
        DfssFileInfo[] sources = [.. session.Run("Get-DfssFileInfo -Peer $peers").As<DfssFileInfo>()];
        DfssFileInfo[] copies = [.. session.Run(script).As<DfssFileInfo>()];
        Assert.Equal(["a.txt", "folder/b.txt"], copies.Select(copy => copy.Name));
        Assert.Equal(
            sources.Select(file => (file.FileId, file.LastWriteTime, file.UnixMode, file.Version)),
            copies.Select(file => (file.FileId, file.LastWriteTime, file.UnixMode, file.Version)));
        Assert.Equal([2, 1], copies[0].Versions.Select(version => version.Version));
        Assert.Empty(copies[0].Peers.Intersect(sources[0].Peers));
        Assert.All(copies, copy => Assert.False(copy.Skipped));
        session.Run("$peers | Stop-DfssPeer").ThrowIfFailed();
        Assert.Equal("content 2", Receive("a.txt"));
    }

    [Fact]
    public void What_is_there_is_passed_over_and_what_has_changed_is_replaced_with_Force()
    {
        session.Run("Copy-DfssFile * -Peer $peers -Destination $others").ThrowIfFailed();
        Assert.All(
            session.Run("Copy-DfssFile * -Peer $peers -Destination $others -PassThru").As<DfssFileInfo>(),
            copy => Assert.True(copy.Skipped));
        Write("a.txt", "changed");
        session.Run("Send-DfssFile a.txt -Peer $peers -Force").ThrowIfFailed();

        ErrorRecord error = Assert.Single(session.Run("Copy-DfssFile * -Peer $peers -Destination $others").Errors);
        Assert.Equal(("FileExists", "a.txt"), (Result.IdOf(error), error.TargetObject));
        Assert.Equal([false, true], session.Run("Copy-DfssFile * -Peer $peers -Destination $others -Force -PassThru")
            .As<DfssFileInfo>().Select(copy => copy.Skipped));
        Assert.Equal("changed", Receive("a.txt"));
    }

    [Theory]
    [InlineData("Copy-DfssFile a.txt c -Peer $peers -Destination $others", "c", "2,1")]
    [InlineData("Copy-DfssFile a.txt c -Peer $peers -Destination $others -KeepVersions 0", "c", "1")]
    [InlineData("Copy-DfssFile a.txt -Version 1 -Peer $peers -Destination $others", "a.txt", "1")]
    [InlineData(
        "Get-DfssFileInfo a.txt -Peer $peers | Copy-DfssFile -NewName { \"x/$($_.Name)\" } -Destination $others",
        "x/a.txt", "2,1")]
    [InlineData("Copy-DfssFile a.txt -Peer $peers -Destination \"$($others[0].Endpoint),$($others[1].Endpoint)\"",
        "a.txt", "2,1")]
    public void Names_and_versions_can_be_chosen(string script, string name, string versions)
    {
        Assert.Empty(session.Run(script).ThrowIfFailed().Output);
        DfssFileInfo copy = Assert.Single(session.Run("Get-DfssFileInfo -Peer $others").As<DfssFileInfo>());
        Assert.Equal((name, versions), (copy.Name, string.Join(',', copy.Versions.Select(one => one.Version))));
    }

    [Theory]
    [InlineData("Copy-DfssFile a.txt -Peer $peers", "NewNameMissing")]
    [InlineData("Copy-DfssFile a.txt c -Peer $peers -Replicas 2", "DestinationMissing")]
    [InlineData("Copy-DfssFile a.txt c -Peer $peers -BandwidthLimit 1MB", "DestinationMissing")]
    [InlineData("Copy-DfssFile a.txt -Peer $peers -Destination 'x:y'", "PeerAddressInvalid")]
    [InlineData("Copy-DfssFile a.txt -Peer $peers -Destination localhost:1", "PeerUnreachable")]
    [InlineData("Copy-DfssFile a.txt -Peer $peers -Destination $others[0] -Replicas 2", "InvalidArgument")]
    [InlineData("Copy-DfssFile a.txt -Peer $peers -Destination $peers", "InvalidArgument")]
    [InlineData("Copy-DfssFile a.txt, folder/b.txt c -Peer $peers -Destination $others", "NameUsedTwice")]
    public void What_cannot_be_copied_is_an_error_and_nothing_is_made(string script, string id)
    {
        Assert.Equal(id, Result.IdOf(session.RunUntilError($"$ErrorActionPreference = 'Stop'; {script}")));
        Assert.Empty(session.Run("Get-DfssFileInfo -Peer $others").As<DfssFileInfo>());
    }

    [Fact]
    public void WhatIf_says_what_would_be_copied_where()
    {
        session.Run("$null = Send-DfssFile b.txt -Name a.txt -Peer $others").ThrowIfFailed();
        session.Run("Copy-DfssFile * -Peer $peers -Destination $others -WhatIf").ThrowIfFailed();
        string[] others = [.. session.Run("$others.Endpoint").Output.Select(one => one.ToString())];
        string where = $"at {others[0]}, {others[1]}";
        Assert.Contains(
            host.Lines,
            line => line.Contains($"to 'a.txt' {where}, which would fail: 'a.txt' exists", StringComparison.Ordinal));
        Assert.Contains(
            host.Lines, line => line.Contains($"to 'folder/b.txt' {where}\"", StringComparison.Ordinal));
        Assert.Single(session.Run("Get-DfssFileInfo -Peer $others").As<DfssFileInfo>());
    }

    [Fact]
    public void A_hidden_name_stays_hidden_and_needs_no_key()
    {
        session.Run(
            """
            $null = New-DfssEncryptionKey files.key
            $null = Send-DfssFile b.txt -Name secret.txt -Peer $peers -EncryptionKey files.key -HiddenName
            Get-DfssFileInfo -Peer $peers | Copy-DfssFile -Destination $others
            """).ThrowIfFailed();
        DfssFileInfo found = Assert.Single(session.Run(
            "Get-DfssFileInfo secret.txt -EncryptionKey files.key -HiddenName -Peer $others").As<DfssFileInfo>());
        Assert.Equal("secret.txt", found.Name);
        session.Run(
            "Receive-DfssFile secret.txt -EncryptionKey files.key -HiddenName -Peer $others -Destination out/")
            .ThrowIfFailed();
        Assert.Equal("b", File.ReadAllText(Path.Combine(folder, "out", "secret.txt")));
    }

    [Theory]
    [InlineData("Copy-DfssFile * -Peer $peers -Destination $others -EncryptionKey files.key -HiddenName")]
    [InlineData(
        "Get-DfssFileInfo a.txt, folder/b.txt -Peer $peers | "
            + "Copy-DfssFile -Destination $others -EncryptionKey files.key -HiddenName")]
    public void With_HiddenName_no_plain_name_is_recorded_at_the_destination(string script)
    {
        session.Run(
            $"""
            $null = New-DfssEncryptionKey files.key
            $null = Send-DfssFile b.txt -Name secret.txt -Peer $peers -EncryptionKey files.key -HiddenName
            {script}
            """).ThrowIfFailed();
        Assert.All(
            session.Run("Get-DfssFileInfo -Peer $others").As<DfssFileInfo>(),
            file => Assert.DoesNotContain(".txt", file.Name, StringComparison.Ordinal));
        Assert.Contains(
            session.Run("Get-DfssFileInfo * -Peer $others -EncryptionKey files.key -HiddenName").As<DfssFileInfo>(),
            file => file.Name.EndsWith(".txt", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Copy-DfssFile * -Peer $peers -Destination $others")]
    [InlineData("Get-DfssFileInfo -Peer $peers | Copy-DfssFile -Destination $others")]
    public void A_destination_that_is_gone_is_told_once_with_advice_of_its_own(string script)
    {
        session.Run("$addresses = $others.Endpoint; $others | Stop-DfssPeer").ThrowIfFailed();

        Result result = session.Run(
            $"$error.Clear(); try {{ {script.Replace("$others", "$addresses", StringComparison.Ordinal)} }} "
                + "catch { $_ }; $error.Count");

        Assert.Equal(1, result.Output[^1].BaseObject);
        ErrorRecord error = (ErrorRecord)result.Output[0].BaseObject;
        Assert.Equal("PeerUnreachable", Result.IdOf(error));
        Assert.Contains("-Destination", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.DoesNotContain("-Peer ", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.Equal(2, ((string[])error.TargetObject).Length);
    }

    /// <summary>With a time of its own for each content.</summary>
    private void Write(string name, string content)
    {
        string path = Path.Combine(folder, name);
        File.WriteAllText(path, content);
        File.SetLastWriteTime(path, new DateTime(2020, 1, 1).AddSeconds(content[^1]));
    }

    private string Receive(string name)
    {
        session.Run($"Receive-DfssFile {name} -Peer $others -Destination out/ -Force").ThrowIfFailed();
        return File.ReadAllText(Path.Combine(folder, "out", name));
    }
}
