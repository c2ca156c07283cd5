using Xunit;

namespace Dfss.Tests.Clusters;

/// <summary>Copy-DfssFile -Destination with the name of a joined cluster.</summary>
[Collection(StateFolderTests.Name)]
public sealed class CopyToClusterTests : IDisposable
{
    private readonly ClusterUsers users = new();

    public void Dispose() => users.Dispose();

    [Fact]
    public void Files_go_from_peers_without_certificates_to_a_cluster_each_with_its_identity()
    {
        users.MakeCluster();
        File.WriteAllText(Path.Combine(users.Path, "a.txt"), "contents");
        users.Session.Run(
            """
            $plain = Start-DfssPeer -InMemory -Port 0 -Cluster ''
            $null = Send-DfssFile a.txt -Peer $plain -Cluster ''
            """).ThrowIfFailed();
        System.Management.Automation.ErrorRecord refused = users.Session.RunUntilError(
            "Copy-DfssFile a.txt -Peer $plain -Cluster '' -Destination $issuer -ErrorAction Stop");
        Assert.Equal("TlsRequired", Result.IdOf(refused));
        Assert.Contains(
            "Give the name of a joined cluster", refused.ErrorDetails.RecommendedAction, StringComparison.Ordinal);

        users.Session.Run("Copy-DfssFile a.txt -Peer $plain -Cluster '' -Destination lab").ThrowIfFailed();

        DfssFileInfo copy = Assert.Single(
            users.Session.Run("Get-DfssFileInfo -Cluster lab").As<DfssFileInfo>());
        Assert.Equal("a.txt", copy.Name);
        Assert.Equal(users.Session.Run("$issuer.Endpoint").Output.Single().ToString(), Assert.Single(copy.Peers));
        users.Session.Run("Copy-DfssFile a.txt b.txt -Cluster lab -Destination $issuer").ThrowIfFailed();
        Assert.Equal(2, users.Session.Run("Get-DfssFileInfo -Cluster lab").As<DfssFileInfo>().Count);
    }
}
