using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Security;
using Dfss.Storage;

namespace Dfss.Clusters;

/// <summary>
/// The one who lets members into a cluster: holds its authority, and keeps in the authority's folder who is invited, whom it
/// has issued what, and where the peers are. Safe for concurrent use; one process at a time.
/// </summary>
public sealed partial class ClusterIssuer : IAsyncDisposable
{
    private readonly ClusterAuthority authority;
    private readonly IssuanceLedger book;
    private readonly StoreLock claim;
    private readonly TimeProvider clock;
    private readonly ClusterMembership membership;
    private readonly RevocationFile revocations;
    private bool isDisposed;

    private ClusterIssuer(
        ClusterAuthority authority, IssuanceLedger book, StoreLock claim, TimeProvider clock, ClusterMembership membership)
    {
        this.authority = authority;
        this.book = book;
        this.claim = claim;
        this.clock = clock;
        this.membership = membership;
        revocations = new RevocationFile(membership.RevocationListPath, authority.Certificate, clock);
    }

    /// <summary>The cluster's name.</summary>
    public string Cluster => authority.Name;

    /// <summary>
    /// Opens the authority of a cluster. Its owner, who made the cluster, gets a new certificate where his is soon to expire or has expired.
    /// </summary>
    /// <param name="membership">The cluster, of which the authority is here.</param>
    /// <param name="passphrase">The passphrase of the authority's key.</param>
    /// <param name="clock">The clock by which invitations and certificates expire.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DfssException">
    /// NotAuthenticated: the passphrase is not the one. SourceUnreadable; StoreInUse: another process has it; StoreFailed.
    /// </exception>
    public static async Task<ClusterIssuer> OpenAsync(
        ClusterMembership membership, string passphrase, TimeProvider? clock = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(membership);
        clock ??= TimeProvider.System;
        string folder = membership.AuthorityFolder;
        ClusterAuthority authority = await ClusterAuthority.LoadAsync(folder, passphrase, clock, cancellationToken).ConfigureAwait(false);
        StoreLock? claim = null;
        IssuanceLedger? book = null;
        try
        {
            claim = Claim(folder, authority.Name);
            book = new IssuanceLedger(Path.Combine(folder, IssuanceLedger.FileName), clock);
            ClusterIssuer issuer = new(authority, book, claim, clock, membership);
            await issuer.KeepRevokedAsync().ConfigureAwait(false);
            await issuer.KeepOwnerAsync().ConfigureAwait(false);
            return issuer;
        }
        catch
        {
            if (book is not null)
            {
                await book.DisposeAsync().ConfigureAwait(false);
            }

            claim?.Dispose();
            authority.Dispose();
            throw;
        }
    }

    /// <summary>Closes the book and forgets the key.</summary>
    public async ValueTask DisposeAsync()
    {
        if (isDisposed)
        {
            return;
        }

        isDisposed = true;
        await book.DisposeAsync().ConfigureAwait(false);
        claim.Dispose();
        authority.Dispose();
        membersTurn.Dispose();
    }

    /// <summary>
    /// The certificate of the issuer's own peer. Its key is in this process alone, which holds that of the authority too: so it
    /// holds as long as the authority does.
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
        };
    }

    /// <summary>Notes an invitation. Once more with the same terms it is the same one.</summary>
    /// <param name="secretHash">The SHA-256 of its secret, which only whoever invites knows.</param>
    /// <param name="terms">What it is for; possible ones.</param>
    /// <param name="caller">Who invites.</param>
    /// <returns>When it expires.</returns>
    /// <exception cref="DfssException">
    /// CertificateRevoked: just now. Conflict: there is one with this secret and other terms. StoreFull, StoreFailed.
    /// </exception>
    internal async Task<DateTimeOffset> InviteAsync(byte[] secretHash, InvitationTerms terms, RemoteIdentity caller)
    {
        await membersTurn.WaitAsync().ConfigureAwait(false);
        try
        {
            ThrowIfRevoked(caller);
            return await book.AddAsync(secretHash, terms, caller.Certificates[0].Serial).ConfigureAwait(false);
        }
        finally
        {
            membersTurn.Release();
        }
    }

    /// <summary>
    /// Lets somebody in: uses the invitation up and issues the certificate that it is for. Asked again with the same key, as
    /// after a lost connection, it gives the same certificate again.
    /// </summary>
    /// <param name="secretHash">The SHA-256 of the invitation's secret.</param>
    /// <param name="request">The proof of the key (PKCS#10, DER); nothing that it asks for counts.</param>
    /// <param name="store">The store that a peer says it serves.</param>
    /// <param name="self">The issuer's own peer.</param>
    /// <exception cref="DfssException">
    /// InvitationUnknown, InvitationUsed, InvitationExpired; InvalidArgument: the request proves no key, or a peer says no store
    /// or that of somebody else. StoreFull, StoreFailed: it was not used up.
    /// </exception>
    internal async Task<byte[]> JoinAsync(byte[] secretHash, byte[] request, StoreId? store, ClusterPeer self)
    {
        // First, so that whoever guesses has nothing computed for him.
        InvitationTerms terms = book.Find(secretHash);
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
        return await book.UseAsync(
            secretHash, keyHash, IssuedCertificate.Of(issued), served, isBound: terms.StoreId is not null).ConfigureAwait(false);
    }

    /// <summary>Notes where a peer is.</summary>
    internal Task AnnounceAsync(StoreId store, IReadOnlyList<string> addresses) => book.SetAddressesAsync(store, addresses);

    /// <summary>The peers of the cluster, this one first.</summary>
    internal IReadOnlyList<ClusterPeer> ListPeers(ClusterPeer self) =>
        [self, .. book.ListPeers(DfssLimits.MaxHomeMembers - 1, except: self.StoreId)];

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
                DfssErrorCode.InvalidArgument, $"The invitation is not for store {said}.", "Join with the folder of the store that it is for.");
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
            throw error.Retold(
                $"Another peer is the issuer of the cluster '{cluster}' already. {error.Reason}", "One issuer is enough: leave -Issuer out, or stop that one.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DfssException(DfssErrorCode.StoreFailed, $"The authority's folder '{folder}' cannot be written: {error.Message}", error);
        }
    }
}
