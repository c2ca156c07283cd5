using System.Security.Cryptography;
using System.Text;
using Dfss.Clusters;
using Dfss.Security;
using Dfss.Testing;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>
/// Revocation: at the issuer, and how the list reaches running peers that were not asked.
/// </summary>
public sealed partial class RevocationTests : IAsyncLifetime
{
    private readonly TemporaryFolder folder = new();
    private TestIssuer issuer = null!;
    private int made;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private IssuerClient Admin => new(issuer.Authority.Identify(DfssRole.Admin), [issuer.Peer.Address]);

    public async ValueTask InitializeAsync() => issuer = await TestIssuer.StartAsync(cancellationToken: Token);

    public async ValueTask DisposeAsync()
    {
        await issuer.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task A_revoked_member_is_cut_off_and_refused_and_no_other()
    {
        (TlsIdentity lost, string serial) = await JoinAsync("laptop");
        (TlsIdentity other, _) = await JoinAsync("ann");
        await using ClientChannel open = await issuer.Peer.ConnectAsync(lost, Token);
        await using ClientChannel others = await issuer.Peer.ConnectAsync(other, Token);
        await Admin.RevokeAsync(serial, Token);

        await FailsAsync(DfssErrorCode.CertificateRevoked, async () => await open.PingAsync(Token));
        await FailsAsync(DfssErrorCode.CertificateRevoked, () => issuer.Peer.ConnectAsync(lost, Token));
        await others.PingAsync(Token);
        Assert.Single(issuer.Peer.Log, line => line == "Revocation list 2 is in force; 'Admin' sent it.");
        Assert.Equal(
            [("laptop", true), ("ann", false)],
            (await Admin.ListCertificatesAsync(Token)).Select(one => (one.Description.Name, one.IsRevoked)));
    }

    [Fact]
    public async Task Revoking_a_member_revokes_its_renewed_certificates_too()
    {
        (TlsIdentity first, string serial) = await JoinAsync("laptop");
        TlsIdentity second = await RenewAsync(first);
        TlsIdentity third = await RenewAsync(second);
        await Admin.RevokeAsync(serial, Token);
        foreach (TlsIdentity identity in new[] { first, second, third })
        {
            await FailsAsync(DfssErrorCode.CertificateRevoked, () => issuer.Peer.ConnectAsync(identity, Token));
        }

        MemberCertificate listed = Assert.Single(await Admin.ListCertificatesAsync(Token));
        Assert.Equal((SerialOf(third), true), (listed.SerialNumber, listed.IsRevoked));

        // Again, by any of them, it is the same.
        byte[] list = await Admin.RevokeAsync(SerialOf(second), Token);
        Assert.Equal(
            issuer.Membership.RevocationListPath is var path ? await File.ReadAllTextAsync(path, Token) : null,
            Encoding.ASCII.GetString(list));
    }

    [Fact]
    public async Task An_administrator_cannot_revoke_its_own_certificate_or_one_that_does_not_exist()
    {
        Invitation invitation = await Admin.InviteAsync(
            new InvitationTerms { Role = DfssRole.Admin }, issuer.Authority.Certificate, Token);
        JoinedMember joined = await IssuerClient.JoinAsync(invitation, store: null, Token);
        TlsIdentity identity = new(joined.Certificate, [issuer.Authority.Certificate]);
        TlsIdentity renewed = await RenewAsync(identity);
        IssuerClient self = new(renewed, [issuer.Peer.Address]);
        await FailsAsync(DfssErrorCode.InvalidArgument, () => self.RevokeAsync(SerialOf(identity), Token));
        DfssException unknown = await Assert.ThrowsAsync<DfssException>(
            () => self.RevokeAsync("4158F7C1A154633192EDD7FC32DCAF11", Token));
        Assert.Equal(DfssErrorCode.CertificateUnknown, unknown.Code);
        Assert.False(Assert.Single(await self.ListCertificatesAsync(Token)).IsRevoked);
    }

    [Fact]
    public async Task A_notified_peer_closes_connections_without_a_restart_and_another_gets_the_list_from_any_member()
    {
        (TlsIdentity lost, string serial) = await JoinAsync("laptop");
        TlsIdentity reader = Keeping(issuer.Authority.Identify(DfssRole.Reader), await CreateListAsync());
        await using TlsPeer told = await StartPeerAsync();
        await using TlsPeer untold = await StartPeerAsync();
        await using ClientChannel open = await told.ConnectAsync(lost, Token);
        byte[] list = await Admin.RevokeAsync(serial, Token);
        await Admin.SendRevocationsAsync(
            new ClusterPeer(told.Peer.StoreId, ["127.0.0.1:1", told.Address.ToString()], IsIssuer: false), list, Token);
        await IsClosedAsRevokedAsync(open);
        await FailsAsync(DfssErrorCode.CertificateRevoked, () => told.ConnectAsync(lost, Token));

        // The other peer does not have it, until a reader that has the list of the first one connects.
        await using (ClientChannel still = await untold.ConnectAsync(lost, Token))
        {
            await (await ConnectKeepingAsync(told, reader)).DisposeAsync();
            await (await ConnectKeepingAsync(untold, reader)).DisposeAsync();
            await IsClosedAsRevokedAsync(still);
        }

        await FailsAsync(DfssErrorCode.CertificateRevoked, () => untold.ConnectAsync(lost, Token));
        Assert.Single(untold.Log, line => line == "Revocation list 2 is in force; 'Reader' sent it.");
    }

    [Fact]
    public async Task Of_a_peer_that_was_revoked_a_client_learns_from_that_very_peer_and_leaves()
    {
        StoreId store = StoreId.Create();
        Invitation invitation = await Admin.InviteAsync(
            new InvitationTerms { Role = DfssRole.Peer }, issuer.Authority.Certificate, Token);
        await using TlsPeer peer = await TlsPeer.StartAsync(
            id => Keeping(new TlsIdentity(
                IssuerClient.JoinAsync(invitation, store = id, Token).GetAwaiter().GetResult().Certificate,
                [issuer.Authority.Certificate]), ListPath("peer")),
            configure: null, Token);
        IssuerClient asPeer = new(peer.Peer.Options.Identity!, [issuer.Peer.Address]);
        await asPeer.AnnounceAsync([peer.Address.ToString()], Token);
        ClusterPeer announced = (await Admin.ListPeersAsync(Token))[1];
        TlsIdentity reader = Keeping(issuer.Authority.Identify(DfssRole.Reader), await CreateListAsync());
        await (await ConnectKeepingAsync(peer, reader)).DisposeAsync();

        byte[] list = await Admin.RevokeAsync(SerialOf(peer.Peer.Options.Identity!), Token);
        await Admin.SendRevocationsAsync(announced, list, Token);
        await FailsAsync(DfssErrorCode.CertificateRevoked, () => ConnectKeepingAsync(peer, reader));
        Assert.Equal([issuer.Peer.Peer.StoreId], (await Admin.ListPeersAsync(Token)).Select(one => one.StoreId));
    }

    [Fact]
    public async Task No_list_but_a_newer_one_of_the_authority_takes_the_place_of_what_a_peer_has()
    {
        (_, string serial) = await JoinAsync("laptop");
        string before = await File.ReadAllTextAsync(issuer.Membership.RevocationListPath, Token);
        string after = Encoding.ASCII.GetString(await Admin.RevokeAsync(serial, Token));
        using TestAuthority foreign = new();
        string changed = after[..100] + (after[100] == 'A' ? 'B' : 'A') + after[101..];
        await using ClientChannel channel = await issuer.Peer.ConnectAsync(
            issuer.Authority.Identify(DfssRole.Reader), Token);
        Assert.Equal(2, await PutAsync(channel, before));
        foreach (string bad in new[] { changed, foreign.Authority.CreateRevocationList(), string.Empty, "nothing" })
        {
            await FailsAsync(DfssErrorCode.InvalidArgument, () => PutAsync(channel, bad));
        }

        Assert.Equal(after, await GetAsync(channel));
    }

    [Fact]
    public async Task What_follows_a_list_unsigned_makes_it_none()
    {
        await using ClientChannel channel = await issuer.Peer.ConnectAsync(
            issuer.Authority.Identify(DfssRole.Reader), Token);
        string list = await File.ReadAllTextAsync(await CreateListAsync(), Token);
        byte[] der = [.. RevocationLists.Split(Encoding.ASCII.GetBytes(list))[0], 0, 0, 0];
        string longer = PemEncoding.WriteString("X509 CRL", der);
        await FailsAsync(DfssErrorCode.InvalidArgument, () => PutAsync(channel, longer));
    }

    [Fact]
    public async Task The_invitations_of_a_revoked_administrator_admit_no_member()
    {
        (TlsIdentity thief, string serial) = await JoinAsync("thief", DfssRole.Admin);
        IssuerClient asThief = new(thief, [issuer.Peer.Address]);
        Invitation used = await asThief.InviteAsync(
            new InvitationTerms { Role = DfssRole.Reader }, issuer.Authority.Certificate, Token);
        Invitation kept = await asThief.InviteAsync(
            new InvitationTerms { Role = DfssRole.Admin }, issuer.Authority.Certificate, Token);
        Invitation others = await Admin.InviteAsync(
            new InvitationTerms { Role = DfssRole.Reader }, issuer.Authority.Certificate, Token);
        await IssuerClient.JoinAsync(used, store: null, Token);
        await Admin.RevokeAsync(serial, Token);
        await FailsAsync(DfssErrorCode.InvitationUnknown, () => IssuerClient.JoinAsync(kept, store: null, Token));
        await IssuerClient.JoinAsync(others, store: null, Token);
    }

    [Fact]
    public async Task Of_two_administrators_that_revoke_each_other_one_stays()
    {
        (TlsIdentity ann, string annSerial) = await JoinAsync("ann", DfssRole.Admin);
        (TlsIdentity bob, string bobSerial) = await JoinAsync("bob", DfssRole.Admin);
        IssuerClient asAnn = new(ann, [issuer.Peer.Address]);
        IssuerClient asBob = new(bob, [issuer.Peer.Address]);
        Task[] both = [asAnn.RevokeAsync(bobSerial, Token), asBob.RevokeAsync(annSerial, Token)];
        await Task.WhenAll(both.Select(one => one.ContinueWith(_ => { }, TaskScheduler.Default)));
        Assert.Single(await Admin.ListCertificatesAsync(Token), one => !one.IsRevoked);
    }

    [Fact]
    public async Task A_list_restored_under_a_running_issuer_reinstates_no_certificate()
    {
        string path = issuer.Membership.RevocationListPath;
        string copy = await File.ReadAllTextAsync(path, Token);
        (TlsIdentity lost, string first) = await JoinAsync("first");
        (_, string second) = await JoinAsync("second");
        await Admin.RevokeAsync(first, Token);
        await File.WriteAllTextAsync(path, copy, Token);
        await Admin.RevokeAsync(second, Token);
        Assert.All(await Admin.ListCertificatesAsync(Token), one => Assert.True(one.IsRevoked));
        RevocationFile kept = new(path, issuer.Authority.Certificate, TimeProvider.System);
        Assert.Equal((3, true, true), (kept.Number, kept.Has(first), kept.Has(second)));
        await FailsAsync(DfssErrorCode.CertificateRevoked, () => issuer.Peer.ConnectAsync(lost, Token));
    }

    [Fact]
    public async Task A_list_that_was_restored_from_a_copy_is_made_whole_from_what_the_issuer_knows()
    {
        string path = issuer.Membership.RevocationListPath;
        string copy = await File.ReadAllTextAsync(path, Token);
        (_, string first) = await JoinAsync("first");
        (_, string second) = await JoinAsync("second");
        string newest = Encoding.ASCII.GetString(await Admin.RevokeAsync(first, Token));
        await File.WriteAllTextAsync(path, copy, Token);
        await issuer.StartAgainAsync(Token);
        Assert.Single(await Admin.ListCertificatesAsync(Token), one => one.IsRevoked);

        // A member brings one that the issuer has not signed since it was restored: what it lacks is signed again.
        string elsewhere = issuer.Authority.Authority.Revoke(newest, [[0x41], [0x42]]);
        elsewhere = issuer.Authority.Authority.Revoke(elsewhere, []);
        await Admin.RevokeAsync(second, Token);
        await using ClientChannel channel = await issuer.Peer.ConnectAsync(
            issuer.Authority.Identify(DfssRole.Reader), Token);
        Assert.Equal(5, await PutAsync(channel, elsewhere));
        Assert.Equal(2, (await Admin.ListCertificatesAsync(Token)).Count(one => one.IsRevoked));
        Assert.True(new RevocationFile(path, issuer.Authority.Certificate, TimeProvider.System).Has("41"));
    }

    [Fact]
    public async Task A_peer_of_another_authority_keeps_no_list_and_says_none()
    {
        await using TlsPeer peer = await TlsPeer.StartAsync(issuer.Authority.IdentifyPeer, configure: null, Token);
        await using ClientChannel channel = await peer.ConnectAsync(issuer.Authority.Identify(DfssRole.Reader), Token);
        Assert.Null(channel.Hello.RevocationNumber);
        await FailsAsync(DfssErrorCode.InvalidArgument, () => GetAsync(channel));
        await FailsAsync(
            DfssErrorCode.InvalidArgument, () => PutAsync(channel, issuer.Authority.Authority.CreateRevocationList()));
    }
}
