using System.Management.Automation.Runspaces;

namespace Dfss.Commands;

/// <summary>The test clusters of this process, to be removed with their session.</summary>
internal static class TestClusters
{
    private static readonly Lock Gate = new();
    private static readonly List<DfssTestCluster> Clusters = [];

    internal static void Add(DfssTestCluster cluster)
    {
        lock (Gate)
        {
            Clusters.Add(cluster);
        }
    }

    internal static void Forget(DfssTestCluster cluster)
    {
        lock (Gate)
        {
            Clusters.Remove(cluster);
        }
    }

    /// <summary>Removes the clusters that end with a session; all of them when none is named.</summary>
    internal static Task RemoveAsync(Runspace? ending)
    {
        DfssTestCluster[] ended;
        lock (Gate)
        {
            ended = [.. Clusters.Where(cluster => ending is null || cluster.EndsWith(ending))];
        }

        return Task.WhenAll(ended.Select(cluster => cluster.RemoveAsync()));
    }
}
