using System.Management.Automation;
using Xunit;

namespace Dfss.Tests.Clusters;

/// <summary>Clusters, stores and state folders that are not what the user means: what the messages name.</summary>
[Collection(StateFolderTests.Name)]
public sealed class WrongPlaceTests : IDisposable
{
    private readonly ClusterUsers users = new();

    public void Dispose() => users.Dispose();

    [Fact]
    public void An_issuer_that_is_started_without_Issuer_says_what_it_is_and_what_to_give()
    {
        users.MakeCluster();
        Result plain = users.Session.Run(
            "Stop-DfssPeer -InputObject $issuer; ($plain = Start-DfssPeer store1 -Port 0)").ThrowIfFailed();
        Assert.Null(Assert.Single(plain.As<DfssPeerInfo>()).Identity);
        string warning = Assert.Single(plain.Warnings);
        Assert.Contains(
            "was the issuer of the cluster 'lab', and -Issuer is not given", warning, StringComparison.Ordinal);
        Assert.Contains("start it with -Issuer; or give -Cluster ''", warning, StringComparison.Ordinal);
        Assert.Contains("plaintext", warning, StringComparison.Ordinal);

        users.Session.Run("$plain | Stop-DfssPeer").ThrowIfFailed();
        ErrorRecord refused = users.Session.RunUntilError("Start-DfssPeer store1 -Port 0 -Address *");
        Assert.Equal("PeerNotJoined", Result.IdOf(refused));
        Assert.StartsWith("Start it with -Issuer", refused.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Result meant = users.Session.Run("Start-DfssPeer store1 -Port 0 -Cluster ''").ThrowIfFailed();
        Assert.Empty(meant.Warnings);
    }

    [Fact]
    public void An_error_about_a_cluster_that_is_not_here_names_the_state_folder()
    {
        users.Be("eve");
        string state = Path.Combine(users.Path, "eve", "dfss");
        foreach (string command in new[]
        {
            "New-DfssInvitation Reader", "Get-DfssFileInfo -Cluster lab", "Get-DfssCluster lab"
        })
        {
            Assert.Contains(
                $"'{state}'",
                users.Session.RunUntilError($"$ErrorActionPreference = 'Stop'; {command}").Exception.Message,
                StringComparison.Ordinal);
        }

        users.MakeCluster();
        ErrorRecord store = users.Session.RunUntilError("Start-DfssPeer store2 -Port 0 -Cluster lab");
        Assert.Contains($"'{users.ClusterOf("boss", "lab")}'", store.Exception.Message, StringComparison.Ordinal);
    }
}
