using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Security;
using Dfss.Transport;

namespace Dfss.Transfer;

/// <summary>
/// TLS between two processes that have told each other their certificates by another way, the session: each accepts
/// that one certificate and no other, whatever authority, name or time it states. The certificate is made for one copy,
/// and its key never leaves the process.
/// </summary>
internal sealed class PinnedTls : IDisposable
{
    private static readonly TimeSpan Validity = TimeSpan.FromDays(30);

    /// <summary>Made when it is needed: on Windows its key is kept in a file meanwhile.</summary>
    private readonly Lazy<X509Certificate2> own = new(Create);
    private byte[]? pinned;

    /// <summary>The own certificate, in DER.</summary>
    public byte[] Certificate => own.Value.RawData;

    /// <summary>Accepts this certificate of the other side. Called once, before any connection.</summary>
    public void Pin(byte[] certificate) => pinned = certificate;

    /// <summary>The side that listened.</summary>
    public TlsConnection Accept(IConnection connection) => new(
        connection, isPeer: true, (_, stream, token) => stream.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions
            {
                ServerCertificateContext = SslStreamCertificateContext.Create(
                    own.Value, additionalCertificates: null, offline: true),
                ClientCertificateRequired = true,
                RemoteCertificateValidationCallback = IsPinned,
            },
            token));

    /// <summary>The side that connected.</summary>
    public TlsConnection Connect(IConnection connection) => new(
        connection, isPeer: false, (_, stream, token) => stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "dfss",
                ClientCertificateContext = SslStreamCertificateContext.Create(
                    own.Value, additionalCertificates: null, offline: true),
                RemoteCertificateValidationCallback = IsPinned,
            },
            token));

    public void Dispose()
    {
        if (own.IsValueCreated)
        {
            own.Value.Dispose();
        }
    }

    private static X509Certificate2 Create()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=DFSS copy", key, HashAlgorithmName.SHA256);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 made = request.CreateSelfSigned(now - Validity, now + Validity);

        // The identity's certificate: on Windows its key is where TLS can use it.
        return new X509Certificate2(new TlsIdentity(made, [made]).Certificate);
    }

    private bool IsPinned(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        certificate is not null && pinned is { } expected
            && CryptographicOperations.FixedTimeEquals(certificate.GetRawCertData(), expected);
}
