using System.Management.Automation;
using Dfss.Clusters;

namespace Dfss.Commands;

/// <summary>
/// Revokes the certificates of members permanently: a client or peer that presents one is disconnected, and refused
/// from then on. Calls the cluster's issuer, as an administrator, and sends the new list to every reachable peer.
/// </summary>
[Cmdlet(VerbsSecurity.Revoke, "DfssCertificate", DefaultParameterSetName = NameSet, SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(DfssCertificateInfo))]
public sealed class RevokeDfssCertificateCommand : CertificateCmdlet
{
    // The default set takes no pipeline input: it is tried first, and an object would be bound by its property Name.
    private const string NameSet = "Name";
    private const string PipelineNameSet = "NameFromPipeline";
    private const string LiteralNameSet = "LiteralName";
    private const string ObjectSet = "InputObject";

    /// <summary>10 s: a peer that is up answers at once, and other peers get the list in another way.</summary>
    private static readonly TimeSpan TellTime = TimeSpan.FromSeconds(10);

    /// <summary>The names of the members; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = NameSet,
        HelpMessage = "What the members are called; wildcards are allowed.")]
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true,
        ParameterSetName = PipelineNameSet, HelpMessage = "What the members are called; wildcards are allowed.")]
    [TextArgument]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(MemberCompletion))]
    public string[] Name { get; set; } = [];

    /// <summary>The names of the members, taken literally.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = LiteralNameSet,
        HelpMessage = "The names of the members; every character is literal.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralMemberCompletion))]
    public string[] LiteralName { get; set; } = [];

    /// <summary>The certificates, as Get-DfssCertificate writes them.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ObjectSet,
        HelpMessage = "The certificates, from Get-DfssCertificate.")]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(NoCompletion))]
    public DfssCertificateInfo[] InputObject { get; set; } = [];

    /// <summary>Writes the revoked certificates.</summary>
    [Parameter(HelpMessage = "Returns the revoked certificates.")]
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
            try
            {
                ClusterMembership membership = ClusterChoice.Require(group.Key);
                IssuerClient issuer = await ConnectAsync(membership, cancellationToken).ConfigureAwait(false);
                await RevokeAsync(membership, issuer, [.. group], cancellationToken).ConfigureAwait(false);
            }
            catch (DfssException exception)
            {
                // Certificates of other clusters may follow, whose issuers answer.
                await WriteErrorAsync(ErrorRecords.Create(exception, group.Key)).ConfigureAwait(false);
            }
        }
    }

    private async Task RevokeAsync(
        ClusterMembership membership, IssuerClient issuer, IReadOnlyList<DfssCertificateInfo> certificates,
        CancellationToken cancellationToken)
    {
        var revoked = new List<DfssCertificateInfo>();
        byte[]? list = null;
        try
        {
            foreach (DfssCertificateInfo one in certificates)
            {
                string target = FormattableString.Invariant(
                    $"{one.Name} ({one.Role}, in '{membership.Name}' since {one.Issued:yyyy-MM-dd HH:mm})");
                if (await ShouldProcessAsync(target, "Revoke the certificate permanently").ConfigureAwait(false)
                    && await TryRevokeAsync(issuer, one, cancellationToken).ConfigureAwait(false) is { } next)
                {
                    list = next;
                    revoked.Add(one);
                }
            }
        }
        finally
        {
            // Also after a later certificate failed, or after Ctrl+C: the peers must learn of each revocation.
            if (list is not null)
            {
                using CancellationTokenSource limit = new(TellTime);
                await NotifyAsync(membership, issuer, list, limit.Token).ConfigureAwait(false);
            }
        }

        if (PassThru && revoked.Count > 0)
        {
            ILookup<string, MemberCertificate> now =
                (await issuer.ListCertificatesAsync(cancellationToken).ConfigureAwait(false))
                    .ToLookup(one => one.SerialNumber, StringComparer.Ordinal);
            foreach (DfssCertificateInfo one in revoked)
            {
                MemberCertificate? same = now[one.SerialNumber].FirstOrDefault();
                await WriteObjectAsync(
                    same is null ? one : new DfssCertificateInfo(membership.Name, same)).ConfigureAwait(false);
            }
        }
    }

    private async Task<byte[]?> TryRevokeAsync(
        IssuerClient issuer, DfssCertificateInfo certificate, CancellationToken cancellationToken)
    {
        try
        {
            byte[] list = await issuer.RevokeAsync(certificate.SerialNumber, cancellationToken).ConfigureAwait(false);
            TakeVerbose($"Revoked the certificate of '{certificate.Name}'.");
            return list;
        }
        catch (DfssException exception)
            when (exception.Code is DfssErrorCode.CertificateUnknown or DfssErrorCode.InvalidArgument)
        {
            await WriteErrorAsync(ErrorRecords.Create(exception, certificate.Name)).ConfigureAwait(false);
            return null;
        }
    }

    /// <summary>Sends the list to all reachable peers, except the issuer's own peer, which has it.</summary>
    private async Task NotifyAsync(
        ClusterMembership membership, IssuerClient issuer, byte[] list, CancellationToken cancellationToken)
    {
        IReadOnlyList<ClusterPeer> peers = membership.LoadPeers();
        try
        {
            await issuer.TakeAsync(list, cancellationToken).ConfigureAwait(false);
            peers = await issuer.ListPeersAsync(cancellationToken).ConfigureAwait(false);
            await membership.SavePeersAsync(peers, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is DfssException or OperationCanceledException)
        {
            TakeWarning($"The local data of the cluster could not be updated: {exception.Message}");
        }

        await Task.WhenAll(
            peers.Where(peer => !peer.IsIssuer)
                .Select(peer => NotifyAsync(issuer, peer, list, cancellationToken))).ConfigureAwait(false);
    }

    private async Task NotifyAsync(
        IssuerClient issuer, ClusterPeer peer, byte[] list, CancellationToken cancellationToken)
    {
        try
        {
            await issuer.SendRevocationsAsync(peer, list, cancellationToken).ConfigureAwait(false);
            TakeVerbose($"{peer.Addresses[0]} has the new revocation list.");
        }
        catch (Exception exception) when (exception is DfssException or OperationCanceledException)
        {
            string reason = exception is DfssException failure
                ? failure.Reason
                : $"{peer.Addresses[0]} did not answer in time.";
            TakeWarning(
                $"A peer does not know of the revocation yet: {reason} It learns of it when it is started, within an "
                + "hour while it "
                + "reaches the issuer, or from the next command of any member that knows it.");
        }
    }
}
