using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Dfss.Security;
using Dfss.Testing;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Peers;

/// <content>Connections that are made and refused.</content>
public sealed partial class AccessTests
{
    /// <summary>The client gets this error, and the peer writes one line that says the same.</summary>
    private async Task RefusedAsync(
        DfssErrorCode code, string reason, Func<Task<ClientChannel>> connect, TlsPeer? at = null)
    {
        TlsPeer asked = at ?? peer;
        DfssException error = await Assert.ThrowsAsync<DfssException>(connect);
        Assert.Equal(code, error.Code);
        Assert.StartsWith($"{asked.Address}: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        using CancellationTokenSource limit = new(RawClient.TimeLimit);
        while (asked.Log.IsEmpty || asked.Peer.Connections > 0)
        {
            await Task.Delay(1, limit.Token);
        }

        string line = Assert.Single(asked.Log);
        Assert.StartsWith("127.0.0.1:", line, StringComparison.Ordinal);
    }

    private static async Task DoesNotStartAsync(DfssErrorCode code, string reason, Func<StoreId, TlsIdentity> identify)
    {
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => TlsPeer.StartAsync(identify, configure: null, Token));
        Assert.Equal(code, error.Code);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    private static async Task<DfssErrorCode> PingAsync(ClientChannel channel)
    {
        try
        {
            await channel.PingAsync(Token);
            return DfssErrorCode.None;
        }
        catch (DfssException error)
        {
            return error.Code;
        }
    }

    private Task<TlsPeer> StartAsync(bool allowTls12 = false) => TlsPeer.StartAsync(
        id => new TlsIdentity(authority.IdentifyPeer(id).Certificate, [authority.Certificate])
        {
            AllowTls12 = allowTls12
        }, configure: null, Token);

    /// <summary>A client of TLS that is not ours: it shows what it likes, and believes whatever it is shown.</summary>
    private Task<ClientChannel> ConnectRawAsync(
        X509Certificate2? certificate, SslProtocols protocols, TlsPeer? at = null, CipherSuitesPolicy? suites = null)
    {
        PeerAddress address = (at ?? peer).Address;
        SslClientAuthenticationOptions options = new()
        {
            TargetHost = address.Host,
            EnabledSslProtocols = protocols,
            CipherSuitesPolicy = suites,
            ClientCertificateContext = certificate is null
                ? null
                : SslStreamCertificateContext.Create(certificate, [], offline: true),
#pragma warning disable CA5359
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
        };
        return ClientChannel.ConnectAsync(
            address,
            ClientChannelOptions.Default with
            {
                Connect = async (to, timeout, token) => new TlsConnection(
                    await TcpTransport.ConnectAsync(to, timeout, token),
                    isPeer: false,
                    (_, stream, cancel) => stream.AuthenticateAsClientAsync(options, cancel)),
            },
            Token);
    }

    private sealed class TlsListener(IConnectionListener inner, TlsTransport tls) : IConnectionListener
    {
        public IReadOnlyList<System.Net.IPEndPoint> Endpoints => inner.Endpoints;

        public async ValueTask<IConnection> AcceptAsync(CancellationToken cancellationToken) =>
            tls.Accept(await inner.AcceptAsync(cancellationToken));

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
