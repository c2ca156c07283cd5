using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Dfss.Protocol;
using Dfss.Security;

namespace Dfss.Storage.S3;

/// <summary>Which certificates an engine may show: those for its host, of an authority that counts.</summary>
/// <param name="authorities">The authorities that count, and no others; empty for those of the system.</param>
internal sealed class EngineTrust(IReadOnlyList<X509Certificate2> authorities)
{
    // What another machine has written into a certificate.
    private const int MaxNameCharacters = 200;

    // The last: an authority with the name of the right one, and another key.
    private const X509ChainStatusFlags OfAuthority = X509ChainStatusFlags.UntrustedRoot
        | X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.NotSignatureValid;

    /// <summary>The system's authorities count.</summary>
    public static readonly EngineTrust OfSystem = new([]);

    /// <summary>
    /// How a connection checks the certificate. It asks no server for revocations. For given authorities it sends no
    /// request at all; for those of the system, the system may download a certificate between that the engine does not
    /// send.
    /// </summary>
    public SslClientAuthenticationOptions CreateOptions() => new()
    {
        CertificateChainPolicy = authorities.Count == 0 ? null : CertificateValidator.CreatePolicy([.. authorities]),
        RemoteCertificateValidationCallback = (stream, certificate, chain, errors) => errors == SslPolicyErrors.None
            ? true
            : throw Refuse(((SslStream)stream).TargetHostName, certificate as X509Certificate2, chain, errors),
    };

    private EngineCertificateException Refuse(
        string host, X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null || chain is null)
        {
            return new EngineCertificateException("shows no certificate", "Check that the engine's address is right.");
        }

        string shown = $"shows the certificate '{NameOf(certificate, isIssuer: false)}'";
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            return new EngineCertificateException(
                $"{shown}, which is for {Hosts(certificate)}, and not for the host '{host}'",
                "Give a host of the certificate in the address of the store, or have a certificate made for that "
                    + "host.");
        }

        X509ChainStatusFlags flags = chain.ChainStatus.Aggregate(
            X509ChainStatusFlags.NoError, (all, one) => all | one.Status);
        if ((flags & OfAuthority) != 0)
        {
            X509Certificate2 last = (chain.ChainElements.FirstOrDefault(IsSignedByAnother) ?? chain.ChainElements[^1])
                .Certificate;
            string issuer = NameOf(last, isIssuer: true);
            return new EngineCertificateException(
                $"{shown} of the authority '{issuer}', which {Distrust(last.IssuerName)}",
                $"If '{issuer}' is the authority of the engine, give its certificate with -EngineAuthority: the one "
                    + "that signs itself, and those between.");
        }

        return new EngineCertificateException(
            flags.HasFlag(X509ChainStatusFlags.NotTimeValid)
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"{shown}, which is not valid now: it, or one above it, has ended or not begun; its own time is "
                        + $"{certificate.NotBefore:yyyy-MM-dd} to {certificate.NotAfter:yyyy-MM-dd}")
                : $"{shown}, which is refused: {string.Join(" ", chain.ChainStatus.Select(Tell))}",
            "Have a certificate made for the engine that is valid, and check the clock of this machine.");
    }

    private string Distrust(X500DistinguishedName issuer) => authorities.Count == 0
        ? "this system does not trust"
        : "is not in -EngineAuthority: " + string.Join(", ", authorities.Select(authority =>
            authority.SubjectName.RawData.AsSpan().SequenceEqual(issuer.RawData)
                ? $"'{NameOf(authority, isIssuer: false)}' (another key of the same name)"
                : $"'{NameOf(authority, isIssuer: false)}'"));

    private static bool IsSignedByAnother(X509ChainElement element) => element.ChainElementStatus.Any(
        status => status.Status.HasFlag(X509ChainStatusFlags.NotSignatureValid));

    private static string Hosts(X509Certificate2 certificate)
    {
        string[] hosts = [.. certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(
            names => names.EnumerateDnsNames().Concat(names.EnumerateIPAddresses().Select(one => $"{one}")))];
        return hosts.Length == 0
            ? "no host"
            : PrintableText.From(string.Join(", ", hosts.Select(host => $"'{host}'")), MaxNameCharacters);
    }

    private static string NameOf(X509Certificate2 certificate, bool isIssuer)
    {
        string name = certificate.GetNameInfo(X509NameType.SimpleName, isIssuer);
        string whole = isIssuer ? certificate.Issuer : certificate.Subject;
        return PrintableText.From(name.Length > 0 ? name : whole, MaxNameCharacters);
    }

    private static string Tell(X509ChainStatus status) => status.StatusInformation.TrimEnd();
}
