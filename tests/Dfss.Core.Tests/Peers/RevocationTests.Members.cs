using System.Security.Cryptography;
using System.Text;
using Dfss.Clusters;
using Dfss.Protocol;
using Dfss.Security;
using Dfss.Testing;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Peers;

/// <content>Members of the cluster, and the lists that they keep.</content>
public sealed partial class RevocationTests
{
    private static TlsIdentity Keeping(TlsIdentity identity, string path) =>
        new(identity.Certificate, identity.TrustedAuthorities)
        {
            RevocationListPath = path,
            KeepsRevocationList = true,
        };

    private static Task<ClientChannel> ConnectKeepingAsync(TlsPeer peer, TlsIdentity identity)
    {
        TlsTransport tls = new(identity, TimeProvider.System, log: null);
        return ClientChannel.ConnectAsync(
            peer.Address,
            ClientChannelOptions.Default with
            {
                Connect = tls.ConnectAsync,
                Revocations = RevocationExchange.For(tls, log: null)
            }, Token);
    }

    private static async Task<long> PutAsync(ClientChannel channel, string list)
    {
        PeerCall call = new(
            Operations.PutRevocations, MessageMap.Empty, Encoding.ASCII.GetBytes(list), Destination: null,
            IsBulk: false);
        using Response response = await channel.CallAsync(call, Token);
        return response.Results.Required("number").AsInteger();
    }

    private static async Task<string> GetAsync(ClientChannel channel)
    {
        using Response response = await channel.CallAsync(Operations.GetRevocations, MessageMap.Empty, default, Token);
        return Encoding.ASCII.GetString(response.Payload.Span);
    }

    private static string SerialOf(TlsIdentity identity) =>
        Convert.ToHexString(identity.Certificate.SerialNumberBytes.Span);

    private static async Task FailsAsync(DfssErrorCode code, Func<Task> action) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<DfssException>(action)).Code);

    /// <summary>
    /// Asks nothing before the connection is closed: a request that meets a closed socket is answered by a reset, which
    /// discards what the peer has said.
    /// </summary>
    private static async Task IsClosedAsRevokedAsync(ClientChannel channel)
    {
        while (!channel.IsClosed)
        {
            await Task.Delay(1, Token);
        }

        await FailsAsync(DfssErrorCode.CertificateRevoked, async () => await channel.PingAsync(Token));
    }

    private string ListPath(string name)
    {
        File.WriteAllText(folder[$"{name}.crl"], issuer.Authority.Authority.CreateRevocationList());
        return folder[$"{name}.crl"];
    }

    private Task<string> CreateListAsync() => Task.FromResult(ListPath(FormattableString.Invariant($"list{made++}")));

    private async Task<TlsPeer> StartPeerAsync()
    {
        string path = await CreateListAsync();
        return await TlsPeer.StartAsync(
            store => Keeping(issuer.Authority.IdentifyPeer(store), path), configure: null, Token);
    }

    private async Task<TlsIdentity> RenewAsync(TlsIdentity identity)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return identity.WithCertificate(
            await new IssuerClient(identity, [issuer.Peer.Address]).RenewAsync(
                issuer.Authority.Certificate, key, Token));
    }

    private async Task<(TlsIdentity Identity, string Serial)> JoinAsync(string name, DfssRole role = DfssRole.Reader)
    {
        Invitation invitation = await Admin.InviteAsync(
            new InvitationTerms { Role = role, Name = name }, issuer.Authority.Certificate, Token);
        JoinedMember joined = await IssuerClient.JoinAsync(invitation, store: null, Token);
        TlsIdentity identity = new(joined.Certificate, [issuer.Authority.Certificate]);
        return (identity, SerialOf(identity));
    }
}
