using System.Management.Automation;
using System.Security;
using Dfss.Clusters;

namespace Dfss.Commands;

/// <summary>Makes a cluster: its authority, and the certificate of its first administrator, who is this user.</summary>
[Cmdlet(VerbsCommon.New, "DfssCluster", SupportsShouldProcess = true)]
[OutputType(typeof(DfssClusterInfo))]
public sealed class NewDfssClusterCommand : DfssCmdlet
{
    /// <summary>The cluster's name: letters, digits, '-', '_' and '.'.</summary>
    [Parameter(Mandatory = true, Position = 0, HelpMessage = "The cluster's name: letters, digits, '-', '_' and '.'.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = string.Empty;

    /// <summary>The passphrase under which the authority's key is kept.</summary>
    [Parameter(HelpMessage = "The passphrase under which the authority's key is kept.")]
    [ValidateNotNull]
    public SecureString? Passphrase { get; set; }

    /// <inheritdoc/>
    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        ClusterMembership membership = ClusterChoice.At(Name);
        if (membership.Exists)
        {
            throw ClusterErrors.Exists(membership);
        }

        string action = $"Make a cluster, with its authority in '{membership.AuthorityFolder}'";
        if (!await ShouldProcessAsync(membership.Name, action).ConfigureAwait(false))
        {
            return;
        }

        string passphrase = await ReadPassphraseAsync(Passphrase, isNew: true).ConfigureAwait(false);
        string administrator = $"{Environment.UserName}@{Environment.MachineName}";
        await membership.FoundAsync(passphrase, administrator, clock: null, cancellationToken).ConfigureAwait(false);
        await WriteObjectAsync(new DfssClusterInfo(membership, membership.Describe(store: null)!)).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    private protected override object? EndingTarget(DfssException failure) => Name;
}
