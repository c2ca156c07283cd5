using System.Management.Automation;
using System.Text;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Security;

/// <summary>
/// Names that the peers cannot read, by the cmdlets: a holder of the key finds them, and no peer sees them.
/// </summary>
public sealed class HiddenNameTests : IDisposable
{
    private const string Name = "plans/Zwetschge.txt";
    private const string Hidden = "-HiddenName -EncryptionKey files.key";

    private readonly TemporaryFolder folder = new();
    private readonly Session session = new();

    public HiddenNameTests()
    {
        session.Runspace.SessionStateProxy.Path.SetLocation(WildcardPattern.Escape(folder.Path));
        File.WriteAllText(folder["a.txt"], "contents");
        session.Run(
            $"""
            $peer = Start-DfssPeer store -Port 0
            $PSDefaultParameterValues = @{"{"} '*-DfssFile*:Peer' = $peer.Endpoint {"}"}
            $key = New-DfssEncryptionKey files.key
            $sent = Send-DfssFile a.txt -Name {Name} {Hidden}
            """).ThrowIfFailed();
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void It_is_found_by_name_and_by_pattern_and_shown_with_both_names()
    {
        DfssFileInfo sent = Assert.Single(session.Run("$sent").As<DfssFileInfo>());
        Assert.Equal(Name, sent.Name);
        Assert.StartsWith("~1~", sent.StoredName, StringComparison.Ordinal);
        foreach (string query in new[] { Name, "*", "plans/*", "*.txt", "plans/Zwetschge.t[x]t" })
        {
            DfssFileInfo found = Assert.Single(session.Run($"Get-DfssFileInfo '{query}' {Hidden}").As<DfssFileInfo>());
            Assert.Equal((Name, sent.StoredName), (found.Name, found.StoredName));
        }

        Assert.Equal(
            Name, Assert.Single(
                session.Run($"Get-DfssFileInfo -LiteralName {Name} {Hidden} -Detailed").As<DfssFileInfo>()).Name);
        Assert.Equal(sent.StoredName, Assert.Single(session.Run("Get-DfssFileInfo").As<DfssFileInfo>()).Name);
        session.Run(
            $"foreach ($name in 'b', 'c', 'a') {{ $null = Send-DfssFile a.txt -Name $name {Hidden} }}").ThrowIfFailed();
        Assert.Equal(
            ["a", "b", "c", Name],
            session.Run($"Get-DfssFileInfo {Hidden}").As<DfssFileInfo>().Select(file => file.Name));
        Assert.Empty(
            session.Run(
                "Get-DfssFileInfo * -HiddenName -EncryptionKey (New-DfssEncryptionKey)").ThrowIfFailed().Output);
    }

    [Fact]
    public void It_comes_back_under_its_own_name_with_the_key_and_from_the_pipeline()
    {
        session.Run(
            $"""
            $null = Receive-DfssFile {Name} {Hidden} -Destination one/
            $null = Get-DfssFileInfo {Hidden} | Receive-DfssFile -EncryptionKey files.key -Destination two/
            $null = Receive-DfssFile $sent.StoredName -EncryptionKey files.key -Destination three.txt
            $both = (New-DfssEncryptionKey), 'files.key'
            $null = Receive-DfssFile *.txt -HiddenName -EncryptionKey $both -Destination four/
            if (-not (Compare-DfssFile a.txt -Name {Name} {Hidden}).IsEqual) {"{"} throw 'not equal' {"}"}
            """).ThrowIfFailed();
        foreach (string path in new[]
        {
            "one/plans/Zwetschge.txt", "two/plans/Zwetschge.txt", "three.txt", "four/plans/Zwetschge.txt"
        })
        {
            Assert.Equal("contents", File.ReadAllText(folder[path]));
        }
    }

    [Theory]
    [InlineData("$sent | Get-DfssFileInfo")]
    [InlineData("[pscustomobject]@{ Name = $sent.Name; StoredName = $sent.StoredName } | Get-DfssFileInfo")]
    [InlineData(
        "[pscustomobject]@{ Name = $sent.Name; StoredName = $sent.StoredName } | Receive-DfssFile "
            + "-EncryptionKey files.key")]
    [InlineData(
        "[System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($sent)) | Test-DfssFile")]
    [InlineData("$sent | Test-DfssFile -Detailed | Repair-DfssFile")]
    [InlineData("$sent | Get-DfssFileInfo -Chunk | Get-DfssFileInfo")]
    [InlineData("$sent | Repair-DfssFile | Get-DfssFileInfo")]
    [InlineData("$sent.Versions | Get-DfssFileInfo")]
    [InlineData("Get-DfssFileInfo $sent.StoredName " + Hidden)]
    public void Objects_and_copies_of_them_are_asked_for_by_the_name_that_the_peers_have(string command)
    {
        // A name that a peer does not know is an error; this one none knows.
        Assert.NotEmpty(session.Run(command).ThrowIfFailed().Output);
    }

    [Fact]
    public void It_is_tested_repaired_renamed_and_removed_by_either_way()
    {
        Assert.True(Assert.Single(session.Run($"Test-DfssFile {Name} {Hidden}").As<bool>()));
        Assert.Equal(Name, Assert.Single(session.Run("$sent | Repair-DfssFile").As<DfssFileRepair>()).Name);
        Assert.All(
            session.Run("$sent | Test-DfssFile -Detailed").As<DfssChunkHealth>(),
            chunk => Assert.Equal(Name, chunk.Name));
        DfssFileInfo renamed = Assert.Single(
            session.Run($"Rename-DfssFile {Name} plans/b.txt {Hidden} -PassThru").As<DfssFileInfo>());
        Assert.Equal("plans/b.txt", renamed.Name);
        Assert.StartsWith("~1~", renamed.StoredName, StringComparison.Ordinal);
        Assert.Equal("FileNotFound", IdOf($"Remove-DfssFile {Name} {Hidden} -Confirm:$false"));
        DfssFileInfo removed = Assert.Single(
            session.Run($"Get-DfssFileInfo plans/b.txt {Hidden} | Remove-DfssFile -Confirm:$false -PassThru")
                .As<DfssFileInfo>());
        Assert.Equal("plans/b.txt", removed.Name);
        Assert.Empty(session.Run("Get-DfssFileInfo").ThrowIfFailed().Output);
    }

    [Fact]
    public void Sent_again_it_is_the_same_file_and_errors_speak_of_its_name()
    {
        ErrorRecord exists = Error($"Send-DfssFile a.txt -Name {Name} {Hidden}");
        Assert.Equal("FileExists", Result.IdOf(exists));
        Assert.Contains($"'{Name}'", exists.Exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("~1~", exists.Exception.Message, StringComparison.Ordinal);
        Assert.Equal(
            2,
            Assert.Single(session.Run($"Send-DfssFile a.txt -Name {Name} {Hidden} -Force").As<DfssFileInfo>()).Version);
        ErrorRecord missing = Error($"Receive-DfssFile plans/none.txt {Hidden}");
        Assert.Equal("FileNotFound", Result.IdOf(missing));
        Assert.Contains("'plans/none.txt'", missing.Exception.Message, StringComparison.Ordinal);
        Assert.Equal("KeyRequired", IdOf("$sent | Receive-DfssFile -Destination back.txt"));
        Assert.Contains(
            $"'{Name}'", Error("$sent | Receive-DfssFile -Destination back.txt").Exception.Message,
            StringComparison.Ordinal);
        Assert.Equal("InvalidName", IdOf($"Send-DfssFile a.txt -Name {new string('n', 736)} {Hidden}"));
    }

    [Theory]
    [InlineData("Send-DfssFile a.txt -HiddenName", "HiddenNameKeyMissing")]
    [InlineData("Send-DfssFile a.txt -HiddenName -Recipient files.key", "CertificateInvalid")]
    [InlineData("Receive-DfssFile a.txt -HiddenName", "HiddenNameKeyMissing")]
    [InlineData("Get-DfssFileInfo a.txt -HiddenName", "HiddenNameKeyMissing")]
    [InlineData("Compare-DfssFile a.txt -HiddenName", "HiddenNameKeyMissing")]
    [InlineData("Get-DfssFileInfo a.txt -EncryptionKey files.key", "HiddenNameMissing")]
    [InlineData("Remove-DfssFile a.txt -EncryptionKey files.key -Confirm:$false", "HiddenNameMissing")]
    [InlineData("$sent | Rename-DfssFile -NewName open.txt", "NameWouldShow")]
    [InlineData("$sent | Rename-DfssFile -NewName ../open.txt -HiddenName -EncryptionKey files.key", "InvalidName")]
    public void What_would_give_a_name_away_or_hide_none_is_an_error(string command, string id) =>
        Assert.Equal(id, IdOf(command));

    [Fact]
    public void No_byte_of_the_name_is_sent_to_a_peer()
    {
        session.Run(
            $"""
            $null = Get-DfssFileInfo {Name}, plans/*, nothing.txt {Hidden} -ErrorAction Ignore
            $null = Receive-DfssFile {Name} {Hidden} -Destination back.txt
            $null = Rename-DfssFile {Name} plans/Marille.txt {Hidden}
            Stop-DfssPeer -InputObject $peer
            """).ThrowIfFailed();
        foreach (string path in Directory.EnumerateFiles(folder["store"], "*", SearchOption.AllDirectories))
        {
            string bytes = Encoding.Latin1.GetString(File.ReadAllBytes(path));
            Assert.DoesNotContain("Zwetschge", bytes, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("Marille", bytes, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("plans/", bytes, StringComparison.OrdinalIgnoreCase);
        }
    }

    private ErrorRecord Error(string script)
    {
        Result result = session.Run(script);
        return (result.Ending as RuntimeException)?.ErrorRecord ?? Assert.Single(result.Errors);
    }

    private string IdOf(string script) => Result.IdOf(Error(script));
}
