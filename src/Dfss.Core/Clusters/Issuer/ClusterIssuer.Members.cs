using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Dfss.Security;

namespace Dfss.Clusters;

/// <content>Renews, lists and revokes the certificates of members.</content>
public sealed partial class ClusterIssuer
{
    // Serializes issuing and revoking: a certificate issued while its member is being revoked would be missed.
    private readonly SemaphoreSlim membersTurn = new(1, 1);

    /// <summary>
    /// Issues a member a new certificate with the content of the one presented and the full lifetime.
    /// </summary>
    /// <param name="request">The proof of the key (PKCS#10, DER); the attributes that it asks for are ignored.</param>
    /// <param name="caller">The member, by its certificate.</param>
    /// <exception cref="DfssException">
    /// CertificateRevoked: since the connection was accepted. InvalidArgument: the request proves no key.
    /// LimitExceeded; StoreFull, StoreFailed.
    /// </exception>
    internal async Task<byte[]> RenewAsync(byte[] request, RemoteIdentity caller)
    {
        string serial = caller.Certificates[0].Serial;
        using X509Certificate2 issued = authority.Issue(request, new CertificateGrant
        {
            Name = caller.Name,
            Role = caller.Role,
            NamePrefixes = caller.NamePrefixes,
            StoreId = caller.StoreId,
        });
        await membersTurn.WaitAsync().ConfigureAwait(false);
        try
        {
            ThrowIfRevoked(caller);

            // A ledger restored from a copy may be older than the certificate.
            await ledger.AdoptAsync(
                new IssuedCertificate(serial, [], caller.NotAfter.ToUnixTimeMilliseconds())).ConfigureAwait(false);
            if (ledger.FindCertificates(serial).FirstOrDefault(one => HasSameKey(one, issued)) is { } before)
            {
                // The member did not receive the answer to the same request.
                return before.Encoded;
            }

            await ledger.AddRenewedAsync(serial, IssuedCertificate.Of(issued)).ConfigureAwait(false);
            return issued.RawData;
        }
        finally
        {
            membersTurn.Release();
        }
    }

    /// <summary>The newest certificate of each member, and whether it is revoked.</summary>
    /// <param name="after">Only those with a higher number; 0 for all.</param>
    /// <param name="limit">The largest number of results.</param>
    internal IReadOnlyList<(long Number, byte[] Encoded, bool IsRevoked)> ListCertificates(long after, int limit) =>
        [.. ledger.ListCertificates(after, limit)
            .Select(one => (one.Number, one.Certificate.Encoded, revocations.Has(one.Certificate.Serial)))];

    /// <summary>Revokes every certificate of the member that has this one.</summary>
    /// <param name="serial">Its serial number in hexadecimal.</param>
    /// <param name="caller">The administrator that asks.</param>
    /// <returns>The revocation list now in force, in PEM.</returns>
    /// <exception cref="DfssException">
    /// CertificateUnknown; InvalidArgument: it belongs to the caller. DestinationUnwritable, StoreFull, StoreFailed.
    /// </exception>
    internal async Task<string> RevokeAsync(string serial, RemoteIdentity caller)
    {
        await membersTurn.WaitAsync().ConfigureAwait(false);
        try
        {
            // The caller may have been revoked while it waited for its turn: of two administrators that revoke each
            // other, one stays.
            ThrowIfRevoked(caller);
            IReadOnlyList<IssuedCertificate> certificates = ledger.FindCertificates(serial);
            if (certificates.Any(one => one.Serial == caller.Certificates[0].Serial))
            {
                throw new DfssException(
                    DfssErrorCode.InvalidArgument,
                    "This is the certificate of this command, and without it the cluster might have no "
                        + "administrator left.",
                    "Have another administrator revoke it.");
            }

            await ledger.RevokeAsync([.. certificates.Select(one => one.Serial)]).ConfigureAwait(false);
            await SignRevokedAsync().ConfigureAwait(false);

            // Runs also when an earlier call was interrupted at this point.
            if (StoreOf(certificates) is StoreId store && ledger.FindOtherServers(store, serial).All(revocations.Has))
            {
                await ledger.RemovePeerAsync(store).ConfigureAwait(false);
            }

            return revocations.Read();
        }
        finally
        {
            membersTurn.Release();
        }
    }

    /// <summary>
    /// Ensures that the list contains every revocation of the ledger. The list may have been restored from a copy, or a
    /// list that other members had may have replaced it.
    /// </summary>
    internal async Task KeepRevokedAsync()
    {
        await membersTurn.WaitAsync().ConfigureAwait(false);
        try
        {
            await SignRevokedAsync().ConfigureAwait(false);
        }
        finally
        {
            membersTurn.Release();
        }
    }

    /// <summary>Signs the next list where an entry is missing from the one in force.</summary>
    private async Task SignRevokedAsync()
    {
        IReadOnlyList<string> all = ledger.ListRevoked();
        while (!all.All(revocations.Has))
        {
            // The new list has all entries and a number above the one in force, because the file may have been restored
            // under this process. Where a newer list has arrived meanwhile, the loop continues from that one.
            string list = authority.Revoke(
                revocations.Read(), all.Select(Convert.FromHexString), after: revocations.Number);
            await revocations.ReplaceAsync(Encoding.ASCII.GetBytes(list), CancellationToken.None).ConfigureAwait(false);
        }
    }

    private void ThrowIfRevoked(RemoteIdentity caller)
    {
        if (caller.Certificates.Any(one => revocations.Has(one.Serial)))
        {
            throw CertificateValidator.Revoked(caller.Name, "client").Refusal!;
        }
    }

    private static bool HasSameKey(IssuedCertificate known, X509Certificate2 issued)
    {
        if (known.Encoded.Length == 0)
        {
            return false;
        }

        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(known.Encoded);
        return certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(
            issued.PublicKey.ExportSubjectPublicKeyInfo());
    }

    /// <summary>
    /// The user who made the cluster and holds the authority's passphrase can rejoin as another member, also after
    /// being revoked. Its certificate, which needed no invitation, is listed with the others.
    /// </summary>
    private async Task KeepOwnerAsync()
    {
        if (membership.LoadMember() is not { } owner
            || CertificateProfile.Read(owner.Certificate).Role != DfssRole.Admin)
        {
            return;
        }

        IssuedCertificate known = IssuedCertificate.Of(owner.Certificate);
        await ledger.AdoptAsync(known).ConfigureAwait(false);
        bool isRevoked = revocations.Has(known.Serial);
        if (!CertificateAge.IsDue(owner.Certificate, clock.GetUtcNow()) && !isRevoked)
        {
            return;
        }

        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 issued = authority.Issue(CertificateKeys.Request(key), new CertificateGrant
        {
            Name = owner.Certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false),
            Role = DfssRole.Admin,
        });
        await (isRevoked || !ledger.HasRoom(known.Serial)
            ? ledger.AdoptAsync(IssuedCertificate.Of(issued))
            : ledger.AddRenewedAsync(known.Serial, IssuedCertificate.Of(issued))).ConfigureAwait(false);
        using X509Certificate2 certificate = issued.CopyWithPrivateKey(key);
        await membership.SaveIdentityAsync(certificate, store: null).ConfigureAwait(false);
    }

    /// <summary>The store of a member that is a peer.</summary>
    private static StoreId? StoreOf(IReadOnlyList<IssuedCertificate> certificates)
    {
        if (certificates.LastOrDefault(one => one.Encoded.Length > 0) is not { } known)
        {
            return null;
        }

        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(known.Encoded);
        return CertificateProfile.Read(certificate).StoreId;
    }
}
