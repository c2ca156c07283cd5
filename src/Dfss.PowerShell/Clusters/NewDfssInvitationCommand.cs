using System.Management.Automation;
using Dfss.Clusters;
using Dfss.Security;

namespace Dfss.Commands;

/// <summary>
/// Invites a member into a cluster: writes one string, with which Join-DfssCluster gets a certificate, once. Calls the
/// cluster's issuer, as an administrator.
/// </summary>
[Cmdlet(VerbsCommon.New, "DfssInvitation", SupportsShouldProcess = true)]
[OutputType(typeof(string))]
public sealed class NewDfssInvitationCommand : DfssCmdlet
{
    /// <summary>The role of the invited member.</summary>
    [Parameter(
        Mandatory = true, Position = 0, HelpMessage = "The role of the new member: Reader, Writer, Peer or Admin.")]
    public DfssClusterRole Role { get; set; }

    /// <summary>How long the invitation is valid; a day by default.</summary>
    [Parameter(HelpMessage = "How long the invitation is valid, for example 2:00:00 for two hours.")]
    [ArgumentCompleter(typeof(NoCompletion))]
    public TimeSpan ExpiresIn { get; set; } = InvitationTerms.DefaultLifetime;

    /// <summary>
    /// The prefixes of the names that a reader or writer may touch, with or without a '*' at the end.
    /// </summary>
    [Parameter(HelpMessage = "The prefix of the names that a reader or writer may use, for example builds/*.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string[] NamePrefix { get; set; } = [];

    /// <summary>The member's name, in logs and messages.</summary>
    [Parameter(HelpMessage = "What the member will be called, in logs and messages.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string? Name { get; set; }

    /// <summary>The store that a peer is to serve; by default any that has not joined yet.</summary>
    [Parameter(HelpMessage = "The store that a peer serves, if the store has already joined.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string? StoreId { get; set; }

    /// <summary>The cluster to use, where the user has joined several.</summary>
    [Parameter(HelpMessage = "The cluster, if several were joined.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ClusterCompletion))]
    public string? Cluster { get; set; }

    /// <inheritdoc/>
    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        ClusterMembership membership = ClusterChoice.Require(Cluster);
        InvitationTerms terms = new()
        {
            Role = (DfssRole)Role,
            Name = Name,
            NamePrefixes = [.. NamePrefix.Select(ToPrefix)],
            StoreId = StoreId is null ? null : JoinDfssClusterCommand.ParseStoreId(StoreId),
            Lifetime = ExpiresIn,
        };
        if (!await ShouldProcessAsync(membership.Name, $"Invite a member as {Role}").ConfigureAwait(false))
        {
            return;
        }

        TlsIdentity identity = await ClusterIdentity.OfUserAsync(
            membership, Notices, cancellationToken).ConfigureAwait(false);
        Invitation invitation = await new IssuerClient(identity, membership).InviteAsync(
            terms, membership.LoadAuthority(), cancellationToken).ConfigureAwait(false);
        await WriteVerboseAsync(FormattableString.Invariant(
            $"Invited a member into '{membership.Name}' as {Role}, until {invitation.Expires:u}."))
            .ConfigureAwait(false);
        await WriteObjectAsync(invitation.ToText()).ConfigureAwait(false);
    }

    private static string ToPrefix(string text)
    {
        string prefix = text.EndsWith('*') ? text[..^1] : text;
        return prefix.Length > 0 && !WildcardPattern.ContainsWildcardCharacters(prefix)
            ? prefix
            : throw ClusterErrors.NamePrefixInvalid(text);
    }
}
