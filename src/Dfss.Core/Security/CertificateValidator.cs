using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Protocol;

namespace Dfss.Security;

/// <summary>
/// Decides which identity a certificate proves, or why it is refused. It makes no network request: the result depends
/// on the trusted authorities, the clock, the revocation list and, for authorities that are not a cluster's, the role
/// file or the host name. Safe for concurrent use.
/// </summary>
internal sealed class CertificateValidator
{
    private const int MaxNameCharacters = 100;

    private readonly X509Certificate2Collection authorities;
    private readonly TimeProvider clock;
    private readonly WatchedFile<RevocationLists>? revocations;
    private readonly WatchedFile<RoleFile>? roles;

    /// <summary>Reads the files that the identity names.</summary>
    /// <exception cref="DfssException">InvalidArgument: one of them cannot be used.</exception>
    public CertificateValidator(TlsIdentity own, TimeProvider clock, Action<string>? log)
    {
        this.clock = clock;
        authorities = [.. own.TrustedAuthorities];
        revocations = own.RevocationListPath is string list
            ? RevocationLists.Watch(list, own.TrustedAuthorities, clock, log)
            : null;
        Kept = revocations is not null && own.KeepsRevocationList
            && own.TrustedAuthorities is [X509Certificate2 cluster]
            ? new RevocationFile(own.RevocationListPath!, cluster, revocations)
            : null;
        Issuer = own.IssuerFilePath is string statement && own.TrustedAuthorities is [X509Certificate2 signer]
            ? new IssuerFile(statement, signer, log)
            : null;
        roles = own.RoleFilePath is string file ? RoleFile.Watch(file, log) : null;
        _ = (revocations?.Current, roles?.Current);
    }

    /// <summary>For a client that has no identity yet and trusts this authority alone.</summary>
    public CertificateValidator(X509Certificate2 authority, TimeProvider clock)
    {
        this.clock = clock;
        authorities = [authority];
    }

    /// <summary>
    /// The revocation list that this member of a cluster keeps; null for an identity that keeps none.
    /// </summary>
    public RevocationFile? Kept { get; }

    /// <summary>
    /// The statement of the issuer's place that this member of a cluster keeps; null for an identity that keeps none.
    /// </summary>
    public IssuerFile? Issuer { get; }

    /// <summary>Validates a client's certificate.</summary>
    /// <param name="certificate">The certificate that the client presented; null for none.</param>
    /// <param name="sent">The other certificates that the client sent.</param>
    public ValidationResult ValidateClient(X509Certificate2? certificate, X509Certificate2Collection sent) =>
        Validate(certificate, sent, CertificateProfile.ClientUse, "client", IdentifyClient);

    /// <summary>Validates a peer's certificate.</summary>
    /// <param name="certificate">The certificate that the peer presented; null for none.</param>
    /// <param name="sent">The other certificates that the peer sent.</param>
    /// <param name="host">The host that was dialled: a certificate of an authority that is not a cluster's must name
    /// it.</param>
    public ValidationResult ValidatePeer(X509Certificate2? certificate, X509Certificate2Collection sent, string host) =>
        Validate(
            certificate, sent, CertificateProfile.ServerUse, "peer",
            (one, cluster) => IdentifyPeer(one, cluster, host));

    /// <summary>Prevents a peer from starting with a certificate that every client would refuse.</summary>
    /// <exception cref="DfssException">The reason why clients would refuse it.</exception>
    public void ThrowIfUnusableAt(TlsIdentity own, StoreId store)
    {
        ValidationResult validation = Validate(
            own.Certificate, [.. own.Intermediates], CertificateProfile.ServerUse, "peer", (one, cluster) =>
                cluster is null
                    ? ValidationResult.Accept(new RemoteIdentity(NameOf(one), DfssRole.None))
                    : IdentifyPeer(one, cluster, host: null));
        if (validation.IdentityOrThrow().StoreId is StoreId named && named != store)
        {
            throw new DfssException(
                DfssErrorCode.CertificateNotTrusted,
                $"The peer's certificate '{NameOf(own.Certificate)}' is for store {named}, and this is store {store}.",
                "Have one made for this store, or give the folder of that store.");
        }
    }

    /// <summary>Why an identity that was accepted before is refused now; null while it is still accepted.</summary>
    /// <param name="identity">The identity.</param>
    /// <param name="side">Its role in the connection: client or peer.</param>
    public DfssException? Recheck(RemoteIdentity identity, string side)
    {
        if (revocations is not null && identity.Certificates.Any(revocations.Current.IsRevoked))
        {
            return Revoked(identity.Name, side).Refusal;
        }

        return identity.NotAfter < clock.GetUtcNow() ? Expired(identity.Name, side, identity.NotAfter).Refusal : null;
    }

    private ValidationResult Validate(
        X509Certificate2? certificate,
        X509Certificate2Collection sent,
        string use,
        string side,
        Func<X509Certificate2, string?, ValidationResult> identify)
    {
        if (certificate is null)
        {
            return ValidationResult.Refuse(
                DfssErrorCode.NotAuthenticated, $"The {side} has sent no certificate.",
                "Give a certificate of an authority that the other side trusts, with its key.");
        }

        string name = NameOf(certificate);
        using X509Chain chain = CreateChain(sent, use);
        chain.Build(certificate);
        try
        {
            X509ChainStatusFlags status = chain.ChainStatus.Aggregate(
                X509ChainStatusFlags.NoError, (all, one) => all | one.Status);
            X509Certificate2 authority = chain.ChainElements[^1].Certificate;
            CertificateKey[] keys = [.. chain.ChainElements.SkipLast(1).Select(element => KeyOf(element.Certificate))];
            if ((status & ~(X509ChainStatusFlags.NotTimeValid | X509ChainStatusFlags.NotValidForUsage)) != 0)
            {
                return Untrusted(name, side, certificate);
            }

            CertificateProfile authorityProfile = CertificateProfile.Read(authority);
            bool isForUse = !status.HasFlag(X509ChainStatusFlags.NotValidForUsage)
                && (authorityProfile.Cluster is null || CertificateProfile.HasUse(certificate, use));
            if (!isForUse)
            {
                return NotTrusted(
                    $"The {side}'s certificate '{name}' is not valid for a {side}.",
                    "Use a certificate that is valid for that.");
            }

            if (revocations is not null && keys.Any(revocations.Current.IsRevoked))
            {
                return Revoked(name, side);
            }

            (DateTimeOffset notBefore, DateTimeOffset notAfter) = Validity(chain);
            ValidationResult validation = status.HasFlag(X509ChainStatusFlags.NotTimeValid)
                ? Expired(name, side, clock.GetUtcNow() < notBefore ? notBefore : notAfter)
                : identify(certificate, authorityProfile.Cluster);
            return validation.Identity is { } identity
                ? ValidationResult.Accept(identity with { NotAfter = notAfter, Certificates = keys })
                : validation;
        }
        catch (Exception error) when (error is FormatException or CryptographicException)
        {
            return NotTrusted(
                $"The {side}'s certificate '{name}' cannot be read: {error.Message}.", "Have another one made.");
        }
        finally
        {
            foreach (X509ChainElement element in chain.ChainElements)
            {
                element.Certificate.Dispose();
            }
        }
    }

    private ValidationResult IdentifyClient(X509Certificate2 certificate, string? cluster)
    {
        CertificateProfile profile = cluster is not null
            ? CertificateProfile.Read(certificate)
            : roles?.Current.Find(certificate.SubjectName) ?? new CertificateProfile();
        return ValidationResult.Accept(new RemoteIdentity(NameOf(certificate), profile.Role)
        {
            NamePrefixes = profile.NamePrefixes,
            StoreId = profile.StoreId,
        });
    }

    private static ValidationResult IdentifyPeer(X509Certificate2 certificate, string? cluster, string? host)
    {
        string name = NameOf(certificate);
        if (cluster is null)
        {
            return certificate.MatchesHostname(host!, allowCommonName: false)
                ? ValidationResult.Accept(new RemoteIdentity(name, DfssRole.Peer))
                : NotTrusted(
                    $"The peer's certificate '{name}' is not for host '{host}'.",
                    "Use the host name in the peer's certificate, or give the peer one that contains this host.");
        }

        CertificateProfile profile = CertificateProfile.Read(certificate);
        return profile is { Role: DfssRole.Peer, StoreId: not null }
            ? ValidationResult.Accept(
                new RemoteIdentity(name, profile.Role) { StoreId = profile.StoreId, IsIssuer = profile.IsIssuer })
            : NotTrusted(
                $"The peer's certificate '{name}' is not that of a peer: it names no store.",
                "Have one made for a peer.");
    }

    private X509Chain CreateChain(X509Certificate2Collection sent, string use)
    {
        X509Chain chain = new() { ChainPolicy = CreatePolicy(authorities) };
        chain.ChainPolicy.ExtraStore.AddRange(sent);
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(use));
        chain.ChainPolicy.VerificationTime = clock.GetUtcNow().UtcDateTime;
        return chain;
    }

    /// <summary>Trusts these authorities alone and makes no network request.</summary>
    internal static X509ChainPolicy CreatePolicy(X509Certificate2Collection authorities)
    {
        X509ChainPolicy policy = new()
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }

    private static (DateTimeOffset NotBefore, DateTimeOffset NotAfter) Validity(X509Chain chain) =>
    (
        chain.ChainElements.Max(element => new DateTimeOffset(element.Certificate.NotBefore.ToUniversalTime())),
        chain.ChainElements.Min(element => new DateTimeOffset(element.Certificate.NotAfter.ToUniversalTime()))
    );

    private static CertificateKey KeyOf(X509Certificate2 certificate) => new(
        Convert.ToHexString(certificate.IssuerName.RawData), Convert.ToHexString(certificate.SerialNumberBytes.Span));

    private static string NameOf(X509Certificate2 certificate)
    {
        string name = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        return PrintableText.From(name.Length > 0 ? name : certificate.Subject, MaxNameCharacters);
    }

    private static ValidationResult Untrusted(string name, string side, X509Certificate2 certificate)
    {
        bool signsItself = certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);
        string issuer = PrintableText.From(
            certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: true), MaxNameCharacters);
        return signsItself
            ? NotTrusted(
                $"The {side}'s certificate '{name}' is self-signed and has no authority.",
                "Use one that a trusted authority has issued.")
            : NotTrusted(
                $"The {side}'s certificate '{name}' was issued by '{issuer}', which is not one of the trusted "
                    + "authorities.",
                "Use one that a trusted authority has issued, or trust that one.");
    }

    private ValidationResult Expired(string name, string side, DateTimeOffset bound)
    {
        DateTimeOffset now = clock.GetUtcNow();
        string validity = now < bound ? "is valid only from" : "or its authority's expired on";
        return ValidationResult.Refuse(
            DfssErrorCode.CertificateExpired,
            string.Create(
                CultureInfo.InvariantCulture,
                $"The {side}'s certificate '{name}' {validity} {bound:u}, and the clock of the machine that checks it "
                    + $"shows {now:u}."),
            "Renew it, or set the clock that is wrong.");
    }

    internal static ValidationResult Revoked(string name, string side) => ValidationResult.Refuse(
        DfssErrorCode.CertificateRevoked,
        $"The {side}'s certificate '{name}' was revoked by its authority.",
        "Ask the operator of the authority for a new one: in a cluster for an invitation, and join with it again "
        + "(Join-DfssCluster -Force, "
        + "for a peer with -StorePath or -StoreId too).");

    private static ValidationResult NotTrusted(string reason, string advice) =>
        ValidationResult.Refuse(DfssErrorCode.CertificateNotTrusted, reason, advice);
}
