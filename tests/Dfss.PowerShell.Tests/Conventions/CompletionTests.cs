using System.Collections;
using System.Management.Automation;
using Dfss.Commands;
using Dfss.Testing;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Conventions;

/// <summary>What is offered for arguments while a user types, through PowerShell's own completion.</summary>
public sealed class CompletionTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly Session session = new();

    public CompletionTests()
    {
        session.Runspace.SessionStateProxy.Path.SetLocation(folder);
        File.WriteAllText(Path.Combine(folder, "local.txt"), "local");
        session.Run("$peer = Start-DfssPeer -InMemory -Port 0").ThrowIfFailed();
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("Get-DfssFileInfo ")]
    [InlineData("Get-DfssFileInfo -LiteralName ")]
    [InlineData("Receive-DfssFile ")]
    [InlineData("Get-DfssContent ")]
    [InlineData("Set-DfssContent ")]
    [InlineData("Open-DfssFile -LiteralName ")]
    [InlineData("Test-DfssFile -Name ")]
    [InlineData("Repair-DfssFile -LiteralName ")]
    [InlineData("Remove-DfssFile other, ")]
    [InlineData("Rename-DfssFile ")]
    [InlineData("Copy-DfssFile ")]
    [InlineData("Restore-DfssFile ")]
    [InlineData("Add-DfssFileRecipient ")]
    [InlineData("Remove-DfssFileRecipient ")]
    [InlineData("Send-DfssFile local.txt -Name ")]
    [InlineData("Compare-DfssFile local.txt ")]
    public void What_was_sent_is_offered_in_every_command_that_takes_stored_names(string command)
    {
        Send("photos/a.jpg", "plain.txt");
        Assert.Contains("plain.txt", Complete(command));
        Assert.Equal(["photos/a.jpg"], Complete($"{command}PHO"));
        Assert.Empty(Complete($"{command}none"));
        if (!command.Contains(',', StringComparison.Ordinal))
        {
            // PowerShell's parser does not see an open string after a comma as an argument.
            Assert.Equal(["'plain.txt'"], Complete($"{command}'pl"));
        }
    }

    [Theory]
    [InlineData("with space.txt")]
    [InlineData("it's.txt")]
    [InlineData("[1] *?.txt")]
    [InlineData("back`tick $x (1);&|,@{}#.txt")]
    [InlineData("“typographic”.txt")]
    [InlineData("-dash")]
    [InlineData("1e3")]
    [InlineData("0x10")]
    [InlineData("007")]
    [InlineData("~tilde")]
    public void What_is_offered_names_the_file_and_no_other(string name)
    {
        Send(name, "other [1] *?.txt", "1");
        foreach (string quote in (string[])["", "'", "\""])
        {
            // An open quotation mark and a dash are the start of a parameter to PowerShell's completion.
            string start = name[0] != '-' && (quote.Length > 0 || char.IsLetter(name[0])) ? quote + name[..1] : quote;
            string literal = Complete($"Get-DfssFileInfo -LiteralName {start}").First(text => Evaluate(text) == name);
            Assert.Equal([name], Names($"Get-DfssFileInfo -LiteralName {literal}"));
            string pattern = Complete($"Get-DfssFileInfo -Name {quote}")
                .First(text => WildcardPattern.Unescape(Evaluate(text)) == name);
            Assert.Equal([name], Names($"Get-DfssFileInfo -Name {pattern}"));
        }

        string further = Complete("Get-DfssFileInfo -LiteralName other, ").First(text => Evaluate(text) == name);
        Assert.Contains(
            name, session.Run($"Get-DfssFileInfo -LiteralName absent, {further} -ErrorAction Ignore").Output
                .Select(item => ((DfssFileInfo)item.BaseObject).Name));
    }

    [Fact]
    public void The_versions_of_the_file_are_offered_the_newest_first_and_what_is_removed_is_not()
    {
        Send("a.txt");
        File.WriteAllText(Path.Combine(folder, "local.txt"), "changed");
        session.Run("$null = Send-DfssFile local.txt -Name a.txt -Force").ThrowIfFailed();
        Assert.Equal(["2", "1"], Complete("Receive-DfssFile a.txt -Version "));
        Assert.Equal(["1"], Complete("Get-DfssFileInfo -LiteralName a.txt -Version 1"));
        Assert.Empty(Complete("Get-DfssFileInfo none -Version "));
        foreach (string command in (string[])["Copy-DfssFile", "Restore-DfssFile", "Remove-DfssFile"])
        {
            Assert.Equal(["2", "1"], Complete($"{command} a.txt -Version "));
        }

        session.Run("Restore-DfssFile a.txt -Version 1; Copy-DfssFile a.txt c.txt").ThrowIfFailed();
        Assert.Equal(["3", "2"], Complete("Receive-DfssFile a.txt -Version "));
        Assert.Equal(["c.txt"], Complete("Get-DfssFileInfo c"));
        session.Run("Remove-DfssFile c.txt -Confirm:$false; Restore-DfssFile c.txt").ThrowIfFailed();
        Assert.Equal(["c.txt"], Complete("Get-DfssFileInfo c"));
        session.Run("Remove-DfssFile c.txt -Confirm:$false").ThrowIfFailed();
        session.Run("Rename-DfssFile a.txt b.txt").ThrowIfFailed();
        Assert.Equal(["b.txt"], Complete("Get-DfssFileInfo "));
        session.Run("Remove-DfssFile b.txt -Confirm:$false").ThrowIfFailed();
        Assert.Empty(Complete("Get-DfssFileInfo "));
    }

    [Fact]
    public async Task A_listing_in_the_background_finds_what_others_have_sent_and_a_stopped_peer_delays_nothing()
    {
        using TemporaryFolder stores = new();
        await using PeerProcess peer = await PeerProcess.StartAsync(stores["store"]);
        string source = Path.Combine(folder, "local.txt");
        await using (DfssClient client = new([peer.Address], TransferOptions.Default))
        {
            await client.SendAsync(
                source, "of-another.txt", SendOptions.Default, progress: null, TestContext.Current.CancellationToken);
        }

        string command = $"Get-DfssFileInfo -Peer {peer.Address} ";
        Complete(command);
        await RefreshAsync($"{peer.Address}", "of-another.txt");
        Assert.Equal(["of-another.txt"], Complete(command));
        UnixSignal.Send(peer.ProcessId, UnixSignal.Stop);
        try
        {
            Assert.Equal(["of-another.txt"], Complete(command));
            Assert.Equal(["of-another.txt"], Complete($"Receive-DfssFile -Peer {peer.Address} of"));
            Assert.Empty(session.Run("$Error").Output);
        }
        finally
        {
            UnixSignal.Send(peer.ProcessId, UnixSignal.Continue);
        }
    }

    [Fact]
    public void Another_peer_at_an_address_that_was_used_before_has_not_the_names_of_the_first()
    {
        Send("a.txt");
        Assert.Equal(["a.txt"], Complete("Get-DfssFileInfo "));
        session.Run("$port = ($peer.Address -split ':')[-1]; $peer | Stop-DfssPeer").ThrowIfFailed();
        session.Run("$null = Start-DfssPeer -InMemory -Port $port").ThrowIfFailed();
        Assert.Empty(Complete("Get-DfssFileInfo "));
    }

    [Theory]
    [InlineData("Get-DfssFileInfo -Peer localhost:1 ")]
    [InlineData("Get-DfssFileInfo -Peer 'no peer at all' ")]
    [InlineData("Receive-DfssFile a -Peer localhost:1 -Version ")]
    [InlineData("Get-DfssFileInfo -Cluster absent ")]
    [InlineData("Get-DfssFileInfo -Certificate absent.pfx -TrustedAuthority absent.crt -Peer localhost:1 ")]
    [InlineData("Revoke-DfssCertificate -Cluster absent ")]
    [InlineData("Get-DfssCertificate -LiteralName ")]
    public void Where_nothing_can_be_found_nothing_is_offered_and_no_error_is_shown(string command)
    {
        Assert.Empty(Complete(command));
        Assert.Empty(session.Run("$Error").Output);
    }

    [Fact]
    public void Of_100_000_names_those_that_match_are_offered_and_too_many_as_folders()
    {
        NameList names = NameCache.Of(NameCache.KeyOf([PeerAddress.Parse("localhost:2")], string.Empty));
        for (int i = 0; i < 100_000; i++)
        {
            names.Add(FormattableString.Invariant($"folder{i / 1000:00}/file{i:00000}"), [1]);
        }

        string command = "Get-DfssFileInfo -Peer localhost:2 ";
        Assert.Equal(["folder77/file77123"], Complete($"{command}folder77/file77123"));
        Assert.Equal(100, Complete(command).Length);
        Assert.Contains("folder42/", Complete(command));
        Assert.Equal(1000, Complete($"{command}folder42/").Length);
    }

    /// <summary>Waits for the listing that a completion has begun.</summary>
    /// <summary>Until a listing has succeeded: a test that removes the module stops all of this process.</summary>
    // An earlier peer of this process may have had the same port: what it had was listed, and is offered until the next
    // listing, which may begin some seconds after the last one.
    private static async Task RefreshAsync(string peer, string name)
    {
        CompletionScope scope = CompletionScope.Find(new Hashtable { ["Peer"] = peer });
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        do
        {
            await scope.RefreshAsync();
            limit.Token.ThrowIfCancellationRequested();
        }
        while (!scope.Names.Find(_ => true).SequenceEqual([name]));
    }

    private void Send(params string[] names)
    {
        foreach (string name in names)
        {
            session.Run("$null = Send-DfssFile local.txt -Name $name", ("name", name)).ThrowIfFailed();
        }
    }

    private string Evaluate(string argument) =>
        (string)session.Run($"function Give([string] $Text) {{ $Text }}; Give -Text:{argument}").ThrowIfFailed()
            .Output[0].BaseObject;

    private string[] Names(string script) =>
        [.. session.Run(script).As<DfssFileInfo>().Select(file => file.Name)];

    private string[] Complete(string text) => session.Complete(text);
}
