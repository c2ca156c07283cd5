using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Dfss.Security;

namespace Dfss.Transport;

/// <summary>Connections over TLS, for one identity: both sides show certificates, and each judges the other's.</summary>
internal sealed class TlsTransport
{
    /// <summary>Of TLS 1.2: a key of its own for each connection (ECDHE), and authenticated encryption. All of 1.3 are so.</summary>
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

    /// <summary>Makes ready; reads the files that the identity names.</summary>
    /// <exception cref="DfssException">InvalidArgument: one of them cannot be used.</exception>
    public TlsTransport(TlsIdentity identity, TimeProvider clock, Action<string>? log)
        : this(identity, new CertificateValidator(identity, clock, log))
    {
    }

    /// <summary>For whoever has another certificate than before, and believes the same as before.</summary>
    public TlsTransport(TlsIdentity identity, CertificateValidator judge)
    {
        authorities = identity.TrustedAuthorities;
        allowsTls12 = identity.AllowTls12;
        Validator = judge;
        certificate = SslStreamCertificateContext.Create(
            identity.Certificate, [.. identity.Intermediates], offline: true);
#pragma warning disable CA5398 // No older version than these, whatever the system's configuration says.
        protocols = identity.AllowTls12 ? SslProtocols.Tls13 | SslProtocols.Tls12 : SslProtocols.Tls13;
#pragma warning restore CA5398
    }

    /// <summary>For a client that has no certificate yet, and believes peers of this cluster alone.</summary>
    public TlsTransport(X509Certificate2 authority, TimeProvider clock)
    {
        authorities = [authority];
        protocols = SslProtocols.Tls13;
        Validator = new CertificateValidator(authority, clock);
    }

    public CertificateValidator Validator { get; }

    /// <summary>
    /// Whether whoever listens there is known to speak plaintext, and is to be spoken with so: the peers on loopback that this
    /// user has started without certificates. Nobody by default.
    /// </summary>
    public Func<IPEndPoint, bool> IsPlaintext { get; init; } = _ => false;

    /// <summary>
    /// The peer's side of a connection. A client that is refused learns it from the answer to hello: see
    /// <see cref="IConnection.ValidationResult"/>.
    /// </summary>
    public IConnection Accept(IConnection connection) => new TlsConnection(connection, isPeer: true, AcceptAsync);

    /// <summary>Connects, and sees to it that whoever is there is a peer that this side trusts.</summary>
    /// <exception cref="DfssException">As of TCP; TlsNotExpected, TlsFailed, NotADfssPeer; or why the peer is refused.</exception>
    public async Task<IConnection> ConnectAsync(PeerAddress address, TimeSpan timeout, CancellationToken cancellationToken)
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
                DfssException failure => failure.Retold($"{address}: {failure.Reason}"),
                OperationCanceledException when !cancellationToken.IsCancellationRequested => new DfssException(
                    DfssErrorCode.TimedOut,
                    $"{address}: something listens there, and the TLS handshake took over {timeout.TotalSeconds:0.#} s.",
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

            // A session that is resumed would show no certificate, and so outlive its revocation.
            AllowTlsResume = false,
#pragma warning disable CA5359 // The verdict is recorded here and carried out in the answer to hello, which says why: TLS 1.3 could not.
            RemoteCertificateValidationCallback = (_, shown, chain, _) =>
            {
                connection.ValidationResult = Validator.JudgeClient(shown as X509Certificate2, Sent(chain));
                return true;
            },
#pragma warning restore CA5359
        };
        await stream.AuthenticateAsServerAsync(options, cancellationToken).ConfigureAwait(false);
        ThrowIfWeak(stream);
    }

    private async Task ConnectAsync(TlsConnection connection, SslStream stream, string host, CancellationToken cancellationToken)
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
                connection.ValidationResult = Validator.JudgePeer(shown as X509Certificate2, Sent(chain), host);
                return connection.ValidationResult.Refusal is null;
            },
        };
        await stream.AuthenticateAsClientAsync(options, cancellationToken).ConfigureAwait(false);
        ThrowIfWeak(stream);
    }

    private static X509Certificate2Collection Sent(X509Chain? chain) => chain?.ChainPolicy.ExtraStore ?? [];

    private X509ChainPolicy CreatePolicy() => CertificateValidator.CreatePolicy([.. authorities]);

    /// <summary>Where the system lets nobody choose (Windows), <see cref="ThrowIfWeak"/> looks at what was agreed upon.</summary>
    private CipherSuitesPolicy? CreateSuites() => OperatingSystem.IsWindows() || !allowsTls12
        ? null
        : new CipherSuitesPolicy([.. Tls13Suites, .. Tls12Suites]);

    private static void ThrowIfWeak(SslStream stream)
    {
        if (!Tls13Suites.Contains(stream.NegotiatedCipherSuite) && !Tls12Suites.Contains(stream.NegotiatedCipherSuite))
        {
            throw new DfssException(
                DfssErrorCode.TlsFailed,
                $"The other side wants {stream.NegotiatedCipherSuite}, which has no forward secrecy or no authenticated encryption.",
                "Update its TLS.");
        }
    }
}
