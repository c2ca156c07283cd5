using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Clusters;

/// <summary>
/// What of clusters lies in the user's state folder, of which a process has one: these tests run alone.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public static class StateFolderTests
{
    public const string Name = "the state folder";
}

/// <summary>
/// Users of clusters: each has its own state folder. $env:XDG_STATE_HOME is that of the user whose turn it is. What a
/// test has set is unset when it ends.
/// </summary>
internal sealed class ClusterUsers : IDisposable
{
    private const string StateVariable = "XDG_STATE_HOME";

    private static readonly string[] Variables =
        [StateVariable, "DFSS_CLUSTER", "DFSS_CLUSTER_PASSPHRASE", "DFSS_INVITATION", "DFSS_PEER"];

    private readonly Dictionary<string, string?> before =
        Variables.ToDictionary(name => name, Environment.GetEnvironmentVariable);

    private readonly TemporaryFolder folder = new();

    public ClusterUsers()
    {
        foreach (string name in Variables)
        {
            Environment.SetEnvironmentVariable(name, null);
        }

        Session.Runspace.SessionStateProxy.Path.SetLocation(
            System.Management.Automation.WildcardPattern.Escape(folder.Path));
        Be("boss");
    }

    public Session Session { get; } = new();

    public string Path => folder.Path;

    /// <summary>From now on the commands are this user's.</summary>
    public void Be(string user) => Environment.SetEnvironmentVariable(StateVariable, folder[user]);

    /// <summary>The folder of a user's cluster.</summary>
    public string ClusterOf(string user, string name) => System.IO.Path.Combine(folder[user], "dfss", "clusters", name);

    /// <summary>A cluster called lab, of the user boss, and its first peer in this session.</summary>
    public void MakeCluster()
    {
        Be("boss");
        Environment.SetEnvironmentVariable("DFSS_CLUSTER_PASSPHRASE", "correct horse battery staple");
        Session.Run("$null = New-DfssCluster lab; $issuer = Start-DfssPeer store1 -Port 0 -Issuer").ThrowIfFailed();
        Environment.SetEnvironmentVariable("DFSS_CLUSTER_PASSPHRASE", null);
    }

    /// <summary>An invitation by boss.</summary>
    public string Invite(string arguments)
    {
        Be("boss");
        return Assert.Single(Session.Run($"New-DfssInvitation {arguments}").As<string>());
    }

    public void Dispose()
    {
        Session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        Session.Dispose();
        foreach ((string name, string? value) in before)
        {
            Environment.SetEnvironmentVariable(name, value);
        }

        folder.Dispose();
    }
}
