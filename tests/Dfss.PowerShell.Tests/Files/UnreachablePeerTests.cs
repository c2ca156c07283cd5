using Xunit;

namespace Dfss.Tests.Files;

/// <summary>Files at peers that cannot be reached, beside files at peers that answer.</summary>
public sealed class UnreachablePeerTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly Session session = new();

    public UnreachablePeerTests()
    {
        session.Runspace.SessionStateProxy.Path.SetLocation(folder);
        session.Run("$peer = Start-DfssPeer -InMemory -Port 0").ThrowIfFailed();
        Array.ForEach(["a.txt", "b.txt"], name => File.WriteAllText(Path.Combine(folder, name), name));
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("$a, $b | Receive-DfssFile -Destination out/")]
    [InlineData("$a, $b | Receive-DfssFile -Destination out/ -Peer $peer")]
    [InlineData("Receive-DfssFile -InputObject $a, $b -Destination out/ -Peer $other")]
    public void A_file_whose_peers_are_out_of_reach_does_not_stop_those_at_other_peers(string script)
    {
        session.Run(
            "$other = Start-DfssPeer -InMemory -Port 0; $a = Send-DfssFile a.txt -Peer $other; "
                + "$b = Send-DfssFile b.txt -Peer $peer; Stop-DfssPeer -InputObject $other").ThrowIfFailed();
        Result result = session.Run($"{script} -ErrorAction SilentlyContinue -ErrorVariable failed; $failed.Count");
        Assert.Null(result.Ending);
        Assert.Empty(result.Errors);
        Assert.Equal("b.txt", ((FileInfo)result.Output[0].BaseObject).Name);
        Assert.Equal(1, result.Output[1].BaseObject);
        Assert.Equal(
            "PeerUnreachable", Result.IdOf(session.RunUntilError($"{script} -Force -ErrorAction Stop")));
    }
}
