using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Files;

/// <summary>-SkipUnchanged and -Checksum of Send- and Receive-DfssFile.</summary>
public sealed class SkipUnchangedTests : IDisposable
{
    private static readonly DateTime Time = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private readonly TemporaryFolder folder = new();
    private readonly Session session = new();

    public SkipUnchangedTests()
    {
        session.Runspace.SessionStateProxy.Path.SetLocation(folder.Path);
        session.Run("$peer = Start-DfssPeer -InMemory -Port 0").ThrowIfFailed();
        foreach (string name in new[] { "same", "touched", "rewritten", "longer" })
        {
            Write(name, "old");
        }

        session.Run(
            """
            $null = Send-DfssFile t -Recurse -Peer $peer
            $null = [IO.Directory]::CreateDirectory("$PWD/x")
            $null = Receive-DfssFile t/* x -RelativeTo t -Peer $peer
            """).ThrowIfFailed();
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        folder.Dispose();
    }

    /// <summary>What is changed: the time alone, the content with its time set back, and the length.</summary>
    [Theory]
    [InlineData("-SkipUnchanged", "rewritten same", "longer new touched")]
    [InlineData("-Checksum", "same touched", "longer new rewritten")]
    [InlineData("-Checksum -SkipUnchanged", "same touched", "longer new rewritten")]
    public void What_is_unchanged_is_passed_over_in_both_directions(string how, string skipped, string sent)
    {
        Change();
        Result result = session.Run($"Send-DfssFile t -Recurse -Force {how} -Peer $peer").ThrowIfFailed();
        IReadOnlyList<DfssFileInfo> files = result.As<DfssFileInfo>();
        Assert.Equal(skipped, Names(files.Where(file => file.Skipped)));
        Assert.Equal(sent, Names(files.Where(file => !file.Skipped)));
        Assert.All(files, file => Assert.Equal(
            (file.Skipped || file.Name == "t/new" ? 1 : 2, folder[file.Name]), ((int)file.Version, file.SourcePath)));

        // The other way round: the local files of x are as they were when they were received.
        Result back = session.Run($"Receive-DfssFile t/* x -RelativeTo t -Force {how} -Peer $peer").ThrowIfFailed();
        Assert.Equal(
            files.ToDictionary(file => file.Name[2..], file => file.Skipped),
            back.Output.ToDictionary(
                item => ((FileInfo)item.BaseObject).Name, item => (bool)item.Properties["Skipped"].Value));
        Assert.Equal("new", File.ReadAllText(folder["x", "new"]));
    }

    [Theory]
    [InlineData(
        "Send-DfssFile t -Recurse -Force -SkipUnchanged", @"^Sending: 3 files, 18 B in [\d.]+ s; 2 unchanged\.$")]
    [InlineData(
        "Send-DfssFile t -Recurse -Force -Checksum -WhatIf", @"^Sending: 0 files in [\d.]+ s; 2 unchanged\.$")]
    [InlineData("Receive-DfssFile t/* x -RelativeTo t -SkipUnchanged",
        @"^Receiving: 0 files in [\d.]+ s; 4 unchanged\.$")]
    public void The_summary_counts_what_was_transferred_and_what_was_unchanged(string script, string expected)
    {
        Change();
        Result result = session.Run(
            $"{script} -Peer $peer -InformationVariable said | Out-Null; $said | Where-Object Tags -Contains Dfss");
        Assert.Matches(
            expected,
            Assert.Single(result.ThrowIfFailed().Output).Properties["MessageData"].Value.ToString());
    }

    [Fact]
    public void What_has_changed_is_replaced_only_by_force()
    {
        Change();
        Result result = session.Run("Send-DfssFile t -Recurse -SkipUnchanged -Peer $peer");
        Assert.Equal(["FileExists", "FileExists"], result.Errors.Select(Result.IdOf));
        Assert.Equal("new rewritten same", Names(result.Output.Select(item => (DfssFileInfo)item.BaseObject)));
    }

    [Theory]
    [InlineData("Send-DfssFile t -Recurse -Force -SkipUnchanged", 3)]
    [InlineData("Receive-DfssFile t/* x -RelativeTo t -Force -SkipUnchanged", 1)]
    public void WhatIf_writes_nothing_and_gives_only_what_is_unchanged(string script, int changed)
    {
        Change();
        File.WriteAllText(folder["x", "same"], "changed here");
        Result result = session.Run($"{script} -WhatIf -Peer $peer").ThrowIfFailed();
        Assert.All(result.Output, item => Assert.True((bool)item.Properties["Skipped"].Value));
        Assert.Equal(changed == 3 ? 2 : 3, result.Output.Count);
        Assert.Equal("changed here", File.ReadAllText(folder["x", "same"]));
        Assert.All(
            session.Run("Get-DfssFileInfo -Peer $peer").As<DfssFileInfo>(), file => Assert.Equal(1, file.Version));
    }

    /// <summary>Otherwise a file that is to be encrypted would stay readable.</summary>
    [Theory]
    [InlineData("-SkipUnchanged")]
    [InlineData("-Checksum")]
    public void Another_protection_is_a_change(string how)
    {
        session.Run("$key = New-DfssEncryptionKey; $other = New-DfssEncryptionKey").ThrowIfFailed();
        string send = $"Send-DfssFile t/same -Name t/same -Force {how} -Peer $peer";
        Assert.Equal([false, true, false, true, false, true], new[] { "$key", "$key", "$other", "$other", "", "" }
            .SelectMany(key => session.Run(send + (key.Length > 0 ? $" -EncryptionKey {key}" : key)).As<DfssFileInfo>())
            .Select(file => file.Skipped));
    }

    [Fact]
    public void A_hidden_name_is_looked_up_by_its_stored_name()
    {
        session.Run("$key = New-DfssEncryptionKey").ThrowIfFailed();
        const string Send = "Send-DfssFile t -Recurse -SkipUnchanged -HiddenName -EncryptionKey $key -Peer $peer";
        Assert.All(session.Run(Send).As<DfssFileInfo>(), file => Assert.False(file.Skipped));
        IReadOnlyList<DfssFileInfo> again = session.Run(Send).As<DfssFileInfo>();
        Assert.All(again, file => Assert.True(file.Skipped));
        Assert.Equal("longer rewritten same touched", Names(again));
    }

    private void Change()
    {
        File.SetLastWriteTimeUtc(folder["t", "touched"], Time.AddDays(1));
        Write("rewritten", "new");
        File.WriteAllText(folder["t", "longer"], "old and more");
        Write("new", "new");
    }

    private void Write(string name, string text)
    {
        Directory.CreateDirectory(folder["t"]);
        File.WriteAllText(folder["t", name], text);
        File.SetLastWriteTimeUtc(folder["t", name], Time);
    }

    private static string Names(IEnumerable<DfssFileInfo> files) =>
        string.Join(' ', files.Select(file => file.Name[2..]).Order(StringComparer.Ordinal));
}
