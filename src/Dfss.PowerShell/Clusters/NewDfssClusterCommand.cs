using System.Management.Automation;
using System.Security;
using Dfss.Clusters;

namespace Dfss.Commands;

/// <summary>Creates a cluster: its authority, and the certificate of its first administrator, this user.</summary>
[Cmdlet(VerbsCommon.New, "DfssCluster", SupportsShouldProcess = true)]
[OutputType(typeof(DfssClusterInfo))]
public sealed class NewDfssClusterCommand : DfssCmdlet
{
    /// <summary>The cluster's name: letters, digits, '-', '_' and '.'.</summary>
    [Parameter(Mandatory = true, Position = 0, HelpMessage = "The cluster's name: letters, digits, '-', '_' and '.'.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string Name { get; set; } = string.Empty;

    /// <summary>The passphrase that encrypts the authority's key.</summary>
    [Parameter(HelpMessage = "The passphrase under which the authority's key is kept.")]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(NoCompletion))]
    public SecureString? Passphrase { get; set; }

    /// <summary>Takes a passphrase that is short enough to be guessed from a copy of the authority's folder.</summary>
    [Parameter(HelpMessage = "Takes a passphrase of fewer than 12 characters.")]
    public SwitchParameter AllowShortPassphrase { get; set; }

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

        string passphrase = await ClusterPassphrase.ReadAsync(this, Passphrase, isNew: true).ConfigureAwait(false);
        if (passphrase.Length < ClusterPassphrase.MinCharacters && !AllowShortPassphrase)
        {
            throw ClusterErrors.PassphraseTooShort();
        }

        string administrator = $"{Environment.UserName}@{Environment.MachineName}";
        await membership.FoundAsync(passphrase, administrator, clock: null, cancellationToken).ConfigureAwait(false);
        await WriteObjectAsync(
            new DfssClusterInfo(membership, membership.Describe(store: null)!)).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    internal override object? EndingTarget(DfssException failure) => Name;
}
