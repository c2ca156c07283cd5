using System.Management.Automation;
using Xunit;

namespace Dfss.Tests.Conventions;

/// <summary>
/// -WhatIf and -Confirm: each target is asked for by itself, before anything has been changed for it.
/// </summary>
public sealed class ConfirmTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly AnsweringHost host = new(question => !question.Contains("b.txt", StringComparison.Ordinal));
    private readonly Session session;

    public ConfirmTests()
    {
        session = new Session(host);
        session.Runspace.SessionStateProxy.Path.SetLocation(folder);
        session.Run("$peer = Start-DfssPeer -InMemory -Port 0").ThrowIfFailed();
        Directory.CreateDirectory(Path.Combine(folder, "out"));
        Array.ForEach(["a.txt", "b.txt", "c.txt"], name => File.WriteAllText(Path.Combine(folder, name), name));
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Sending_asks_for_each_file_and_leaves_out_what_was_refused()
    {
        Assert.Equal(["a.txt", "c.txt"], Names("Send-DfssFile *.txt -Peer $peer -Confirm"));
        Assert.Equal(["a.txt", "c.txt"], Names("Get-DfssFileInfo -Peer $peer"));
        Assert.Equal(3, host.Questions.Count);
        Assert.Contains($"\"Send 5 B as 'a.txt'\" on target \"{Path.Combine(folder, "a.txt")}\"", host.Questions[0],
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_was_refused_or_only_asked_about_takes_no_name_from_another()
    {
        Array.ForEach(["a", "b"], name => File.WriteAllText(
            Path.Combine(Directory.CreateDirectory(Path.Combine(folder, name)).FullName, "b.txt"), name));
        Assert.Empty(session.Run("Send-DfssFile a/b.txt, b/b.txt -Peer $peer -WhatIf").ThrowIfFailed().Output);
        Array.ForEach(["a", "b"], name => File.Move(
            Path.Combine(folder, name, "b.txt"), Path.Combine(folder, name, "c.txt")));
        string no = Path.Combine(folder, "no b.txt");
        Directory.CreateDirectory(no);
        File.WriteAllText(Path.Combine(no, "c.txt"), "no");
        Assert.Equal(["c.txt"], Names("Send-DfssFile 'no b.txt/c.txt', a/c.txt -Peer $peer -Confirm"));
        Assert.Equal(2, host.Questions.Count);
    }

    [Fact]
    public void Receiving_asks_for_each_file_and_leaves_out_what_was_refused()
    {
        Names("Send-DfssFile *.txt -Peer $peer");
        IReadOnlyList<FileInfo> received =
            session.Run("Receive-DfssFile *.txt -Peer $peer -Destination out -Confirm").As<FileInfo>();
        Assert.Equal(["a.txt", "c.txt"], received.Select(file => file.Name));
        Assert.Equal(2, Directory.GetFiles(Path.Combine(folder, "out")).Length);
        Assert.Equal(3, host.Questions.Count);
    }

    [Fact]
    public void A_job_is_asked_about_once_when_it_is_started()
    {
        Assert.Equal(
            ["a.txt", "b.txt", "c.txt"],
            Names("Send-DfssFile *.txt -Peer $peer -AsJob -Confirm | Receive-Job -Wait -AutoRemoveJob"));
        Assert.Contains("\"Start a job\" on target \"Send-DfssFile, 1 input\"", Assert.Single(host.Questions),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Stopping_asks_for_each_peer()
    {
        session.Run("$other = Start-DfssPeer ./b.txt.store -Port 0 -Confirm").ThrowIfFailed();
        Assert.Contains("Start a peer with the store", Assert.Single(host.Questions), StringComparison.Ordinal);
        Assert.Empty(session.Run("$other").As<object>());
        Assert.Equal(DfssPeerState.Stopped,
            session.Run("$peer | Stop-DfssPeer -Confirm -PassThru").As<DfssPeerInfo>()[0].State);
        Assert.Equal(2, host.Questions.Count);
    }

    [Fact]
    public void Removing_asks_for_each_file_by_default_and_leaves_what_was_refused()
    {
        Names("Send-DfssFile *.txt -Peer $peer");
        Assert.Equal(["a.txt", "c.txt"], Names("Remove-DfssFile *.txt -Peer $peer -PassThru"));
        Assert.Equal(["b.txt"], Names("Get-DfssFileInfo -Peer $peer"));
        Assert.Equal(3, host.Questions.Count);
        Assert.Contains("\"Remove version 1, 5 B\" on target \"a.txt\"", host.Questions[0], StringComparison.Ordinal);
        Assert.Equal(["b.txt"], Names("Remove-DfssFile *.txt -Peer $peer -PassThru -Confirm:$false"));
        Assert.Equal(3, host.Questions.Count);
    }

    [Fact]
    public void Removing_by_force_does_not_ask_unless_it_is_to()
    {
        Names("Send-DfssFile *.txt -Peer $peer");
        Assert.Empty(Names("$ConfirmPreference = 'Low'; Remove-DfssFile a.txt -Force -Peer $peer -PassThru -WhatIf"));
        Assert.Empty(host.Questions);
        Assert.Equal(["a.txt"], Names("Remove-DfssFile a.txt -Force -Peer $peer -PassThru"));
        Assert.Empty(host.Questions);
        Assert.Empty(Names("Remove-DfssFile b.txt -Force -Confirm -Peer $peer -PassThru"));
        Assert.Single(host.Questions);
        Assert.Equal(["b.txt", "c.txt"], Names("Get-DfssFileInfo -Peer $peer"));
    }

    /// <summary>
    /// A command of each cmdlet that changes something, but for those that change the user's state folder, and for
    /// Copy-DfssItem, which needs a session to another process (CopyItem.Tests.ps1).
    /// </summary>
    public static TheoryData<string, string> Changes => new()
    {
        { "Add-DfssFileRecipient", "Add-DfssFileRecipient e -EncryptionKey $key -RecipientKey $other -Peer $peer" },
        { "Copy-DfssFile", "Copy-DfssFile a.txt new -Peer $peer" },
        { "New-DfssEncryptionKey", "New-DfssEncryptionKey new.key" },
        { "New-DfssTestCluster", "New-DfssTestCluster 1" },
        { "Optimize-DfssStore", "Optimize-DfssStore -Peer $peer -GracePeriod 0" },
        { "Receive-DfssFile", "Receive-DfssFile a.txt -Destination out -Peer $peer" },
        { "Remove-DfssFile", "Remove-DfssFile a.txt -Peer $peer" },
        { "Remove-DfssFileRecipient", "Remove-DfssFileRecipient e -EncryptionKey $key -RecipientKey $key -Peer $peer" },
        { "Remove-DfssTestCluster", "Remove-DfssTestCluster (New-DfssTestCluster 1 -Confirm:$false -WhatIf:$false)" },
        { "Rename-DfssFile", "Rename-DfssFile a.txt new -Peer $peer" },
        { "Repair-DfssFile", "Repair-DfssFile a.txt -Peer $peer" },
        { "Restore-DfssFile", "Restore-DfssFile gone -Peer $peer" },
        { "Resume-DfssTransfer", "Resume-DfssTransfer 987654" },
        { "Send-DfssFile", "Send-DfssFile c.txt -Peer $peer" },
        { "Set-DfssContent", "'text' | Set-DfssContent d.txt -Peer $peer" },
        { "Set-DfssTransfer", "Set-DfssTransfer 987654 -BandwidthLimit 1MB" },
        { "Start-DfssPeer", "Start-DfssPeer -InMemory -Port 0" },
        { "Stop-DfssPeer", "Stop-DfssPeer -InputObject $peer" },
        { "Stop-DfssTransfer", "Stop-DfssTransfer 987654" },
        { "Suspend-DfssTransfer", "Suspend-DfssTransfer 987654" },
    };

    [Fact]
    public void Every_cmdlet_that_changes_something_is_asked_about() => Assert.Equal(
        CmdletContractTests.Cmdlets.Select(row => row.Data)
            .Select(type => (CmdletAttribute)Attribute.GetCustomAttribute(type, typeof(CmdletAttribute))!)
            .Where(cmdlet => cmdlet.SupportsShouldProcess).Select(cmdlet => $"{cmdlet.VerbName}-{cmdlet.NounName}")
            .Order(StringComparer.Ordinal),
        Changes.Select(row => row.Data.Item1).Concat(Clusters.RemoveClusterTests.Changes).Append("Copy-DfssItem")
            .Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Changes))]
    public void No_question_is_asked_with_Confirm_false_or_WhatIf(string cmdlet, string script)
    {
        session.Run(
            """
            $null = Send-DfssFile a.txt -Peer $peer
            Send-DfssFile b.txt -Name gone -Peer $peer | Remove-DfssFile -Force
            $key = New-DfssEncryptionKey; $other = New-DfssEncryptionKey
            $null = Send-DfssFile b.txt -Name e -EncryptionKey $key -Peer $peer
            """).ThrowIfFailed();
        string before = Contents();
        session.Run($"{script} -WhatIf");
        session.Run($"& {{ $WhatIfPreference = $true; {script} }}");
        Assert.Empty(host.Questions);
        Assert.Equal(before, Contents());
        Assert.False(File.Exists(Path.Combine(folder, "new.key")));
        session.Run($"& {{ $ConfirmPreference = 'Low'; {script} -Confirm:$false }}");
        Assert.Empty(host.Questions);
        Assert.NotEmpty(cmdlet);
    }

    [Fact]
    public void Renaming_asks_for_each_file_and_a_file_that_was_refused_takes_no_name_from_another()
    {
        Names("Send-DfssFile *.txt -Peer $peer");
        Assert.Equal(
            ["new"], Names("'b.txt', 'c.txt' | Rename-DfssFile -NewName { 'new' } -Peer $peer -PassThru -Confirm"));
        Assert.Equal(["a.txt", "b.txt", "new"], Names("Get-DfssFileInfo -Peer $peer"));
        Assert.Contains("\"Rename to 'new'\" on target \"b.txt\"", host.Questions[0], StringComparison.Ordinal);
        Assert.Equal(2, host.Questions.Count);
    }

    [Fact]
    public void WhatIf_of_a_removal_or_a_new_name_only_reads()
    {
        Names("Send-DfssFile *.txt -Peer $peer");
        string before = Contents();
        Assert.Empty(
            Names(
                "Remove-DfssFile * -Force -Peer $peer -PassThru -WhatIf; Rename-DfssFile a.txt x -Peer $peer "
                    + "-PassThru -WhatIf"));
        Assert.Equal(before, Contents());
        Assert.Empty(host.Questions);
    }

    [Fact]
    public void Without_Confirm_no_question_is_asked_unless_the_preference_demands_it()
    {
        Names("Send-DfssFile a.txt -Peer $peer");
        Assert.Empty(host.Questions);
        Names("$ConfirmPreference = 'Medium'; Send-DfssFile c.txt -Peer $peer");
        Assert.Single(host.Questions);
        Names("$ConfirmPreference = 'Medium'; Send-DfssFile c.txt -Peer $peer -Force -Confirm:$false");
        Assert.Single(host.Questions);
    }

    [Fact]
    public void Force_does_not_answer_for_the_user()
    {
        Names("Send-DfssFile a.txt -Peer $peer");
        Names("Send-DfssFile a.txt -Peer $peer -Force -Confirm");
        Assert.Single(host.Questions);
    }

    [Fact]
    public void WhatIf_of_a_send_changes_nothing_at_the_peers()
    {
        Names("Send-DfssFile a.txt -Peer $peer");
        File.WriteAllText(Path.Combine(folder, "a.txt"), "changed");
        string before = Contents();
        Assert.Empty(Names("Send-DfssFile *.txt -Peer $peer -Force -WhatIf"));
        Assert.Empty(Names("$WhatIfPreference = $true; Send-DfssFile *.txt -Peer $peer -Force"));
        Assert.Equal(before, Contents());
    }

    [Theory]
    [InlineData("out")]
    [InlineData("new/")]
    [InlineData("new.txt")]
    public void WhatIf_of_a_receive_writes_nothing(string destination)
    {
        // Two names that differ only by case: to know whether the folder tells them apart would take a file in it.
        Names("Send-DfssFile a.txt -Peer $peer; Send-DfssFile c.txt -Name A.txt -Peer $peer");
        string[] before = Directory.GetFileSystemEntries(folder, "*", SearchOption.AllDirectories);
        DateTime changed = Directory.GetLastWriteTimeUtc(Path.Combine(folder, "out"));
        Assert.Empty(session.Run($"Receive-DfssFile * -Peer $peer -Destination {destination} -WhatIf").Output);
        Assert.Equal(before, Directory.GetFileSystemEntries(folder, "*", SearchOption.AllDirectories));
        Assert.Equal(changed, Directory.GetLastWriteTimeUtc(Path.Combine(folder, "out")));
    }

    [Fact]
    public void WhatIf_starts_and_stops_no_peer()
    {
        Assert.Empty(session.Run("Start-DfssPeer store -Port 0 -WhatIf; Start-DfssPeer store -Port 0 -Detached -WhatIf")
            .As<object>());
        Assert.False(Directory.Exists(Path.Combine(folder, "store")));
        Assert.Empty(session.Run("$peer | Stop-DfssPeer -WhatIf -PassThru; Stop-DfssPeer -Port $peer.Port -WhatIf")
            .As<object>());
        Assert.Equal(DfssPeerState.Running,
            session.Run("Get-DfssPeer -Peer $peer").As<DfssPeerInfo>()[0].State);
    }

    private string Contents() => string.Join('\n', session.Run(
        "(Get-DfssPeer -Peer $peer).Chunks; Get-DfssFileInfo -Peer $peer | ForEach-Object { \"$_ $($_.Version) "
            + "$($_.FileId)\" }")
        .Output);

    private string[] Names(string script) =>
        [.. session.Run(script).As<DfssFileInfo>().Select(file => file.Name)];
}
