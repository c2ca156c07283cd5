using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Security;
using Dfss.Storage;

namespace Dfss.Clusters;

/// <summary>
/// The issuer of a cluster. It holds the cluster's authority, and keeps in the authority's folder the invitations, the
/// issued certificates and the addresses of the peers. Safe for concurrent use; one process at a time.
/// </summary>
public sealed partial class ClusterIssuer : IAsyncDisposable
{
    private readonly ClusterAuthority authority;
    private readonly IssuanceLedger ledger;
    private readonly StoreLock claim;
    private readonly TimeProvider clock;
    private readonly ClusterMembership membership;
    private readonly RevocationFile revocations;
    private readonly IssuerFile statement;
    private bool isDisposed;

    private ClusterIssuer(
        ClusterAuthority authority, IssuanceLedger ledger, StoreLock claim, TimeProvider clock,
        ClusterMembership membership)
    {
        this.authority = authority;
        this.ledger = ledger;
        this.claim = claim;
        this.clock = clock;
        this.membership = membership;
        revocations = new RevocationFile(membership.RevocationListPath, authority.Certificate, clock);
        statement = new IssuerFile(membership.IssuerFilePath, authority.Certificate, log: null);
    }

    /// <summary>The cluster's name.</summary>
    public string Cluster => authority.Name;

    /// <summary>
    /// Opens the authority of a cluster. The owner, who made the cluster, gets a new certificate where the present one
    /// has expired or soon expires.
    /// </summary>
    /// <param name="membership">The cluster, whose authority is on this machine.</param>
    /// <param name="passphrase">The passphrase of the authority's key.</param>
    /// <param name="clock">The clock by which invitations and certificates expire.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DfssException">
    /// NotAuthenticated: the passphrase is wrong. SourceUnreadable; StoreInUse: another process has it open;
    /// StoreFailed.
    /// </exception>
    public static async Task<ClusterIssuer> OpenAsync(
        ClusterMembership membership, string passphrase, TimeProvider? clock = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(membership);
        clock ??= TimeProvider.System;
        string folder = membership.AuthorityFolder;
        ClusterAuthority authority = await ClusterAuthority.LoadAsync(
            folder, passphrase, clock, cancellationToken).ConfigureAwait(false);
        StoreLock? claim = null;
        IssuanceLedger? ledger = null;
        try
        {
            claim = Claim(folder, authority.Name);
            ledger = new IssuanceLedger(Path.Combine(folder, IssuanceLedger.FileName), clock);
            ClusterIssuer issuer = new(authority, ledger, claim, clock, membership);
            await issuer.KeepRevokedAsync().ConfigureAwait(false);
            await issuer.KeepOwnerAsync().ConfigureAwait(false);
            return issuer;
        }
        catch
        {
            if (ledger is not null)
            {
                await ledger.DisposeAsync().ConfigureAwait(false);
            }

            claim?.Dispose();
            authority.Dispose();
            throw;
        }
    }

    /// <summary>Closes the ledger and erases the key from memory.</summary>
    public async ValueTask DisposeAsync()
    {
        if (isDisposed)
        {
            return;
        }

        isDisposed = true;
        await ledger.DisposeAsync().ConfigureAwait(false);
        claim.Dispose();
        authority.Dispose();
        membersTurn.Dispose();
    }

    /// <summary>
    /// The certificate of the issuer's own peer. Its key is in this process alone, which also holds the authority's
    /// key; so it is valid as long as the authority.
    /// </summary>
    internal TlsIdentity Identify(StoreId store)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateGrant grant = new()
        {
            Name = $"issuer of {authority.Name}",
            Role = DfssRole.Peer,
            StoreId = store,
            IsIssuer = true,
            Lifetime = TimeSpan.FromDays(10_000),
        };
        using X509Certificate2 issued = authority.Issue(CertificateKeys.Request(key), grant);
        X509Certificate2 trusted = X509CertificateLoader.LoadCertificate(authority.Certificate.RawData);
        return new TlsIdentity(issued.CopyWithPrivateKey(key), [trusted])
        {
            RevocationListPath = membership.RevocationListPath,
            KeepsRevocationList = true,
            IssuerFilePath = membership.IssuerFilePath,
        };
    }

    /// <summary>Records an invitation. A repeated call with the same terms returns the same invitation.</summary>
    /// <param name="secretHash">The SHA-256 of its secret, which only the inviting administrator knows.</param>
    /// <param name="terms">Its terms, already checked to be possible.</param>
    /// <param name="caller">The inviting administrator.</param>
    /// <returns>When it expires.</returns>
    /// <exception cref="DfssException">
    /// CertificateRevoked: since the connection was accepted. Conflict: an invitation with this secret has other terms.
    /// StoreFull, StoreFailed.
    /// </exception>
    internal async Task<DateTimeOffset> InviteAsync(byte[] secretHash, InvitationTerms terms, RemoteIdentity caller)
    {
        await membersTurn.WaitAsync().ConfigureAwait(false);
        try
        {
            ThrowIfRevoked(caller);
            return await ledger.AddAsync(secretHash, terms, caller.Certificates[0].Serial).ConfigureAwait(false);
        }
        finally
        {
            membersTurn.Release();
        }
    }

    /// <summary>
    /// Admits a member: uses the invitation up and issues the certificate that it is for. A repeated call with the same
    /// key, as after a lost connection, returns the same certificate.
    /// </summary>
    /// <param name="secretHash">The SHA-256 of the invitation's secret.</param>
    /// <param name="request">The proof of the key (PKCS#10, DER); the attributes that it asks for are ignored.</param>
    /// <param name="store">The store that a peer states it serves.</param>
    /// <param name="self">The issuer's own peer.</param>
    /// <param name="memberTime">The time by the clock of the machine that joins; null from older clients.</param>
    /// <exception cref="DfssException">
    /// InvitationUnknown, InvitationUsed, InvitationExpired; InvalidArgument: the request proves no key, or a peer
    /// states no store or one of another member. CertificateExpired: the clocks of the issuer and of the machine that
    /// joins differ by too much; StoreFull, StoreFailed: the invitation was not used up.
    /// </exception>
    internal async Task<byte[]> JoinAsync(
        byte[] secretHash, byte[] request, StoreId? store, ClusterPeer self, DateTimeOffset? memberTime = null)
    {
        // First: the issuer computes nothing for a client that guesses secrets.
        InvitationTerms terms = ledger.Find(secretHash);
        if (memberTime is DateTimeOffset time)
        {
            ClockDifference.ThrowIfTooLarge(clock.GetUtcNow(), time);
        }

        byte[] keyHash = CertificateKeys.HashOf(request);
        StoreId? served = terms.Role == DfssRole.Peer ? Choose(terms, store, self) : null;
        string name = terms.Name
            ?? $"{CertificateProfile.NameOf(terms.Role)}-{Convert.ToHexStringLower(secretHash.AsSpan(0, 4))}";
        using X509Certificate2 issued = authority.Issue(request, new CertificateGrant
        {
            Name = name,
            Role = terms.Role,
            NamePrefixes = terms.NamePrefixes,
            StoreId = served,
        });
        return await ledger.UseAsync(
            secretHash, keyHash, IssuedCertificate.Of(issued), served,
            isBound: terms.StoreId is not null).ConfigureAwait(false);
    }

    /// <summary>Records the addresses of a peer.</summary>
    internal Task AnnounceAsync(StoreId store, IReadOnlyList<string> addresses) =>
        ledger.SetAddressesAsync(store, addresses);

    /// <summary>The peers of the cluster, this one first.</summary>
    internal IReadOnlyList<ClusterPeer> ListPeers(ClusterPeer self) =>
        [self, .. ledger.ListPeers(DfssLimits.MaxHomeMembers - 1, except: self.StoreId)];

    /// <summary>The revocation list in force, in PEM.</summary>
    internal string ReadRevocationList() => revocations.Read();

    private static StoreId Choose(InvitationTerms terms, StoreId? store, ClusterPeer self)
    {
        StoreId said = store ?? throw new DfssException(
            DfssErrorCode.InvalidArgument, "The invitation is for a peer, and no store was named that it is to serve.",
            "Join with -StorePath, the folder of the peer's store.");
        if ((terms.StoreId is StoreId meant && meant != said) || said == self.StoreId)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument, $"The invitation is not for store {said}.",
                "Join with the folder of the store that it is for.");
        }

        return said;
    }

    private static StoreLock Claim(string folder, string cluster)
    {
        try
        {
            return StoreLock.Take(new StoreLayout(folder));
        }
        catch (DfssException error) when (error.Code == DfssErrorCode.StoreInUse)
        {
            throw error.Copy(
                $"Another peer is the issuer of the cluster '{cluster}' already. {error.Reason}",
                "A cluster has one issuer: leave -Issuer out, or stop the other one.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DfssException(
                DfssErrorCode.StoreFailed,
                $"The authority's folder '{folder}' cannot be written: {error.Message}", error);
        }
    }
}
