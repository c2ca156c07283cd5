using Dfss.Clusters;
using Dfss.Protocol;
using Dfss.Security;
using Dfss.Testing;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Peers;

/// <content>Joins at an address where the issuer is not.</content>
public sealed partial class JoinTests
{
    [Fact]
    public async Task An_issuer_of_another_authority_gets_no_secret()
    {
        await using TestIssuer impostor = await TestIssuer.StartAsync(cancellationToken: Token);
        Invitation invitation = At(
            await InviteAsync(new InvitationTerms { Role = DfssRole.Admin }), impostor.Peer.Address);
        await FailsAsync(
            DfssErrorCode.CertificateNotTrusted, () => IssuerClient.JoinAsync(invitation, store: null, Token));
        await IssuerClient.JoinAsync(At(invitation, issuer.Peer.Address), store: null, Token);
    }

    [Fact]
    public async Task A_peer_of_the_cluster_that_is_not_the_issuer_gets_no_secret()
    {
        byte[]? heard = null;
        await using TlsPeer peer = await TlsPeer.StartAsync(issuer.Authority.IdentifyPeer, configure: null, Token);
        await using (ClientChannel channel = await peer.ConnectAsync(issuer.Authority.Identify(DfssRole.Admin), Token))
        {
            await FailsAsync(
                DfssErrorCode.NotAnIssuer,
                async () => await channel.CallAsync(Operations.ListPeers, MessageMap.Empty, default, Token));
        }

        // One that admits clients without a certificate, and records what they send.
        StoreId store = StoreId.Create();
        TlsTransport tls = new(issuer.Authority.IdentifyPeer(store), TimeProvider.System, log: null);
        await using IConnectionListener listener = TcpTransport.Listen("127.0.0.1", 0);
        Task rogue = ListenAsync();
        Invitation invitation = At(
            await InviteAsync(new InvitationTerms { Role = DfssRole.Admin }),
            new PeerAddress("127.0.0.1", listener.Endpoints[0].Port));
        await FailsAsync(DfssErrorCode.NotAnIssuer, () => IssuerClient.JoinAsync(invitation, store: null, Token));
        await rogue;
        Assert.Null(heard);

        async Task ListenAsync()
        {
            await using MessageChannel channel = new(
                tls.Accept(await listener.AcceptAsync(Token)), new PayloadPool(64 << 20), ChannelOptions.Default);
            using ReceivedMessage? hello = await channel.ReadAsync(Token);
            HelloAnswer answer = new(1, "rogue", store, ["127.0.0.1:1"], [], HelloLimits.Default);
            await channel.WriteAsync(
                Message.Answer(hello!.Message.Id, DfssErrorCode.None, answer.ToMap()), payload: null, Token);
            using ReceivedMessage? next = await channel.ReadAsync(Token);
            heard = next?.Message.Map.TryGet("secret", out MessageValue secret) == true ? secret.AsBinary() : null;
        }
    }

    [Fact]
    public async Task An_issuer_that_is_not_there_is_said_to_be_so_and_another_address_is_tried()
    {
        Invitation invitation = await InviteAsync(new InvitationTerms { Role = DfssRole.Reader });
        int free;
        await using (IConnectionListener listener = TcpTransport.Listen("127.0.0.1", 0))
        {
            free = listener.Endpoints[0].Port;
        }

        PeerAddress absent = new("127.0.0.1", free);
        DfssException refused = await Assert.ThrowsAsync<DfssException>(
            () => IssuerClient.JoinAsync(At(invitation, absent), store: null, Token));
        Assert.Equal(DfssErrorCode.IssuerUnreachable, refused.Code);
        Assert.Contains(absent.ToString(), refused.Message, StringComparison.Ordinal);
        await IssuerClient.JoinAsync(At(invitation, absent, issuer.Peer.Address), store: null, Token);
    }
}
