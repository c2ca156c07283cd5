using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Dfss.Clusters;
using Dfss.Peers;
using Dfss.Protocol;
using Dfss.Security;
using Dfss.Storage;
using Dfss.Testing;
using Dfss.Transport;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>
/// Which clients are admitted and which are refused, the error that each gets, and the one line that the peer logs.
/// </summary>
public sealed partial class AccessTests : IAsyncLifetime
{
    private readonly TestAuthority authority = new();
    private readonly TestAuthority other = new();
    private readonly TemporaryFolder folder = new();
    private TlsPeer peer = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => peer = await StartAsync();

    public async ValueTask DisposeAsync()
    {
        await peer.DisposeAsync();
        authority.Dispose();
        other.Dispose();
        folder.Dispose();
    }

    [Fact]
    public Task Without_a_certificate_every_client_is_refused() => RefusedAsync(
        DfssErrorCode.NotAuthenticated, "no certificate", () => ConnectRawAsync(certificate: null, SslProtocols.Tls13));

    [Fact]
    public Task A_certificate_that_has_expired_is_refused() => RefusedAsync(
        DfssErrorCode.CertificateExpired, "expired on", () => peer.ConnectAsync(
            authority.Identify(
                new CertificateGrant { Name = "old", Role = DfssRole.Admin, Lifetime = TimeSpan.FromTicks(1) }),
            Token));

    [Fact]
    public async Task A_certificate_that_does_not_hold_yet_is_refused()
    {
        FakeTimeProvider clock = new(DateTimeOffset.UtcNow);
        using TestAuthority early = new("early", clock);
        await using TlsPeer strict = await TlsPeer.StartAsync(early.IdentifyPeer, configure: null, Token);
        clock.Advance(TimeSpan.FromDays(1));
        await RefusedAsync(
            DfssErrorCode.CertificateExpired, "is valid only from",
            () => strict.ConnectAsync(early.Identify(DfssRole.Admin), Token), strict);
    }

    [Fact]
    public Task A_certificate_of_another_authority_is_refused() => RefusedAsync(
        DfssErrorCode.CertificateNotTrusted, "not one of the trusted authorities", () => peer.ConnectAsync(
            new TlsIdentity(
                other.Issue(new CertificateGrant { Name = "x", Role = DfssRole.Admin }), [authority.Certificate]),
            Token));

    [Fact]
    public Task A_certificate_that_signs_itself_is_refused() => RefusedAsync(
        DfssErrorCode.CertificateNotTrusted, "self-signed", () => peer.ConnectAsync(
            new TlsIdentity(authority.SignItself("me"), [authority.Certificate]), Token));

    [Fact]
    public Task A_peer_that_the_client_does_not_trust_gets_no_message() => RefusedAsync(
        DfssErrorCode.CertificateNotTrusted, "The peer's certificate 'peer' was issued by", () => peer.ConnectAsync(
            new TlsIdentity(
                authority.Issue(new CertificateGrant { Name = "x", Role = DfssRole.Admin }), [other.Certificate]),
            Token));

    [Fact]
    public async Task A_certificate_that_is_no_peers_cannot_serve()
    {
        // A peer of the cluster that claims to be another one: in front of a store with an id of its own stands its
        // certificate.
        TlsTransport tls = new(authority.IdentifyPeer(peer.Peer.StoreId), TimeProvider.System, log: null);
        await using DfssPeer impostor = await DfssPeer.StartAsync(
            new PeerOptions { Port = 0, AllowUnauthenticatedNetwork = true, Address = "127.0.0.1" },
            new DurableFile(beforeStep: null),
            (address, port) => new TlsListener(TcpTransport.Listen(address, port), tls),
            Token);
        DfssException refused = await Assert.ThrowsAsync<DfssException>(() => ClientChannel.ConnectAsync(
            new PeerAddress("127.0.0.1", impostor.Port), TlsPeer.OptionsOf(authority.Identify(DfssRole.Admin)), Token));
        Assert.Equal(DfssErrorCode.CertificateNotTrusted, refused.Code);
        Assert.Contains(
            $"is for store {peer.Peer.StoreId}, and the peer claims to be store {impostor.StoreId}", refused.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_does_not_start_with_a_certificate_that_no_client_would_accept()
    {
        await DoesNotStartAsync(
            DfssErrorCode.CertificateNotTrusted, "is for store", _ => authority.IdentifyPeer(StoreId.Create()));
        await DoesNotStartAsync(
            DfssErrorCode.CertificateNotTrusted, "not valid for a peer", _ => authority.Identify(DfssRole.Admin));
        await DoesNotStartAsync(
            DfssErrorCode.CertificateNotTrusted, "not one of the trusted",
            id => new TlsIdentity(other.IdentifyPeer(id).Certificate, [authority.Certificate]));
        await DoesNotStartAsync(DfssErrorCode.CertificateExpired, "expired on", id => authority.Identify(
            new CertificateGrant
            {
                Name = "old",
                Role = DfssRole.Peer,
                StoreId = id,
                Lifetime = TimeSpan.FromTicks(1)
            }));
    }

    [Fact]
    public async Task Tls_1_2_is_refused_unless_the_peer_allows_it()
    {
        X509Certificate2 certificate = authority.Issue(new CertificateGrant { Name = "old", Role = DfssRole.Admin });
        await RefusedAsync(
            DfssErrorCode.TlsFailed, "The TLS handshake failed",
            () => ConnectRawAsync(certificate, SslProtocols.Tls12));

        await using TlsPeer lenient = await StartAsync(allowTls12: true);
        await using ClientChannel channel = await ConnectRawAsync(certificate, SslProtocols.Tls12, lenient);
        Assert.Equal(DfssErrorCode.None, await PingAsync(channel));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_agrees_to_tls_1_2_only_when_an_option_allows_it(bool isAllowed)
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        PeerAddress address = new("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port);
        using X509Certificate2 certificate = authority.IdentifyPeer(StoreId.Create()).Certificate;
        TlsIdentity admin =
            new(authority.Identify(DfssRole.Admin).Certificate, [authority.Certificate]) { AllowTls12 = isAllowed };
        Task<DfssException> connecting = Assert.ThrowsAsync<DfssException>(
            () => ClientChannel.ConnectAsync(address, TlsPeer.OptionsOf(admin), Token));
        SslProtocols agreed = SslProtocols.None;
        using (TcpClient accepted = await listener.AcceptTcpClientAsync(Token))
        {
            await using SslStream server = new(accepted.GetStream());
            try
            {
                await server.AuthenticateAsServerAsync(
                    new SslServerAuthenticationOptions
                    {
                        ServerCertificate = certificate,
                        EnabledSslProtocols = SslProtocols.Tls12
                    }, Token);
                agreed = server.SslProtocol;
            }
            catch (AuthenticationException) when (!isAllowed)
            {
                // What is to happen: the client offers 1.3 alone.
            }
        }

        Assert.Equal(isAllowed ? SslProtocols.Tls12 : SslProtocols.None, agreed);
        Assert.Equal(isAllowed ? DfssErrorCode.PeerUnreachable : DfssErrorCode.TlsFailed, (await connecting).Code);
    }

    [Fact]
    public async Task Tls_1_2_without_forward_secrecy_is_never_agreed_upon()
    {
        await using TlsPeer lenient = await StartAsync(allowTls12: true);
        X509Certificate2 certificate = authority.Issue(new CertificateGrant { Name = "old", Role = DfssRole.Admin });
        CipherSuitesPolicy weak = new(
            [TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, TlsCipherSuite.TLS_RSA_WITH_AES_128_GCM_SHA256]);
        DfssException refused = await Assert.ThrowsAsync<DfssException>(
            () => ConnectRawAsync(certificate, SslProtocols.Tls12, lenient, weak));
        Assert.Equal(DfssErrorCode.TlsFailed, refused.Code);
    }

    [Fact]
    public Task Plaintext_to_a_peer_with_tls_is_TlsRequired() => RefusedAsync(
        DfssErrorCode.TlsRequired, "uses TLS only",
        () => ClientChannel.ConnectAsync(peer.Address, ClientChannelOptions.Default, Token));

    [Fact]
    public async Task Tls_to_a_peer_without_is_TlsNotExpected()
    {
        await using TlsPeer plain = await TlsPeer.StartAsync(
            authority.IdentifyPeer, options => options with { Identity = null }, Token);
        await RefusedAsync(
            DfssErrorCode.TlsNotExpected, "uses plaintext only",
            () => plain.ConnectAsync(authority.Identify(DfssRole.Admin), Token), plain);
    }

    [Fact]
    public async Task A_revoked_certificate_is_refused_and_its_open_connections_are_closed()
    {
        TlsIdentity lost = authority.Identify(DfssRole.Writer);
        string first = authority.Authority.CreateRevocationList();
        await File.WriteAllTextAsync(folder["list.crl"], first, Token);
        await using TlsPeer strict = await TlsPeer.StartAsync(
            id => new TlsIdentity(authority.IdentifyPeer(id).Certificate, [authority.Certificate])
            {
                RevocationListPath = folder["list.crl"]
            },
            options => options with { IdentityInterval = TimeSpan.FromMilliseconds(20) },
            Token);
        await using ClientChannel open = await strict.ConnectAsync(lost, Token);
        await using ClientChannel bystander = await strict.ConnectAsync(authority.Identify(DfssRole.Admin), Token);
        Assert.Equal(DfssErrorCode.None, await PingAsync(open));

        await File.WriteAllTextAsync(
            folder["list.crl"],
            authority.Authority.Revoke(first, [lost.Certificate.SerialNumberBytes.ToArray()]), Token);
        using CancellationTokenSource limit = new(RawClient.TimeLimit);
        while (!open.IsClosed)
        {
            await Task.Delay(1, limit.Token);
        }

        Assert.Equal(DfssErrorCode.CertificateRevoked, await PingAsync(open));
        Assert.Equal(DfssErrorCode.None, await PingAsync(bystander));
        DfssException refused = await Assert.ThrowsAsync<DfssException>(() => strict.ConnectAsync(lost, Token));
        Assert.Equal(DfssErrorCode.CertificateRevoked, refused.Code);
        Assert.Equal(2, strict.Log.Count(line => line.Contains("was revoked", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Before_hello_is_answered_nothing_else_is()
    {
        IConnection connection = await new TlsTransport(
            authority.Identify(DfssRole.Admin), TimeProvider.System, log: null)
            .ConnectAsync(peer.Address, RawClient.TimeLimit, Token);
        await using MessageChannel channel = new(connection, new PayloadPool(64 << 20), ChannelOptions.Default);
        await channel.WriteAsync(Message.Request(1, Operations.Ping, MessageMap.Empty), payload: null, Token);
        using ReceivedMessage? notice = await channel.ReadAsync(Token);
        Assert.Equal((null, DfssErrorCode.ProtocolViolation), (notice!.Message.Id, notice.Message.Status));
        Assert.Null(await channel.ReadAsync(Token));
    }
}
