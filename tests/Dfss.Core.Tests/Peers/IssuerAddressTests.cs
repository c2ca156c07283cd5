using Dfss.Clusters;
using Dfss.Peers;
using Dfss.Protocol;
using Dfss.Security;
using Dfss.Testing;
using Dfss.Transport;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>
/// A cluster's issuer that is started again at another address: how members and running peers find it.
/// </summary>
public sealed partial class IssuerAddressTests : IAsyncLifetime
{
    private readonly TemporaryFolder folder = new();
    private TestIssuer issuer = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private IssuerClient Admin => new(issuer.Authority.Identify(DfssRole.Admin), [issuer.Peer.Address]);

    public async ValueTask InitializeAsync() => issuer = await TestIssuer.StartAsync(cancellationToken: Token);

    public async ValueTask DisposeAsync()
    {
        await issuer.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task The_issuer_signs_its_address_at_each_start_with_a_higher_number()
    {
        IssuerFile file = new(issuer.Membership.IssuerFilePath, issuer.Authority.Certificate, log: null);
        IssuerStatement first = file.Current;
        Assert.Equal(
            (issuer.Peer.Peer.StoreId, issuer.Peer.Address.ToString()),
            (first.StoreId, Assert.Single(first.Addresses)));
        await issuer.StartAgainAsync(Token);
        Assert.True(file.Current.Number > first.Number);
        Assert.Equal(issuer.Peer.Address.ToString(), Assert.Single(file.Current.Addresses));
        Assert.Equal(issuer.Peer.Address, issuer.Membership.LoadIssuer()[0]);
    }

    [Fact]
    public async Task A_member_that_connects_to_the_issuer_saves_its_new_address()
    {
        ClusterMembership ann = await CreateMemberAsync("ann");
        PeerAddress before = issuer.Peer.Address;
        await issuer.StartAgainAsync(Token);
        Assert.Equal([before], ann.LoadIssuer());
        await ConnectAsync(ann, issuer.Peer);
        Assert.Equal([issuer.Peer.Address, before], ann.LoadIssuer());
        ClusterPeer saved = Assert.Single(ann.LoadPeers(), peer => peer.IsIssuer);
        Assert.Equal((issuer.Peer.Peer.StoreId, issuer.Peer.Address.ToString()), (saved.StoreId, saved.Addresses[0]));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(ann.IssuerFilePath));
        }
    }

    [Fact]
    public async Task A_member_that_lost_the_issuer_finds_it_through_any_peer_that_knows_it()
    {
        ClusterMembership ann = await CreateMemberAsync("ann");
        ClusterMembership bob = await CreateMemberAsync("bob");
        await using TlsPeer peer = await StartPeerAsync("box2", renewed: null);
        await ann.SavePeersAsync(
            [.. ann.LoadPeers(), new(peer.Peer.StoreId, ["127.0.0.1:1", peer.Address.ToString()], IsIssuer: false)],
            Token);
        await issuer.StartAgainAsync(Token);
        IssuerClient client = new(
            Identity(ann), ann, TimeSpan.FromMinutes(10), new FakeTimeProvider(TimeProvider.System.GetUtcNow()));
        DfssException lost = await Assert.ThrowsAsync<DfssException>(() => client.ListPeersAsync(Token));
        Assert.Equal(DfssErrorCode.IssuerUnreachable, lost.Code);
        Assert.Contains("Get-DfssPeer -Peer ADDRESS", lost.Advice, StringComparison.Ordinal);

        // Another member has met the issuer, and then the peer.
        await ConnectAsync(bob, issuer.Peer);
        await ConnectAsync(bob, peer);
        Assert.Equal(issuer.Peer.Peer.StoreId, (await client.ListPeersAsync(Token))[0].StoreId);
        Assert.Equal(issuer.Peer.Address, ann.LoadIssuer()[0]);
    }

    [Fact]
    public async Task A_running_peer_that_lost_the_issuer_announces_itself_as_soon_as_a_member_brings_the_address()
    {
        SemaphoreSlim renewed = new(0);
        await using TlsPeer peer = await StartPeerAsync("box2", () => renewed.Release());
        await renewed.WaitAsync(Token);
        await issuer.Issuer.AnnounceAsync(peer.Peer.StoreId, ["127.0.0.1:1"]);
        await issuer.StartAgainAsync(Token);
        ClusterMembership bob = await CreateMemberAsync("bob");
        await ConnectAsync(bob, issuer.Peer);
        await ConnectAsync(bob, peer);
        await renewed.WaitAsync(Token);
        ClusterPeer announced = Assert.Single(
            await Admin.ListPeersAsync(Token), one => one.StoreId == peer.Peer.StoreId);
        Assert.Equal(peer.Peer.AdvertisedAddresses, announced.Addresses);

        // So a later revocation reaches it.
        Invitation invitation = await Admin.InviteAsync(
            new InvitationTerms { Role = DfssRole.Reader }, issuer.Authority.Certificate, Token);
        TlsIdentity laptop = new(
            (await IssuerClient.JoinAsync(invitation, store: null, Token)).Certificate, [issuer.Authority.Certificate]);
        byte[] list = await Admin.RevokeAsync(Convert.ToHexString(laptop.Certificate.SerialNumberBytes.Span), Token);
        await Admin.SendRevocationsAsync(announced, list, Token);
        DfssException refused = await Assert.ThrowsAsync<DfssException>(() => peer.ConnectAsync(laptop, Token));
        Assert.Equal(DfssErrorCode.CertificateRevoked, refused.Code);
    }

    [Fact]
    public async Task An_issuer_restored_from_a_copy_states_its_address_above_the_number_that_members_have()
    {
        ClusterMembership ann = await CreateMemberAsync("ann");
        IssuerStatement ahead = new(
            DateTimeOffset.UtcNow.AddYears(1).ToUnixTimeMilliseconds(), issuer.Peer.Peer.StoreId, ["127.0.0.1:1"]);
        await new IssuerFile(ann.IssuerFilePath, issuer.Authority.Certificate, log: null)
            .ReplaceAsync(issuer.Authority.Authority.Sign(ahead), Token);
        Assert.Equal("127.0.0.1:1", ann.LoadIssuer()[0].ToString());

        // The member's statement is the newer one by its number: the issuer takes it, and signs the next one.
        await ConnectAsync(ann, issuer.Peer);
        Assert.Equal(issuer.Peer.Address, ann.LoadIssuer()[0]);
        IssuerFile kept = new(ann.IssuerFilePath, issuer.Authority.Certificate, log: null);
        Assert.Equal(ahead.Number + 1, kept.Current.Number);
    }

    [Fact]
    public async Task An_older_statement_or_one_of_another_authority_or_a_malformed_one_changes_nothing()
    {
        using TestAuthority foreign = new("lab");
        await using ClientChannel channel = await issuer.Peer.ConnectAsync(
            issuer.Authority.Identify(DfssRole.Reader), Token);
        IssuerFile kept = new(issuer.Membership.IssuerFilePath, issuer.Authority.Certificate, log: null);
        IssuerStatement before = kept.Current;
        IssuerStatement other = new(before.Number - 1, StoreId.Create(), ["evil:1"]);
        byte[] signed = issuer.Authority.Authority.Sign(other with { Number = before.Number + 1 });
        byte[] changed = [.. signed];
        changed[signed.AsSpan().IndexOf("evil"u8)] ^= 1;
        Assert.Equal(before.Number, await PutAsync(channel, issuer.Authority.Authority.Sign(other)));
        foreach (byte[] bad in new[]
        {
            changed, foreign.Authority.Sign(other with { Number = before.Number + 1 }), signed[..^1], [], new byte[5000]
        })
        {
            DfssException refused = await Assert.ThrowsAsync<DfssException>(() => PutAsync(channel, bad));
            Assert.Equal(DfssErrorCode.InvalidArgument, refused.Code);
        }

        Assert.Equal(before.Number, kept.Current.Number);
    }

    [Fact]
    public async Task A_statement_that_was_damaged_on_disk_counts_as_none_and_the_next_one_replaces_it()
    {
        ClusterMembership ann = await CreateMemberAsync("ann");
        await File.WriteAllTextAsync(ann.IssuerFilePath, "damaged", Token);
        Assert.Single(ann.LoadIssuer());
        await ConnectAsync(ann, issuer.Peer);
        Assert.Equal(issuer.Peer.Address, ann.LoadIssuer()[0]);
        Assert.Single(new IssuerFile(ann.IssuerFilePath, issuer.Authority.Certificate, log: null).Current.Addresses);
    }

    /// <summary>A member whose folder has the issuer's present address, and no statement.</summary>
    private async Task<ClusterMembership> CreateMemberAsync(string name)
    {
        ClusterMembership membership = ClusterMembership.At(folder[name], "lab");
        await membership.CreateAsync(
            issuer.Authority.Certificate, issuer.Authority.Authority.CreateRevocationList(), Token);
        await membership.SavePeersAsync(
            [new(issuer.Peer.Peer.StoreId, [issuer.Peer.Address.ToString()], IsIssuer: true)], Token);
        await membership.SaveIdentityAsync(
            issuer.Authority.Issue(new CertificateGrant { Name = name, Role = DfssRole.Reader }), store: null, Token);
        return membership;
    }

    /// <summary>A peer with a cluster folder of its own.</summary>
    private async Task<TlsPeer> StartPeerAsync(string name, Action? renewed)
    {
        ClusterMembership membership = await CreateMemberAsync(name);
        StoreId store = default;
        return await StartPeerAsync(
            membership,
            options => options with
            {
                RenewIdentity = renewed is null ? null : async (shown, addresses, cancellationToken) =>
                {
                    TlsIdentity kept = await new MemberRenewal(membership, store).KeepUpAsync(
                        shown, addresses, cancellationToken);
                    renewed();
                    return kept;
                },
            },
            id => store = id);
    }

    private Task<TlsPeer> StartPeerAsync(
        ClusterMembership membership, Func<PeerOptions, PeerOptions> configure, Action<StoreId>? made = null) =>
        TlsPeer.StartAsync(
            id =>
            {
                made?.Invoke(id);
                membership.SaveIdentityAsync(
                    issuer.Authority.IdentifyPeer(id).Certificate, id, Token).GetAwaiter().GetResult();
                return membership.LoadStore(id)!;
            },
            configure,
            Token);

    private static TlsIdentity Identity(ClusterMembership membership) => membership.LoadMember()!;

    private static async Task<long> PutAsync(ClientChannel channel, byte[] statement)
    {
        using Response response = await channel.CallAsync(Operations.PutIssuer, MessageMap.Empty, statement, Token);
        return response.Results.Required("number").AsInteger();
    }

    /// <summary>What any command does first at a peer.</summary>
    private static async Task ConnectAsync(ClusterMembership member, TlsPeer peer)
    {
        TlsTransport tls = new(Identity(member), TimeProvider.System, log: null);
        ClientChannel channel = await ClientChannel.ConnectAsync(
            peer.Address,
            ClientChannelOptions.Default with
            {
                Connect = tls.ConnectAsync,
                Revocations = RevocationExchange.For(tls, log: null),
                Issuer = IssuerExchange.For(tls, log: null),
            },
            Token);
        await channel.DisposeAsync();
    }
}
