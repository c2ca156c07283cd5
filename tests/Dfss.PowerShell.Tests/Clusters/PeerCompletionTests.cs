using Xunit;

namespace Dfss.Tests.Clusters;

/// <summary>Completion of peers; the environment is that of the whole process.</summary>
[Collection(StateFolderTests.Name)]
public sealed class PeerCompletionTests : IDisposable
{
    private readonly ClusterUsers users = new();

    public void Dispose() => users.Dispose();

    [Fact]
    public void Only_addresses_are_offered_of_the_environment()
    {
        Environment.SetEnvironmentVariable("DFSS_PEER", "zz1:9000,zz2;calc,zz3 $(calc)");
        Assert.Equal(["zz1:9000"], users.Session.Run(
            """
            $text = 'Get-DfssFileInfo -Peer zz'
            [Management.Automation.CommandCompletion]::CompleteInput($text, $text.Length, $null).CompletionMatches |
                ForEach-Object CompletionText
            """).As<string>());
    }
}
