using System.Management.Automation;
using Xunit;

namespace Dfss.Tests;

/// <summary>
/// What the environment says wrongly: the peers, the program for detached ones; and what keeps those from starting.
/// </summary>
[Collection(ModuleSession.OneProcess)]
public sealed class BadEnvironmentTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly ModuleSession session = new();

    public BadEnvironmentTests()
    {
        session.Run($"$env:DFSS_HOST = '{ModuleSession.ShellPath}'; $folder = '{folder}'");
        File.WriteAllText(Path.Combine(folder, "file"), "content");
    }

    public void Dispose()
    {
        session.Run("$env:DFSS_PEER = $null; $env:DFSS_HOST = $null");
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("localhost:x")]
    [InlineData("localhost:9000,localhost:70000")]
    [InlineData("http://localhost:9000")]
    public void Malformed_peers_of_the_environment_are_named_and_no_peer_is_asked(string peers)
    {
        ErrorRecord error = Fails($"$env:DFSS_PEER = '{peers}'; Get-DfssFileInfo");
        Check(error, "PeerAddressInvalid", ErrorCategory.InvalidArgument, peers.Split(',')[^1]);
        Assert.StartsWith("$env:DFSS_PEER names no peers: ", error.ErrorDetails.Message, StringComparison.Ordinal);
        Assert.Contains("$env:DFSS_PEER", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("$null")]
    [InlineData("' , '")]
    public void No_peers_of_the_environment_are_an_error_with_what_to_set(string peers)
    {
        ErrorRecord error = Fails($"$env:DFSS_PEER = {peers}; Get-DfssFileInfo");
        Check(error, "PeerMissing", ErrorCategory.InvalidArgument, target: null);
        Assert.Contains("$env:DFSS_PEER", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void A_detached_peer_whose_program_does_not_exist_is_an_error()
    {
        ErrorRecord error = Fails("$env:DFSS_HOST = '/none'; Start-DfssPeer $folder/store -Port 0 -Detached");
        Check(error, "HostNotFound", ErrorCategory.ObjectNotFound, "/none");
    }

    [Fact]
    public void A_detached_peer_whose_program_is_another_is_an_error_with_its_output()
    {
        Assert.SkipUnless(File.Exists("/bin/echo"), "It takes a program that is no host of peers: /bin/echo.");
        ErrorRecord error = Fails("$env:DFSS_HOST = '/bin/echo'; Start-DfssPeer $folder/store -Port 0 -Detached");
        Check(error, "PeerStartFailed", ErrorCategory.OpenError, "/bin/echo");
        Assert.Contains("-Command", error.ErrorDetails.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_detached_peer_whose_program_cannot_be_run_is_an_error()
    {
        string program = Path.Combine(folder, "file");
        ErrorRecord error = Fails("$env:DFSS_HOST = \"$folder/file\"; Start-DfssPeer $folder/store -Port 0 -Detached");
        Check(error, "PeerStartFailed", ErrorCategory.OpenError, program);
    }

    [Fact]
    public void An_error_of_a_detached_peers_store_is_the_same_error_here()
    {
        string[] messages = [.. new[] { string.Empty, " -Detached" }.Select(detached =>
        {
            ErrorRecord error = Fails($"Start-DfssPeer $folder -Port 0{detached}");
            Check(error, "StoreFormat", ErrorCategory.InvalidData, folder);
            return error.Exception.Message;
        })];
        Assert.Equal(messages[0], messages[1]);
        Assert.Equal([Path.Combine(folder, "file")], Directory.GetFileSystemEntries(folder));
    }

    private ErrorRecord Fails(string script) =>
        (ErrorRecord)Assert.Single(session.Run($"try {{ {script} }} catch {{ $_ }}")).BaseObject;

    private void Check(ErrorRecord error, string id, ErrorCategory category, string? target)
    {
        Assert.Equal(id, error.FullyQualifiedErrorId.Split(',')[0]);
        Assert.Equal(category, error.CategoryInfo.Category);
        Assert.Equal(target, error.TargetObject);
        Assert.Equal($"{error.ErrorDetails.Message} {error.ErrorDetails.RecommendedAction}", error.Exception.Message);
        Assert.NotEmpty(error.ErrorDetails.RecommendedAction);
        // Only this test uses the peers of the environment.
        Assert.Empty(session.Run("$env:DFSS_PEER = $null; Get-DfssPeer | Where-Object Kind -eq Detached"));
    }
}
