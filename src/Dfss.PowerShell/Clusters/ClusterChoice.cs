using Dfss.Clusters;

namespace Dfss.Commands;

/// <summary>The cluster, of those that this user has joined, that a command uses.</summary>
/// <param name="Membership">The cluster; null for none.</param>
/// <param name="IsExplicit">Whether -Cluster names it.</param>
internal sealed record ClusterChoice(ClusterMembership? Membership, bool IsExplicit)
{
    /// <summary>The environment variable that names the cluster where -Cluster is not given.</summary>
    internal const string Variable = "DFSS_CLUSTER";

    internal static ClusterChoice None { get; } = new(Membership: null, IsExplicit: false);

    /// <summary>Selects the cluster.</summary>
    /// <param name="given">The value of -Cluster: a name, or empty for none; null where it is not given.</param>
    /// <param name="isNeeded">Whether one of several must be named; otherwise none is used.</param>
    /// <exception cref="CmdletException">ClusterNotFound, ClusterAmbiguous.</exception>
    internal static ClusterChoice Make(string? given, bool isNeeded = true)
    {
        if (given is not null)
        {
            return given.Length == 0
                ? new ClusterChoice(Membership: null, IsExplicit: true)
                : new ClusterChoice(Find(given), IsExplicit: true);
        }

        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
        {
            return new ClusterChoice(Find(named, Variable), IsExplicit: false);
        }

        IReadOnlyList<ClusterMembership> all = ClusterMembership.List(UserState.Folder);
        return all.Count switch
        {
            0 => None,
            1 => new ClusterChoice(all[0], IsExplicit: false),
            _ => isNeeded ? throw ClusterErrors.Ambiguous(all) : None,
        };
    }

    /// <summary>The cluster of a command that needs one.</summary>
    /// <exception cref="CmdletException">ClusterNotFound, ClusterAmbiguous, ClusterMissing.</exception>
    internal static ClusterMembership Require(string? given) => Make(given).Membership ?? throw ClusterErrors.Missing();

    /// <summary>The cluster of this name, which need not exist yet.</summary>
    /// <exception cref="CmdletException">StateFolderMissing.</exception>
    /// <exception cref="DfssException">InvalidArgument: no cluster may have this name.</exception>
    internal static ClusterMembership At(string name) =>
        ClusterMembership.At(UserState.Folder ?? throw ClusterErrors.StateFolderMissing(), name);

    private static ClusterMembership Find(string name, string? variable = null)
    {
        // No name is a path: the folder of a test cluster's certificates.
        ClusterMembership found = Path.IsPathFullyQualified(name) ? ClusterMembership.In(name) : At(name);
        return found.Exists
            ? found
            : throw ClusterErrors.NotFound(name, variable, ClusterMembership.List(UserState.Folder));
    }
}
