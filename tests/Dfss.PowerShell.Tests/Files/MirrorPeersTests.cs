using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Files;

/// <summary>Receive-DfssFile -Mirror when not all that is stored can be listed.</summary>
public sealed class MirrorPeersTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly Session session = new();

    public MirrorPeersTests()
    {
        session.Runspace.SessionStateProxy.Path.SetLocation(folder.Path);
        File.WriteAllText(folder["source"], "source");
        session.Run(
            """
            $a, $b, $c, $d, $e = foreach ($number in 1..5) { Start-DfssPeer -InMemory -Port 0 }
            $null = Send-DfssFile source t/1 -Peer $a, $b, $c
            $null = Send-DfssFile source t/2 -Peer $c, $d, $e
            """).ThrowIfFailed();
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void A_peer_that_is_down_and_was_not_named_prevents_removals()
    {
        const string Mirror = "Receive-DfssFile t/* x/ -RelativeTo t -Peer $a, $b -Mirror -Confirm:$false";
        session.Run(Mirror).ThrowIfFailed();
        Assert.True(File.Exists(folder["x", "2"]));
        session.Run("Stop-DfssPeer $c.Id").ThrowIfFailed();
        Result result = session.Run(Mirror);
        Assert.Equal("MirrorIncomplete", Result.IdOf(Assert.Single(result.Errors)));
        Assert.True(File.Exists(folder["x", "2"]));
    }
}
