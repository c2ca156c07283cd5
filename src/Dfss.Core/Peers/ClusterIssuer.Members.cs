using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Dfss.Security;

namespace Dfss.Peers;

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
            if (revocations.Has(serial))
            {
                throw new DfssException(
                    DfssErrorCode.CertificateRevoked, $"The certificate of '{caller.Name}' was revoked.", "Ask whoever runs the authority for a new one.");
            }

            // The book may be older than the certificate, where it was restored from a copy.
            await book.AdoptAsync(new IssuedCertificate(serial, [], caller.NotAfter.ToUnixTimeMilliseconds())).ConfigureAwait(false);
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
            IReadOnlyList<IssuedCertificate> certificates = book.FindCertificates(serial);
            if (certificates.Any(one => one.Serial == caller.Certificates[0].Serial))
            {
                throw new DfssException(
                    DfssErrorCode.InvalidArgument, "This is the certificate that you show, and without it nobody might be left to invite anybody.",
                    "Have another administrator revoke it.");
            }

            string list = revocations.Read();
            byte[][] taken = [.. certificates.Where(one => !revocations.Has(one.Serial)).Select(one => Convert.FromHexString(one.Serial))];
            if (taken.Length > 0)
            {
                list = authority.Revoke(list, taken);
                await revocations.ReplaceAsync(Encoding.ASCII.GetBytes(list), CancellationToken.None).ConfigureAwait(false);
            }

            // Also where this was begun before, and broken off here.
            if (StoreOf(certificates) is StoreId store && book.FindOtherServers(store, serial).All(revocations.Has))
            {
                await book.RemovePeerAsync(store).ConfigureAwait(false);
            }

            return list;
        }
        finally
        {
            membersTurn.Release();
        }
    }

    /// <summary>
    /// Whoever made the cluster and holds the authority's passphrase can let himself in again; and his certificate, for which nobody was
    /// invited, is listed with the others.
    /// </summary>
    private async Task KeepOwnerAsync()
    {
        if (membership.LoadMember() is not { } owner || CertificateProfile.Read(owner.Certificate).Role != DfssRole.Admin)
        {
            return;
        }

        IssuedCertificate known = IssuedCertificate.Of(owner.Certificate);
        await book.AdoptAsync(known).ConfigureAwait(false);
        if (!CertificateAge.IsDue(owner.Certificate, clock.GetUtcNow()) || revocations.Has(known.Serial))
        {
            return;
        }

        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 issued = authority.Issue(CertificateKeys.Request(key), new CertificateGrant
        {
            Name = owner.Certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false),
            Role = DfssRole.Admin,
        });
        await book.AddRenewedAsync(known.Serial, IssuedCertificate.Of(issued)).ConfigureAwait(false);
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
