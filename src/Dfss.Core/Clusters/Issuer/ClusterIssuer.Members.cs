using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Dfss.Security;

namespace Dfss.Clusters;

/// <content>Those who are members: their certificates are renewed, listed and taken back.</content>
public sealed partial class ClusterIssuer
{
    // A certificate that is made while its member's are taken back would be left out.
    private readonly SemaphoreSlim membersTurn = new(1, 1);

    /// <summary>Issues a member another certificate like the one he shows, for as long as a new one holds.</summary>
    /// <param name="request">The proof of the key (PKCS#10, DER); nothing that it asks for counts.</param>
    /// <param name="caller">Who asks, by his certificate.</param>
    /// <exception cref="DfssException">
    /// CertificateRevoked: just now. InvalidArgument: the request proves no key. LimitExceeded; StoreFull, StoreFailed.
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

            // The book may be older than the certificate, where it was restored from a copy.
            await book.AdoptAsync(new IssuedCertificate(serial, [], caller.NotAfter.ToUnixTimeMilliseconds())).ConfigureAwait(false);
            if (book.FindCertificates(serial).FirstOrDefault(one => HasSameKey(one, issued)) is { } before)
            {
                // Its answer was lost.
                return before.Encoded;
            }

            await book.AddRenewedAsync(serial, IssuedCertificate.Of(issued)).ConfigureAwait(false);
            return issued.RawData;
        }
        finally
        {
            membersTurn.Release();
        }
    }

    /// <summary>The newest certificate of each member, and whether it was taken back.</summary>
    /// <param name="after">Only those with a higher number; 0 for all.</param>
    /// <param name="limit">As many at the most.</param>
    internal IReadOnlyList<(long Number, byte[] Encoded, bool IsRevoked)> ListCertificates(long after, int limit) =>
        [.. book.ListCertificates(after, limit).Select(one => (one.Number, one.Certificate.Encoded, revocations.Has(one.Certificate.Serial)))];

    /// <summary>Takes back every certificate that the member has who has this one.</summary>
    /// <param name="serial">Its serial number in hexadecimal.</param>
    /// <param name="caller">Who asks.</param>
    /// <returns>The revocation list that is in force from now on, in PEM.</returns>
    /// <exception cref="DfssException">
    /// CertificateUnknown; InvalidArgument: it is the one that the caller shows. DestinationUnwritable, StoreFull, StoreFailed.
    /// </exception>
    internal async Task<string> RevokeAsync(string serial, RemoteIdentity caller)
    {
        await membersTurn.WaitAsync().ConfigureAwait(false);
        try
        {
            // He may have been revoked while he waited for his turn: of two who revoke each other, one stays.
            ThrowIfRevoked(caller);
            IReadOnlyList<IssuedCertificate> certificates = book.FindCertificates(serial);
            if (certificates.Any(one => one.Serial == caller.Certificates[0].Serial))
            {
                throw new DfssException(
                    DfssErrorCode.InvalidArgument, "This is the certificate that you show, and without it nobody might be left to invite anybody.",
                    "Have another administrator revoke it.");
            }

            await book.RevokeAsync([.. certificates.Select(one => one.Serial)]).ConfigureAwait(false);
            await SignRevokedAsync().ConfigureAwait(false);

            // Also where this was begun before, and broken off here.
            if (StoreOf(certificates) is StoreId store && book.FindOtherServers(store, serial).All(revocations.Has))
            {
                await book.RemovePeerAsync(store).ConfigureAwait(false);
            }

            return revocations.Read();
        }
        finally
        {
            membersTurn.Release();
        }
    }

    /// <summary>
    /// Sees to it that the list has all that was ever revoked: it may have been restored from a copy, and one that other members had may
    /// have taken its place.
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

    /// <summary>Signs the next list, where the one in force lacks something.</summary>
    private async Task SignRevokedAsync()
    {
        IReadOnlyList<string> all = book.ListRevoked();
        while (!all.All(revocations.Has))
        {
            // All, and above the number in force: the file may have been put back under this process. Where a newer list has come meanwhile,
            // that is the one to go on from.
            string list = authority.Revoke(revocations.Read(), all.Select(Convert.FromHexString), after: revocations.Number);
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
        return certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(issued.PublicKey.ExportSubjectPublicKeyInfo());
    }

    /// <summary>
    /// Whoever made the cluster and holds the authority's passphrase can let himself in again, also after he was revoked, as another member;
    /// and his certificate, for which nobody was invited, is listed with the others.
    /// </summary>
    private async Task KeepOwnerAsync()
    {
        if (membership.LoadMember() is not { } owner || CertificateProfile.Read(owner.Certificate).Role != DfssRole.Admin)
        {
            return;
        }

        IssuedCertificate known = IssuedCertificate.Of(owner.Certificate);
        await book.AdoptAsync(known).ConfigureAwait(false);
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
        await (isRevoked || !book.HasRoom(known.Serial)
            ? book.AdoptAsync(IssuedCertificate.Of(issued))
            : book.AddRenewedAsync(known.Serial, IssuedCertificate.Of(issued))).ConfigureAwait(false);
        using X509Certificate2 certificate = issued.CopyWithPrivateKey(key);
        await membership.SaveIdentityAsync(certificate, store: null).ConfigureAwait(false);
    }

    /// <summary>The store of a member who is a peer.</summary>
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
