using System.Management.Automation;
using Dfss.Security;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// Takes the certificates of members back, for ever: whoever shows one is cut off and refused from then on. Asks the cluster's issuer, as
/// an administrator, and tells every peer that can be reached.
/// </summary>
[Cmdlet(VerbsSecurity.Revoke, "DfssCertificate", DefaultParameterSetName = NameSet, SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(DfssCertificateInfo))]
public sealed class RevokeDfssCertificateCommand : CertificateCmdlet
{
    // The default set takes nothing from the pipeline: it is tried first, and an object would be bound by its property Name.
    private const string NameSet = "Name";
    private const string PipelineNameSet = "NameFromPipeline";
    private const string LiteralNameSet = "LiteralName";
    private const string ObjectSet = "InputObject";

    /// <summary>What the members are called; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = NameSet, HelpMessage = "What the members are called; wildcards are allowed.")]
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true,
        ParameterSetName = PipelineNameSet, HelpMessage = "What the members are called; wildcards are allowed.")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string[] Name { get; set; } = [];

    /// <summary>What the members are called, every character standing for itself.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = LiteralNameSet,
        HelpMessage = "What the members are called, every character standing for itself.")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string[] LiteralName { get; set; } = [];

    /// <summary>The certificates, as Get-DfssCertificate gives them.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ObjectSet,
        HelpMessage = "The certificates, as Get-DfssCertificate gives them.")]
    [ValidateNotNull]
    public DfssCertificateInfo[] InputObject { get; set; } = [];

    /// <summary>Gives what was taken back.</summary>
    [Parameter(HelpMessage = "Gives the certificates that were taken back.")]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        if (ParameterSetName != ObjectSet)
        {
            bool isLiteral = ParameterSetName == LiteralNameSet;
            ClusterMembership membership = ClusterChoice.Require(Cluster);
            IssuerClient issuer = await ConnectAsync(membership, cancellationToken).ConfigureAwait(false);
            IReadOnlyList<DfssCertificateInfo> found = await FindAsync(
                membership, issuer, isLiteral ? LiteralName : Name, isLiteral, cancellationToken).ConfigureAwait(false);
            await RevokeAsync(membership, issuer, found, cancellationToken).ConfigureAwait(false);
            return;
        }

        foreach (IGrouping<string, DfssCertificateInfo> group in InputObject.GroupBy(one => Cluster ?? one.Cluster))
        {
            ClusterMembership membership = ClusterChoice.Require(group.Key);
            IssuerClient issuer = await ConnectAsync(membership, cancellationToken).ConfigureAwait(false);
            await RevokeAsync(membership, issuer, [.. group], cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task RevokeAsync(
        ClusterMembership membership, IssuerClient issuer, IReadOnlyList<DfssCertificateInfo> certificates, CancellationToken cancellationToken)
    {
        byte[]? list = null;
        try
        {
            foreach (DfssCertificateInfo one in certificates)
            {
                string target = FormattableString.Invariant($"{one.Name} ({one.Role}, in '{membership.Name}' since {one.Issued:yyyy-MM-dd HH:mm})");
                if (await ShouldProcessAsync(target, "Revoke the certificate, for ever").ConfigureAwait(false))
                {
                    list = await TryRevokeAsync(membership, issuer, one, cancellationToken).ConfigureAwait(false) ?? list;
                }
            }
        }
        finally
        {
            // Also of those before one that failed, or before Ctrl+C.
            if (list is not null)
            {
                await TellPeersAsync(membership, issuer, list, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<byte[]?> TryRevokeAsync(
        ClusterMembership membership, IssuerClient issuer, DfssCertificateInfo certificate, CancellationToken cancellationToken)
    {
        try
        {
            byte[] list = await issuer.RevokeAsync(certificate.SerialNumber, cancellationToken).ConfigureAwait(false);
            await WriteVerboseAsync($"Revoked the certificate of '{certificate.Name}'.").ConfigureAwait(false);
            if (PassThru)
            {
                IReadOnlyList<MemberCertificate> now = await issuer.ListCertificatesAsync(cancellationToken).ConfigureAwait(false);
                MemberCertificate? same = now.FirstOrDefault(one => one.SerialNumber == certificate.SerialNumber);
                await WriteObjectAsync(same is null ? certificate : new DfssCertificateInfo(membership.Name, same)).ConfigureAwait(false);
            }

            return list;
        }
        catch (DfssException exception) when (exception.Code is DfssErrorCode.CertificateUnknown or DfssErrorCode.InvalidArgument)
        {
            await WriteErrorAsync(ErrorRecords.Create(exception, certificate.Name)).ConfigureAwait(false);
            return null;
        }
    }

    /// <summary>The issuer's own peer has the list already.</summary>
    private async Task TellPeersAsync(
        ClusterMembership membership, IssuerClient issuer, byte[] list, CancellationToken cancellationToken)
    {
        IReadOnlyList<ClusterPeer> peers = await issuer.ListPeersAsync(cancellationToken).ConfigureAwait(false);
        await membership.SavePeersAsync(peers, cancellationToken).ConfigureAwait(false);
        await Task.WhenAll(peers.Where(peer => !peer.IsIssuer).Select(TellAsync)).ConfigureAwait(false);

        async Task TellAsync(ClusterPeer peer)
        {
            try
            {
                await issuer.TellAsync(peer, list, cancellationToken).ConfigureAwait(false);
                await WriteVerboseAsync($"{peer.Addresses[0]} has the new revocation list.").ConfigureAwait(false);
            }
            catch (DfssException exception)
            {
                await WriteWarningAsync(
                    $"A peer does not know of the revocation yet: {exception.Reason} It learns of it when it is started, within an hour while it "
                    + "reaches the issuer, or from the next command of any member who knows.").ConfigureAwait(false);
            }
        }
    }
}
