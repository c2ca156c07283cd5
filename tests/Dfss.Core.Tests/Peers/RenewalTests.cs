using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Clusters;
using Dfss.Security;
using Dfss.Testing;
using Dfss.Transport;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>
/// Renewing certificates without joining again: of members, of peers that run, of the cluster's owner.
/// </summary>
public sealed class RenewalTests : IAsyncLifetime
{
    /// <summary>
    /// A certificate holds from five minutes before it was made: of 25 minutes, eight are the last third.
    /// </summary>
    private static readonly TimeSpan Short = TimeSpan.FromMinutes(20);

    private readonly TemporaryFolder folder = new();
    private readonly FakeTimeProvider later = new(TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(15));
    private TestIssuer issuer = null!;
    private ClusterMembership membership = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        issuer = await TestIssuer.StartAsync(cancellationToken: Token);
        membership = ClusterMembership.At(folder.Path, "lab");
        await membership.CreateAsync(
            issuer.Authority.Certificate, issuer.Authority.Authority.CreateRevocationList(), Token);
        await membership.SavePeersAsync(
            [new ClusterPeer(StoreId.Create(), [issuer.Peer.Address.ToString()], IsIssuer: true)], Token);
    }

    public async ValueTask DisposeAsync()
    {
        await issuer.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task A_member_gets_another_certificate_like_its_own_with_another_key()
    {
        StoreId store = StoreId.Create();
        foreach (CertificateGrant grant in new[]
        {
            new CertificateGrant
            {
                Name = "ann",
                Role = DfssRole.Writer,
                NamePrefixes = ["builds/", "ä"],
                Lifetime = Short
            },
            new CertificateGrant { Name = "peer", Role = DfssRole.Peer, StoreId = store, Lifetime = Short },
            new CertificateGrant { Name = "root", Role = DfssRole.Admin, Lifetime = Short },
        })
        {
            TlsIdentity before = issuer.Authority.Identify(grant);
            using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            IssuerClient client = new(before, [issuer.Peer.Address]);
            X509Certificate2 after = await client.RenewAsync(issuer.Authority.Certificate, key, Token);
            MemberDescription said = MemberDescription.Of(after);
            Assert.Equal((grant.Name, grant.Role, grant.StoreId), (said.Name, said.Role, said.StoreId));
            Assert.Equal(grant.NamePrefixes, said.NamePrefixes);
            Assert.NotEqual(before.Certificate.GetPublicKey(), after.GetPublicKey());
            Assert.Equal(
                TimeProvider.System.GetUtcNow() + CertificateGrant.DefaultLifetime, said.Expires,
                TimeSpan.FromMinutes(5));

            // Its answer lost, it is asked for again.
            Assert.Equal(after.RawData, (await client.RenewAsync(issuer.Authority.Certificate, key, Token)).RawData);

            // Both hold.
            await (await issuer.Peer.ConnectAsync(before, Token)).DisposeAsync();
            await (await issuer.Peer.ConnectAsync(before.WithCertificate(after), Token)).DisposeAsync();
        }
    }

    [Fact]
    public async Task It_is_renewed_in_the_last_third_of_its_life_and_kept()
    {
        TlsIdentity shown = await SaveAsync(store: null);
        Assert.Same(shown, await new MemberRenewal(membership, store: null).RenewAsync(shown, Token));
        TlsIdentity renewed = await new MemberRenewal(membership, store: null, later).RenewAsync(shown, Token);
        Assert.NotSame(shown, renewed);
        Assert.Equal(renewed.Certificate.RawData, membership.LoadMember()!.Certificate.RawData);
        Assert.Equal((true, shown.RevocationListPath), (renewed.KeepsRevocationList, renewed.RevocationListPath));

        // What one process of the user's has renewed, another takes up.
        TlsIdentity taken = await new MemberRenewal(membership, store: null).RenewAsync(shown, Token);
        Assert.Equal(renewed.Certificate.RawData, taken.Certificate.RawData);
    }

    [Fact]
    public async Task One_that_has_expired_is_not_renewed_and_the_error_says_what_to_do()
    {
        TlsIdentity shown = await SaveAsync(store: null);
        later.Advance(Short);
        DfssException refused = await Assert.ThrowsAsync<DfssException>(
            () => new MemberRenewal(membership, store: null, later).RenewAsync(shown, Token));
        Assert.Equal(DfssErrorCode.CertificateExpired, refused.Code);
        Assert.Contains("Join-DfssCluster INVITATION -Force", refused.Advice, StringComparison.Ordinal);
        StoreId store = StoreId.Create();
        Assert.Contains(
            $"Join-DfssCluster INVITATION -StoreId {store} -Force", MemberRenewal.JoinAgainAdvice(store),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_goes_on_without_the_issuer_and_asks_again_after_an_hour()
    {
        TlsIdentity shown = await SaveAsync(store: null);
        await membership.SavePeersAsync([new ClusterPeer(StoreId.Create(), ["127.0.0.1:1"], IsIssuer: true)], Token);
        MemberRenewal renewal = new(membership, store: null, later);
        List<string> told = [];
        for (int i = 0; i < 3; i++)
        {
            Assert.Same(shown, await renewal.TryRenewAsync(shown, told.Add, Token));
        }

        Assert.StartsWith(
            "The certificate for the cluster 'lab' could not be renewed: The cluster's issuer cannot be reached.",
            Assert.Single(told),
            StringComparison.Ordinal);
        TlsIdentity longer = await SaveAsync(store: null, TimeSpan.FromHours(4));
        later.Advance(TimeSpan.FromHours(3.5));
        Assert.Same(longer, await renewal.TryRenewAsync(longer, told.Add, Token));
        Assert.Equal(2, told.Count);
    }

    [Fact]
    public async Task A_running_peer_shows_the_new_certificate_and_its_connections_go_on()
    {
        FakeTimeProvider clock = new(TimeProvider.System.GetUtcNow());
        TlsIdentity? next = null;
        await using TlsPeer peer = await TlsPeer.StartAsync(
            issuer.Authority.IdentifyPeer,
            options => options with
            {
                // Much less than it takes for a connection on which nothing happens to be closed.
                RenewalInterval = TimeSpan.FromSeconds(1),
                TimeProvider = clock,
                RenewIdentity = (shown, _, _) => Task.FromResult(next ?? shown),
            },
            Token);
        TlsIdentity reader = issuer.Authority.Identify(DfssRole.Reader);
        await using ClientChannel before = await peer.ConnectAsync(reader, Token);
        next = issuer.Authority.IdentifyPeer(peer.Peer.StoreId);
        string serial = Convert.ToHexString(next.Certificate.SerialNumberBytes.Span);
        Assert.NotEqual(serial, before.Peer!.Certificates[0].Serial);
        await AdvanceUntilAsync(
            clock, TimeSpan.FromSeconds(1),
            () => peer.Log.Any(line => line.StartsWith("The peer has a new certificate, ", StringComparison.Ordinal)),
            pause: TimeSpan.FromMilliseconds(250));
        await using ClientChannel after = await peer.ConnectAsync(reader, Token);
        Assert.Equal(serial, after.Peer!.Certificates[0].Serial);
        await before.PingAsync(Token);
    }

    [Fact]
    public async Task A_peer_takes_no_certificate_up_that_its_clients_would_refuse_and_says_so_once_a_day()
    {
        FakeTimeProvider clock = new(TimeProvider.System.GetUtcNow());
        int asked = 0;
        await using TlsPeer peer = await TlsPeer.StartAsync(
            issuer.Authority.IdentifyPeer,
            options => options with
            {
                TimeProvider = clock,
                RenewIdentity = (_, _, _) =>
                {
                    asked++;
                    return Task.FromResult(issuer.Authority.IdentifyPeer(StoreId.Create()));
                },
            },
            Token);
        DateTimeOffset begin = clock.GetUtcNow();
        int CountLines() => peer.Log.Count(line =>
            line.Contains(
                "and could not be renewed: The peer's certificate 'peer' is for store", StringComparison.Ordinal));
        await AdvanceUntilAsync(clock, TimeSpan.FromHours(1), () => CountLines() >= 2 && asked > 2 * CountLines());

        // The clock may have passed some hours in which the peer did not come to ask.
        int days = (int)Math.Ceiling((clock.GetUtcNow() - begin).TotalDays);
        Assert.InRange(CountLines(), 2, days + 1);
        Assert.Contains(
            peer.Log, line => line.Contains("The peer's certificate is valid until ", StringComparison.Ordinal));
        await using ClientChannel channel = await peer.ConnectAsync(issuer.Authority.Identify(DfssRole.Reader), Token);
        await channel.PingAsync(Token);
    }

    [Fact]
    public async Task A_peer_gets_from_the_issuer_the_addresses_of_the_others_and_the_revoked_certificates()
    {
        StoreId store = StoreId.Create();
        TlsIdentity shown = await SaveAsync(store);
        Invitation invitation = await Admin.InviteAsync(
            new InvitationTerms { Role = DfssRole.Reader }, issuer.Authority.Certificate, Token);
        JoinedMember lost = await IssuerClient.JoinAsync(invitation, store: null, Token);
        string serial = Convert.ToHexString(lost.Certificate.SerialNumberBytes.Span);
        await Admin.RevokeAsync(serial, Token);
        TlsIdentity renewed = await new MemberRenewal(membership, store, later).KeepUpAsync(shown, [], Token);
        Assert.Equal(renewed.Certificate.RawData, membership.LoadStore(store)!.Certificate.RawData);
        Assert.NotEqual(shown.Certificate.RawData, renewed.Certificate.RawData);
        Assert.True(
            new RevocationFile(
                membership.RevocationListPath, issuer.Authority.Certificate, TimeProvider.System).Has(serial));
        Assert.Equal(issuer.Peer.Peer.StoreId, Assert.Single(membership.LoadPeers()).StoreId);

        // The issuer away, there is nothing to renew, and nothing to complain of.
        await membership.SavePeersAsync([new ClusterPeer(StoreId.Create(), ["127.0.0.1:1"], IsIssuer: true)], Token);
        Assert.Same(renewed, await new MemberRenewal(membership, store).KeepUpAsync(renewed, [], Token));
    }

    [Fact]
    public async Task The_owner_of_the_authority_is_never_locked_out()
    {
        using TemporaryFolder home = new();
        ClusterMembership own = ClusterMembership.At(home.Path, "lab");
        FakeTimeProvider clock = new(TimeProvider.System.GetUtcNow());
        await own.FoundAsync("pass", "ann@home", clock, Token);
        byte[] first = own.LoadMember()!.Certificate.RawData;
        await (await ClusterIssuer.OpenAsync(own, "pass", clock, Token)).DisposeAsync();
        Assert.Equal(first, own.LoadMember()!.Certificate.RawData);

        clock.Advance(TimeSpan.FromDays(400));
        ClusterIssuer opened = await ClusterIssuer.OpenAsync(own, "pass", clock, Token);
        X509Certificate2 second = own.LoadMember()!.Certificate;
        Assert.NotEqual(first, second.RawData);
        Assert.Equal(("ann@home", DfssRole.Admin), (own.Describe(store: null)!.Name, own.Describe(store: null)!.Role));
        Assert.Equal(second.RawData, Assert.Single(opened.ListCertificates(after: 0, limit: 10)).Encoded);

        RemoteIdentity another = new("another", DfssRole.Admin) { Certificates = [new CertificateKey("x", "01")] };
        await opened.RevokeAsync(Convert.ToHexString(second.SerialNumberBytes.Span), another);
        await opened.DisposeAsync();
        await using ClusterIssuer again = await ClusterIssuer.OpenAsync(own, "pass", clock, Token);
        Assert.NotEqual(second.RawData, own.LoadMember()!.Certificate.RawData);
        Assert.Equal([true, false], again.ListCertificates(after: 0, limit: 10).Select(one => one.IsRevoked));
    }

    [Fact]
    public async Task A_member_that_renews_repeatedly_gets_32_certificates_and_no_more_before_some_expire()
    {
        FakeTimeProvider clock = new(TimeProvider.System.GetUtcNow());
        await using IssuanceLedger ledger = new(folder["issued.db"], clock);
        await ledger.AdoptAsync(Issued(0));
        for (int i = 1; i < IssuanceLedger.MaxCertificates; i++)
        {
            await ledger.AddRenewedAsync("00", Issued(i));
        }

        DfssException refused = await Assert.ThrowsAsync<DfssException>(() => ledger.AddRenewedAsync("00", Issued(99)));
        Assert.Equal(DfssErrorCode.LimitExceeded, refused.Code);
        clock.Advance(TimeSpan.FromDays(3));
        await ledger.AddRenewedAsync("1F", Issued(100));
        Assert.Equal(33, ledger.FindCertificates("64").Count);
        Assert.Equal("64", Assert.Single(ledger.ListCertificates(after: 0, limit: 10)).Certificate.Serial);

        // Those that expired long ago are forgotten.
        clock.Advance(CertificateGrant.DefaultLifetime);
        await ledger.AddRenewedAsync("64", Issued(101));
        Assert.Equal(["1F", "64", "65"], ledger.FindCertificates("65").Select(one => one.Serial));

        IssuedCertificate Issued(int number) => new(
            Convert.ToHexString([(byte)number]), RandomNumberGenerator.GetBytes(8),
            clock.GetUtcNow().AddDays(number >= IssuanceLedger.MaxCertificates - 1 ? 30 : 2).ToUnixTimeMilliseconds());
    }

    private IssuerClient Admin => new(issuer.Authority.Identify(DfssRole.Admin), [issuer.Peer.Address]);

    /// <summary>The peer looks at its clock when it has done what was due before.</summary>
    private static async Task AdvanceUntilAsync(
        FakeTimeProvider clock, TimeSpan step, Func<bool> isDone, TimeSpan? pause = null)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(RawClient.TimeLimit);
        while (!isDone())
        {
            clock.Advance(step);
            await Task.Delay(pause ?? TimeSpan.FromMilliseconds(10), limit.Token);
        }
    }

    private async Task<TlsIdentity> SaveAsync(StoreId? store, TimeSpan? lifetime = null)
    {
        using X509Certificate2 certificate = issuer.Authority.Issue(new CertificateGrant
        {
            Name = "ann",
            Role = store is null ? DfssRole.Reader : DfssRole.Peer,
            StoreId = store,
            Lifetime = lifetime ?? Short,
        });
        await membership.SaveIdentityAsync(certificate, store, Token);
        return store is StoreId id ? membership.LoadStore(id)! : membership.LoadMember()!;
    }
}
