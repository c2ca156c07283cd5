using System.Management.Automation;
using System.Net;
using System.Security;
using Dfss.Clusters;
using Dfss.Peers;
using Dfss.Security;

namespace Dfss.Commands;

/// <content>A peer in a cluster: the certificate that it presents, and the notification of the members.</content>
public sealed partial class StartDfssPeerCommand
{
    private const string IssuerHelp = "Makes this peer the issuer of the cluster that was made here.";
    private const string PassphraseHelp = "The passphrase of the cluster's authority, for -Issuer.";

    private ClusterMembership? issued;
    private StoreId? joined;
    private ClusterChoice choice = ClusterChoice.None;

    /// <summary>Makes this peer the issuer of the cluster that was made here.</summary>
    [Parameter(ParameterSetName = DiskSet, HelpMessage = IssuerHelp)]
    [Parameter(ParameterSetName = MemorySet, HelpMessage = IssuerHelp)]
    public SwitchParameter Issuer { get; set; }

    /// <summary>The passphrase of the cluster's authority, for -Issuer.</summary>
    [Parameter(ParameterSetName = DiskSet, HelpMessage = PassphraseHelp)]
    [Parameter(ParameterSetName = MemorySet, HelpMessage = PassphraseHelp)]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(NoCompletion))]
    public SecureString? Passphrase { get; set; }

    /// <summary>The identity of the store's peer in a cluster; null where the store has not joined it.</summary>
    private async Task<TlsIdentity?> IdentifyAsync(
        ClusterMembership membership, bool isExplicit, CancellationToken cancellationToken)
    {
        string? path = StorePath is null ? null : await ResolveNewAsync(StorePath).ConfigureAwait(false);
        joined = path is null ? null : PeerStore.Find(path);
        TlsIdentity? identity = joined is StoreId store
            ? await ClusterIdentity.OfStoreAsync(membership, store, Notices, cancellationToken).ConfigureAwait(false)
            : null;
        if (identity is not null)
        {
            return identity;
        }

        string served = (path ?? address) is { } place ? $"the store '{place}'" : "a peer in memory";
        bool wasIssuer = joined is not null && membership.HasAuthority
            && membership.LoadPeers().Any(peer => peer.IsIssuer && peer.StoreId == joined);
        if (isExplicit || !IsLoopback(Address))
        {
            throw wasIssuer
                ? ClusterErrors.IssuerNotGiven(membership, served)
                : ClusterErrors.NotOfCluster(membership, served);
        }

        if (wasIssuer)
        {
            await WriteWarningAsync(
                $"{ClusterErrors.WasIssuer(membership, served)} The peer serves this user on this machine alone, in "
                    + "plaintext, and members of the cluster cannot use it. Stop it, and start it with "
                    + "-Issuer; or give "
                    + "-Cluster '' if this is meant.")
                .ConfigureAwait(false);
        }
        else
        {
            await WriteVerboseAsync(
                $"The cluster '{membership.Name}' was not joined for this store: the peer is this user's on this "
                    + "machine alone, in plaintext.")
                .ConfigureAwait(false);
        }

        return null;
    }

    private async Task<PeerIdentity> FindIdentityAsync(string? path, CancellationToken cancellationToken)
    {
        if (IdentityPipe is not null)
        {
            return await IdentityHandover.TakeAsync(IdentityPipe, cancellationToken).ConfigureAwait(false);
        }

        if (!Issuer)
        {
            bool isForAnyClient = AllowUnauthenticatedNetwork && Certificate is null && Cluster is null;
            IdentityParameters parameters = ReadIdentity(cancellationToken);
            TlsIdentity? identity = isForAnyClient
                ? null
                : await parameters.ReadAsync(cancellationToken).ConfigureAwait(false);
            choice = parameters.Choice;
            return new PeerIdentity(identity, await FindOriginAsync(identity).ConfigureAwait(false), Issuer: null);
        }

        if (Certificate is not null)
        {
            throw ClusterErrors.AndCertificate(nameof(Issuer));
        }

        issued = ClusterChoice.Require(string.IsNullOrEmpty(Cluster) ? null : Cluster);
        if (!issued.HasAuthority)
        {
            throw ClusterErrors.NoAuthority(issued);
        }

        string passphrase = await ClusterPassphrase.ReadAsync(this, Passphrase, isNew: false).ConfigureAwait(false);
        if (Detached)
        {
            // Here, where its errors can be reported as such.
            (await OpenAuthorityAsync(passphrase, cancellationToken).ConfigureAwait(false)).Dispose();
        }

        return new PeerIdentity(Identity: null, Origin: null, new IssuerSource(issued, passphrase));
    }

    /// <summary>The source of the identity: a cluster that the store has joined, or a file.</summary>
    private async Task<IdentityOrigin?> FindOriginAsync(TlsIdentity? identity)
    {
        if (identity is not null && choice.Membership is { } membership && joined is StoreId store)
        {
            return new IdentityOrigin
            {
                StateFolder = UserState.Folder,
                Cluster = membership.Name,
                StoreId = store.ToString()
            };
        }

        string? path =
            Certificate is { Certificate: null, Text: { } text } && CertificateStores.ToThumbprint(text) is null
                ? await ResolveNewAsync(text).ConfigureAwait(false)
                : null;
        return path is null || !File.Exists(path) ? null : new IdentityOrigin
        {
            Path = path,
            Password = CertificatePassword is null ? null : ClusterPassphrase.ToText(CertificatePassword),
        };
    }

    private async Task<ClusterAuthority> OpenAuthorityAsync(string passphrase, CancellationToken cancellationToken)
    {
        try
        {
            return await ClusterAuthority.LoadAsync(
                issued!.AuthorityFolder, passphrase, clock: null, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException exception) when (exception.Code == DfssErrorCode.NotAuthenticated)
        {
            throw ClusterErrors.PassphraseWrong(issued!, exception);
        }
    }

    private async Task<ClusterIssuer?> OpenIssuerAsync(IssuerSource? source, CancellationToken cancellationToken)
    {
        try
        {
            return source is null ? null : await source.OpenAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException exception) when (exception.Code == DfssErrorCode.NotAuthenticated)
        {
            throw ClusterErrors.PassphraseWrong(issued!, exception);
        }
    }

    /// <summary>So that the other members find the peer by themselves.</summary>
    private async Task TellClusterAsync(SessionPeer peer, TlsIdentity? identity, CancellationToken cancellationToken)
    {
        try
        {
            if (issued is not null)
            {
                await ClusterIdentity.KeepIssuerAsync(
                    issued, StoreId.Parse(peer.StoreId), peer.Addresses, cancellationToken).ConfigureAwait(false);
            }
            else if (choice.Membership is { } membership && identity is not null)
            {
                await ClusterIdentity.AnnounceAsync(
                    membership, identity, peer.Addresses, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (DfssException exception) when (exception.Code is DfssErrorCode.CertificateRevoked)
        {
            await WriteWarningAsync(
                "The peer runs, and its certificate was revoked: the other members of the cluster refuse it. For a "
                    + "new certificate an administrator runs New-DfssInvitation -Role Peer -StoreId "
                    + $"{peer.StoreId}, and a user here runs Join-DfssCluster INVITATION -StorePath FOLDER -Force; the "
                    + "peer uses the new certificate within an hour, or after a restart.")
                .ConfigureAwait(false);
        }
        catch (DfssException exception)
        {
            await WriteWarningAsync(
                $"The peer runs, and the cluster's issuer does not have its address: {exception.Reason} Until it has, "
                + "other members find this peer "
                + $"with -Peer {peer.Addresses[0]} only. The peer tries again within an hour. If the issuer runs at "
                + "another address, run "
                + "Get-DfssPeer -Peer ADDRESS once here, with the issuer's address: the peer then announces "
                + "itself at once.").ConfigureAwait(false);
        }
    }

    private static bool IsLoopback(string address) =>
        string.Equals(address, "localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(address, out IPAddress? parsed) && IPAddress.IsLoopback(parsed));
}
