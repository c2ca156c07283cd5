using System.Management.Automation;
using System.Security;
using Dfss.Clusters;
using Dfss.Peers;
using Dfss.Security;

namespace Dfss.Commands;

/// <summary>
/// Joins a cluster by an invitation: creates a key that is not sent, and gets a certificate for it. From then on the
/// commands that call peers find both, and the peers, without parameters.
/// </summary>
[Cmdlet(VerbsCommon.Join, "DfssCluster", SupportsShouldProcess = true)]
[OutputType(typeof(DfssClusterInfo))]
public sealed class JoinDfssClusterCommand : DfssCmdlet
{
    /// <summary>The environment variable with the invitation where -Invitation is not given.</summary>
    internal const string InvitationVariable = "DFSS_INVITATION";

    /// <summary>The output of New-DfssInvitation: a string, or a SecureString.</summary>
    [Parameter(Position = 0, HelpMessage = "What New-DfssInvitation gave. Default: $env:DFSS_INVITATION.")]
    [SecretArgument]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(NoCompletion))]
    public SecureString? Invitation { get; set; }

    /// <summary>The folder of the store that a peer will serve; created where it does not exist.</summary>
    [Parameter(HelpMessage = "The folder of the store that a peer will serve; created if it does not exist.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    public string? StorePath { get; set; }

    /// <summary>The id of the store that a peer will serve, instead of its folder.</summary>
    [Parameter(HelpMessage = "The id of the store that a peer will serve, instead of its folder.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string? StoreId { get; set; }

    /// <summary>The cluster's name on this machine; by default the authority's name for it.</summary>
    [Parameter(HelpMessage = "The name of the cluster here, if another one has its name.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string? Cluster { get; set; }

    /// <summary>Replaces an existing certificate with the new one.</summary>
    [Parameter(HelpMessage = "Puts the new certificate in the place of one that is there.")]
    public SwitchParameter Force { get; set; }

    /// <summary>Parses a store's id.</summary>
    /// <exception cref="CmdletException">StoreIdInvalid.</exception>
    internal static StoreId ParseStoreId(string text) =>
        Dfss.StoreId.TryParse(text, out StoreId id) ? id : throw ClusterErrors.StoreIdInvalid(text);

    /// <inheritdoc/>
    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        string? text = Invitation is not null
            ? ClusterPassphrase.ToText(Invitation)
            : Environment.GetEnvironmentVariable(InvitationVariable);
        if (string.IsNullOrEmpty(text))
        {
            throw ClusterErrors.InvitationMissing();
        }

        Invitation invitation = Dfss.Clusters.Invitation.Parse(text);
        bool isPeer = invitation.Role == DfssRole.Peer;
        if (isPeer == (StorePath is null && StoreId is null))
        {
            throw isPeer ? ClusterErrors.StoreMissing() : ClusterErrors.StoreNotExpected(invitation.Role.ToString());
        }

        ClusterMembership membership = ClusterChoice.At(Cluster ?? invitation.Cluster);
        membership.ThrowIfAnother(invitation.Authority);
        string? path = StorePath is null ? null : await ResolveNewAsync(StorePath).ConfigureAwait(false);
        string what = path is not null
            ? $" for the store '{path}'"
            : StoreId is not null ? $" for the store {StoreId}" : string.Empty;
        if (!await ShouldProcessAsync(membership.Name, $"Join as {invitation.Role}{what}").ConfigureAwait(false))
        {
            return;
        }

        StoreId? store = StoreId is not null ? ParseStoreId(StoreId)
            : path is not null ? await PeerStore.FindOrCreateAsync(path, cancellationToken).ConfigureAwait(false)
            : null;
        if (!Force && membership.Describe(store) is { } member)
        {
            throw ClusterErrors.Joined(membership, member);
        }

        // Before the invitation is used up: fails where the certificate could not be saved.
        membership.Prepare();
        JoinedMember joined = await IssuerClient.JoinAsync(invitation, store, cancellationToken).ConfigureAwait(false);
        await KeepAsync(membership, invitation, joined, store).ConfigureAwait(false);
        await WriteObjectAsync(new DfssClusterInfo(membership, membership.Describe(store)!)).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    internal override object? EndingTarget(DfssException failure) => Cluster;

    /// <summary>Not cancelled: the invitation is used up, and this is the only copy of the certificate.</summary>
    private static async Task KeepAsync(
        ClusterMembership membership, Invitation invitation, JoinedMember joined, StoreId? store)
    {
        await membership.SaveIdentityAsync(joined.Certificate, store, CancellationToken.None).ConfigureAwait(false);
        await membership.SavePeersAsync(joined.Peers, CancellationToken.None).ConfigureAwait(false);
        await membership.CreateAsync(
            invitation.Authority, joined.RevocationList, CancellationToken.None).ConfigureAwait(false);
    }
}
