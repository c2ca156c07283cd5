using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Clusters;
using Dfss.Protocol;
using Dfss.Security;
using Dfss.Testing;
using Dfss.Transport;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>Joining a cluster over TLS, from the invitation to the first thing done with the certificate.</summary>
public sealed partial class JoinTests : IAsyncLifetime
{
    private readonly FakeTimeProvider clock = new(TimeProvider.System.GetUtcNow());
    private TestIssuer issuer = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private IssuerClient Admin => new(issuer.Authority.Identify(DfssRole.Admin), [issuer.Peer.Address]);

    public async ValueTask InitializeAsync() => issuer = await TestIssuer.StartAsync(clock, Token);

    public ValueTask DisposeAsync() => issuer.DisposeAsync();

    [Fact]
    public async Task An_invited_member_joins_and_has_what_the_invitation_grants()
    {
        Invitation invitation = await InviteAsync(
            new InvitationTerms { Role = DfssRole.Writer, Name = "ann", NamePrefixes = ["builds/"] });
        JoinedMember joined = await IssuerClient.JoinAsync(Invitation.Parse(invitation.ToText()), store: null, Token);
        CertificateProfile profile = CertificateProfile.Read(joined.Certificate);
        Assert.Equal(("CN=ann", DfssRole.Writer, null), (joined.Certificate.Subject, profile.Role, profile.StoreId));
        Assert.Equal(["builds/"], profile.NamePrefixes);
        Assert.Equal(issuer.Peer.Peer.StoreId, Assert.Single(joined.Peers).StoreId);
        Assert.StartsWith("-----BEGIN X509 CRL-----", joined.RevocationList, StringComparison.Ordinal);

        TlsIdentity identity = new(joined.Certificate, [invitation.Authority]);
        await using ClientChannel channel = await issuer.Peer.ConnectAsync(identity, Token);
        Assert.Equal("issuer of lab", channel.Agreement!.PeerName);
        await channel.PingAsync(Token);
        DfssException refused = await Assert.ThrowsAsync<DfssException>(
            () => new IssuerClient(identity, [issuer.Peer.Address])
                .InviteAsync(new InvitationTerms { Role = DfssRole.Reader }, invitation.Authority, Token));
        Assert.Equal(DfssErrorCode.NotPermitted, refused.Code);
    }

    [Fact]
    public async Task An_invitation_works_once_and_the_second_use_is_an_error()
    {
        Invitation invitation = await InviteAsync(new InvitationTerms { Role = DfssRole.Reader });
        await IssuerClient.JoinAsync(invitation, store: null, Token);
        await FailsAsync(DfssErrorCode.InvitationUsed, () => IssuerClient.JoinAsync(invitation, store: null, Token));
        await issuer.StartAgainAsync(Token);
        Invitation moved = At(invitation, issuer.Peer.Address);
        await FailsAsync(DfssErrorCode.InvitationUsed, () => IssuerClient.JoinAsync(moved, store: null, Token));
    }

    [Fact]
    public async Task Of_clients_that_join_at_once_with_one_invitation_one_is_admitted()
    {
        Invitation invitation = await InviteAsync(new InvitationTerms { Role = DfssRole.Reader });
        Task<JoinedMember>[] both =
            [.. Enumerable.Range(0, 4).Select(_ => IssuerClient.JoinAsync(invitation, store: null, Token))];
        await Task.WhenAll(both.Select(one => one.ContinueWith(_ => { }, TaskScheduler.Default)));
        _ = Assert.Single(both, one => one.IsCompletedSuccessfully);
        Assert.Equal(
            3,
            both.Count(one => one.Exception?.InnerException is DfssException { Code: DfssErrorCode.InvitationUsed }));
    }

    [Fact]
    public async Task An_invitation_expires_by_the_issuers_clock()
    {
        Invitation invitation = await InviteAsync(
            new InvitationTerms { Role = DfssRole.Reader, Lifetime = TimeSpan.FromHours(1) });
        Assert.Equal(clock.GetUtcNow().AddHours(1), invitation.Expires, TimeSpan.FromMilliseconds(1));
        clock.Advance(TimeSpan.FromHours(1));
        await FailsAsync(
            DfssErrorCode.InvitationExpired, () => IssuerClient.JoinAsync(invitation, store: null, clock, Token));
    }

    [Fact]
    public async Task An_invitation_of_ones_own_making_is_unknown_whatever_role_it_says()
    {
        Invitation made = new(
            [issuer.Peer.Address], issuer.Authority.Certificate, DfssRole.Admin, clock.GetUtcNow().AddDays(1),
            RandomNumberGenerator.GetBytes(32));
        await FailsAsync(DfssErrorCode.InvitationUnknown, () => IssuerClient.JoinAsync(made, store: null, Token));
    }

    [Fact]
    public async Task The_role_is_the_issuers_whatever_the_text_says()
    {
        Invitation invitation = await InviteAsync(new InvitationTerms { Role = DfssRole.Reader });
        Invitation raised = new(
            invitation.Addresses, invitation.Authority, DfssRole.Admin, invitation.Expires.AddYears(1),
            invitation.Secret);
        JoinedMember joined = await IssuerClient.JoinAsync(Invitation.Parse(raised.ToText()), StoreId.Create(), Token);
        CertificateProfile profile = CertificateProfile.Read(joined.Certificate);
        Assert.Equal((DfssRole.Reader, null), (profile.Role, profile.StoreId));
        Assert.False(profile.IsIssuer);
    }

    [Fact]
    public async Task Nothing_of_a_request_but_its_key_counts()
    {
        Invitation invitation = await InviteAsync(new InvitationTerms { Role = DfssRole.Reader, Name = "ann" });
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest wish = new("CN=root", key, HashAlgorithmName.SHA256);
        wish.CertificateExtensions.Add(new CertificateProfile { Role = DfssRole.Admin, IsIssuer = true }.ToExtension());
        wish.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        using Response response = await AskAsync(
            new MessageMap { { "secret", invitation.Secret }, { "request", wish.CreateSigningRequest() } });
        using X509Certificate2 issued = X509CertificateLoader.LoadCertificate(
            response.Results.Required("certificate").AsBinary());
        Assert.Equal("CN=ann", issued.Subject);
        CertificateProfile profile = CertificateProfile.Read(issued);
        Assert.Equal((DfssRole.Reader, false), (profile.Role, profile.IsIssuer));
        Assert.All(
            issued.Extensions.OfType<X509BasicConstraintsExtension>(), one => Assert.False(one.CertificateAuthority));
    }

    [Fact]
    public async Task A_request_that_proves_no_key_uses_nothing_up()
    {
        Invitation invitation = await InviteAsync(new InvitationTerms { Role = DfssRole.Reader });
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] request = TestAuthority.Request(key);
        request[^1] ^= 1;
        await FailsAsync(
            DfssErrorCode.InvalidArgument,
            () => AskAsync(new MessageMap { { "secret", invitation.Secret }, { "request", request } }));
        await IssuerClient.JoinAsync(invitation, store: null, Token);
    }

    [Fact]
    public async Task An_answer_that_was_lost_is_given_again_to_the_same_key()
    {
        Invitation invitation = await InviteAsync(new InvitationTerms { Role = DfssRole.Reader });
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        MessageMap arguments = new() { { "secret", invitation.Secret }, { "request", TestAuthority.Request(key) } };
        using Response first = await AskAsync(arguments);
        using Response again = await AskAsync(arguments);
        Assert.Equal(
            first.Results.Required("certificate").AsBinary(), again.Results.Required("certificate").AsBinary());
    }

    [Fact]
    public async Task A_peer_joins_for_its_store_and_announces_its_addresses()
    {
        StoreId store = StoreId.Create();
        InvitationTerms terms = new() { Role = DfssRole.Peer };
        await FailsAsync(
            DfssErrorCode.InvalidArgument,
            async () => await IssuerClient.JoinAsync(await InviteAsync(terms), store: null, Token));
        await FailsAsync(
            DfssErrorCode.InvalidArgument,
            async () => await IssuerClient.JoinAsync(await InviteAsync(terms), issuer.Peer.Peer.StoreId, Token));
        JoinedMember joined = await IssuerClient.JoinAsync(await InviteAsync(terms), store, Token);
        Assert.Equal(
            (DfssRole.Peer, store),
            (CertificateProfile.Read(joined.Certificate).Role,
                CertificateProfile.Read(joined.Certificate).StoreId!.Value));

        // No other member becomes this store.
        await FailsAsync(
            DfssErrorCode.InvalidArgument,
            async () => await IssuerClient.JoinAsync(await InviteAsync(terms), store, Token));
        await FailsAsync(
            DfssErrorCode.InvalidArgument,
            async () => await IssuerClient.JoinAsync(
                await InviteAsync(terms with { StoreId = store }), StoreId.Create(), Token));

        IssuerClient client = new(
            new TlsIdentity(joined.Certificate, [issuer.Authority.Certificate]), [issuer.Peer.Address]);
        await client.AnnounceAsync(["box2:9000", "10.0.0.2:9000"], Token);
        IReadOnlyList<ClusterPeer> peers = await Admin.ListPeersAsync(Token);
        Assert.Equal(
            [(issuer.Peer.Peer.StoreId, true), (store, false)], peers.Select(peer => (peer.StoreId, peer.IsIssuer)));
        Assert.Equal(["box2:9000", "10.0.0.2:9000"], peers[1].Addresses);
        await FailsAsync(DfssErrorCode.InvalidArgument, () => client.AnnounceAsync(["9000"], Token));
        await FailsAsync(DfssErrorCode.InvalidArgument, () => client.AnnounceAsync([], Token));
        await FailsAsync(DfssErrorCode.InvalidArgument, () => Admin.AnnounceAsync(["box9:9000"], Token));
    }

    [Fact]
    public async Task A_secret_of_another_length_is_refused()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        foreach (int length in new[] { 0, 31, 33, 1000 })
        {
            await FailsAsync(
                DfssErrorCode.InvalidArgument,
                () => AskAsync(
                    new MessageMap { { "secret", new byte[length] }, { "request", TestAuthority.Request(key) } }));
        }
    }

    [Fact]
    public async Task No_secret_is_in_the_log_of_the_issuer_or_in_an_error()
    {
        Invitation invitation = await InviteAsync(new InvitationTerms { Role = DfssRole.Reader });
        await IssuerClient.JoinAsync(invitation, store: null, Token);
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => IssuerClient.JoinAsync(invitation, store: null, Token));
        string text = string.Join('\n', issuer.Peer.Log) + error;
        Assert.Contains("join failed: The invitation was used before", text, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToHexString(invitation.Secret)[..16], text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Convert.ToBase64String(invitation.Secret)[..16], text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DfssRole.None, "")]
    [InlineData(DfssRole.Admin, "builds/")]
    [InlineData(DfssRole.Reader, "", "")]
    public async Task Terms_that_no_certificate_can_have_are_refused(DfssRole role, params string[] prefixes) =>
        await FailsAsync(
            DfssErrorCode.InvalidArgument,
            () => Admin.InviteAsync(
                new InvitationTerms { Role = role, NamePrefixes = prefixes }, issuer.Authority.Certificate, Token));

    [Fact]
    public async Task There_is_one_issuer_and_it_needs_the_passphrase()
    {
        await FailsAsync(DfssErrorCode.StoreInUse, () => ClusterIssuer.OpenAsync(
            issuer.Membership, TestIssuer.Passphrase, TimeProvider.System, Token));
        await FailsAsync(
            DfssErrorCode.NotAuthenticated,
            () => ClusterIssuer.OpenAsync(issuer.Membership, "no", TimeProvider.System, Token));
    }

    private static Invitation At(Invitation invitation, params PeerAddress[] addresses) =>
        new(addresses, invitation.Authority, invitation.Role, invitation.Expires, invitation.Secret);

    private static async Task FailsAsync(DfssErrorCode code, Func<Task> action) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<DfssException>(action)).Code);

    private Task<Invitation> InviteAsync(InvitationTerms terms) =>
        Admin.InviteAsync(terms, issuer.Authority.Certificate, Token);

    private async Task<Response> AskAsync(MessageMap arguments)
    {
        ClientChannelOptions options = ClientChannelOptions.Default with
        {
            Connect = new TlsTransport(issuer.Authority.Certificate, TimeProvider.System).ConnectAsync,
        };
        await using ClientChannel channel = await ClientChannel.ConnectAsync(issuer.Peer.Address, options, Token);
        return await channel.CallAsync(
            new PeerCall(Operations.Join, arguments, Payload: null, Destination: null, IsBulk: false), Token);
    }
}
