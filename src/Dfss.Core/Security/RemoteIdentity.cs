namespace Dfss.Security;

/// <summary>The identity that the other end of a connection has proven.</summary>
/// <param name="Name">Its name, printable, for messages and the log.</param>
/// <param name="Role">What it may do.</param>
internal sealed record RemoteIdentity(string Name, DfssRole Role)
{
    /// <summary>The identity of every client of a peer that does not authenticate clients.</summary>
    public static RemoteIdentity Unnamed { get; } = new("a client without a certificate", DfssRole.Admin);

    /// <summary>
    /// The identity of a client that presents no certificate to an issuer: it may join, and nothing else.
    /// </summary>
    public static RemoteIdentity Unauthenticated { get; } = new("an unauthenticated client", DfssRole.None);

    public bool IsUnauthenticated => ReferenceEquals(this, Unauthenticated);

    /// <summary>Whether its certificate states that it holds the cluster's authority.</summary>
    public bool IsIssuer { get; init; }

    /// <summary>The prefixes of the names that it may touch; empty for all names.</summary>
    public IReadOnlyList<string> NamePrefixes { get; init; } = [];

    /// <summary>The store that its certificate names; null for none.</summary>
    public StoreId? StoreId { get; init; }

    /// <summary>When the first of its certificates expires.</summary>
    public DateTimeOffset NotAfter { get; init; } = DateTimeOffset.MaxValue;

    /// <summary>
    /// Its certificate and the intermediate ones, without the authority's, as revocation lists name them.
    /// </summary>
    public IReadOnlyList<CertificateKey> Certificates { get; init; } = [];

    /// <summary>Whether it may touch a name.</summary>
    public bool MayTouch(string name) =>
        NamePrefixes.Count == 0 || NamePrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));
}

/// <summary>How a revocation list names a certificate.</summary>
/// <param name="Issuer">The issuer's name, its DER in hexadecimal.</param>
/// <param name="Serial">The serial number in hexadecimal.</param>
internal readonly record struct CertificateKey(string Issuer, string Serial);

/// <summary>The result of validating the other side's certificate: its identity, or why it is refused.</summary>
internal sealed record ValidationResult(RemoteIdentity? Identity, DfssException? Refusal)
{
    public static ValidationResult Accept(RemoteIdentity identity) => new(identity, Refusal: null);

    public static ValidationResult Refuse(DfssErrorCode code, string reason, string advice) =>
        new(Identity: null, new DfssException(code, reason, advice));

    /// <summary>The identity.</summary>
    /// <exception cref="DfssException">Why the certificate is refused.</exception>
    public RemoteIdentity IdentityOrThrow() => Identity ?? throw Refusal!.Copy();
}
