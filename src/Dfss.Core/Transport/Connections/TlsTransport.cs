using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Dfss.Security;

namespace Dfss.Transport;

/// <summary>
/// Connections over TLS for one identity: both sides present certificates, and each validates the other's.
/// </summary>
internal sealed class TlsTransport
{
    /// <summary>
    /// The suites of TLS 1.2 with forward secrecy (ECDHE) and authenticated encryption. All
    /// suites of TLS 1.3 have both.
    /// </summary>
    private static readonly TlsCipherSuite[] Tls12Suites =
    [
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ];

    private static readonly TlsCipherSuite[] Tls13Suites =
    [
        TlsCipherSuite.TLS_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256,
    ];

    private readonly IReadOnlyList<X509Certificate2> authorities;
    private readonly SslStreamCertificateContext? certificate;
    private readonly SslProtocols protocols;
    private readonly bool allowsTls12;

    /// <summary>Makes a transport; reads the revocation list and the role file that the identity names.</summary>
    /// <exception cref="DfssException">InvalidArgument: one of them cannot be used.</exception>
    public TlsTransport(TlsIdentity identity, TimeProvider clock, Action<string>? log)
        : this(identity, new CertificateValidator(identity, clock, log))
    {
    }

    /// <summary>Makes a transport with a new certificate and the validator of an earlier transport.</summary>
    public TlsTransport(TlsIdentity identity, CertificateValidator validator)
    {
        authorities = identity.TrustedAuthorities;
        allowsTls12 = identity.AllowTls12;
        Validator = validator;
        certificate = SslStreamCertificateContext.Create(
            identity.Certificate, [.. identity.Intermediates], offline: true);
#pragma warning disable CA5398 // No older version than these, whatever the system's configuration says.
        protocols = identity.AllowTls12 ? SslProtocols.Tls13 | SslProtocols.Tls12 : SslProtocols.Tls13;
#pragma warning restore CA5398
    }

    /// <summary>
    /// Makes a transport for a client that has no certificate yet and trusts only the peers of this cluster.
    /// </summary>
    public TlsTransport(X509Certificate2 authority, TimeProvider clock)
    {
        authorities = [authority];
        protocols = SslProtocols.Tls13;
        Validator = new CertificateValidator(authority, clock);
    }

    public CertificateValidator Validator { get; }

    /// <summary>
    /// Whether to connect to this endpoint in plaintext: true for the peers on loopback that this user has started
    /// without certificates. None by default.
    /// </summary>
    public Func<IPEndPoint, bool> IsPlaintext { get; init; } = _ => false;

    /// <summary>
    /// The peer's side of a connection. The answer to hello tells a client that it is refused: see
    /// <see cref="IConnection.ValidationResult"/>.
    /// </summary>
    public IConnection Accept(IConnection connection) => new TlsConnection(connection, isPeer: true, AcceptAsync);

    /// <summary>Connects, and makes sure that the other side is a peer that this side trusts.</summary>
    /// <exception cref="DfssException">
    /// As for TCP; TlsNotExpected, TlsFailed, NotADfssPeer; or why the peer is refused.
    /// </exception>
    public async Task<IConnection> ConnectAsync(
        PeerAddress address, TimeSpan timeout, CancellationToken cancellationToken)
    {
        IConnection inner = await TcpTransport.ConnectAsync(address, timeout, cancellationToken).ConfigureAwait(false);
        if (inner.RemoteEndpoint is { } endpoint && IsPlaintext(endpoint))
        {
            return inner;
        }

        TlsConnection connection = Connect(inner, address.Host);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            await connection.SecureAsync(limit.Token).ConfigureAwait(false);
            return connection;
        }
        catch (Exception error)
        {
            connection.Abort();
            await connection.DisposeAsync().ConfigureAwait(false);
            throw error switch
            {
                DfssException failure => failure.At(address),
                OperationCanceledException when !cancellationToken.IsCancellationRequested => new DfssException(
                    DfssErrorCode.TimedOut,
                    address, $"something listens there, and the TLS handshake took over {timeout.TotalSeconds:0.#} s.",
                    "Check that a DFSS peer listens on this port, and whether it is overloaded.",
                    error),
                _ => error,
            };
        }
    }

    /// <summary>A client's side of a connection.</summary>
    internal TlsConnection Connect(IConnection connection, string host) => new(
        connection, isPeer: false, (self, stream, token) => ConnectAsync(self, stream, host, token));

    private async Task AcceptAsync(TlsConnection connection, SslStream stream, CancellationToken cancellationToken)
    {
        SslServerAuthenticationOptions options = new()
        {
            ServerCertificateContext = certificate,
            ClientCertificateRequired = true,
            EnabledSslProtocols = protocols,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            CertificateChainPolicy = CreatePolicy(),
            CipherSuitesPolicy = CreateSuites(),
            AllowRenegotiation = false,

            // A resumed session presents no certificate, so it would survive the revocation of the certificate.
            AllowTlsResume = false,
#pragma warning disable CA5359 // The answer to hello refuses the client and says why, which TLS 1.3 cannot.
            RemoteCertificateValidationCallback = (_, shown, chain, _) =>
            {
                connection.ValidationResult = Validator.ValidateClient(shown as X509Certificate2, Sent(chain));
                return true;
            },
#pragma warning restore CA5359
        };
        await stream.AuthenticateAsServerAsync(options, cancellationToken).ConfigureAwait(false);
        ThrowIfWeak(stream);
    }

    private async Task ConnectAsync(
        TlsConnection connection, SslStream stream, string host, CancellationToken cancellationToken)
    {
        SslClientAuthenticationOptions options = new()
        {
            TargetHost = host,
            ClientCertificateContext = certificate,
            EnabledSslProtocols = protocols,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            CertificateChainPolicy = CreatePolicy(),
            CipherSuitesPolicy = CreateSuites(),
            AllowRenegotiation = false,
            AllowTlsResume = false,
            RemoteCertificateValidationCallback = (_, shown, chain, _) =>
            {
                connection.ValidationResult = Validator.ValidatePeer(shown as X509Certificate2, Sent(chain), host);
                return connection.ValidationResult.Refusal is null;
            },
        };
        await stream.AuthenticateAsClientAsync(options, cancellationToken).ConfigureAwait(false);
        ThrowIfWeak(stream);
    }

    private static X509Certificate2Collection Sent(X509Chain? chain) => chain?.ChainPolicy.ExtraStore ?? [];

    private X509ChainPolicy CreatePolicy() => CertificateValidator.CreatePolicy([.. authorities]);

    /// <summary>
    /// The suites to offer. On Windows a program cannot choose them, and <see cref="ThrowIfWeak"/>
    /// checks the negotiated one.
    /// </summary>
    private CipherSuitesPolicy? CreateSuites() => OperatingSystem.IsWindows() || !allowsTls12
        ? null
        : new CipherSuitesPolicy([.. Tls13Suites, .. Tls12Suites]);

    private static void ThrowIfWeak(SslStream stream)
    {
        if (!Tls13Suites.Contains(stream.NegotiatedCipherSuite) && !Tls12Suites.Contains(stream.NegotiatedCipherSuite))
        {
            throw new DfssException(
                DfssErrorCode.TlsFailed,
                $"The other side wants {stream.NegotiatedCipherSuite}, which has no forward secrecy or no "
                    + "authenticated encryption.",
                "Update its TLS.");
        }
    }
}
