using System.Security.Cryptography;
using Dfss.Clusters;
using Dfss.Protocol;
using Dfss.Security;
using Dfss.Testing;
using Dfss.Transport;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>
/// Joins and renewals where the clock of one machine is wrong: no invitation is lost, and the error names the clocks.
/// </summary>
public sealed class ClockStepTests : IAsyncLifetime
{
    /// <summary>
    /// To the second, as the messages show it; an hour after the start of the issuer, whose own certificate is then an
    /// hour old.
    /// </summary>
    private static readonly DateTimeOffset Now =
        DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());

    private readonly FakeTimeProvider issuerClock = new(Now.AddHours(-1));
    private TestIssuer issuer = null!;
    private Invitation invitation = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        issuer = await TestIssuer.StartAsync(issuerClock, Token);
        invitation = await new IssuerClient(issuer.Authority.Identify(DfssRole.Admin), [issuer.Peer.Address])
            .InviteAsync(new InvitationTerms { Role = DfssRole.Reader }, issuer.Authority.Certificate, Token);
        issuerClock.Advance(TimeSpan.FromHours(1));
    }

    public ValueTask DisposeAsync() => issuer.DisposeAsync();

    [Theory]
    [InlineData(366 * 24 * 60, "366 d 00 h 00 min ahead")]
    [InlineData(-10, "0 d 00 h 10 min behind")]
    public async Task A_client_with_a_wrong_clock_keeps_its_invitation_and_sends_no_secret(
        int minutes, string difference)
    {
        FakeTimeProvider wrong = new(Now.AddMinutes(minutes));
        AssertNamesBothClocks(
            await Assert.ThrowsAsync<DfssException>(
                () => IssuerClient.JoinAsync(invitation, store: null, wrong, Token)), minutes, difference);
        Assert.DoesNotContain(issuer.Peer.Log, line => line.Contains("join", StringComparison.Ordinal));
        await IssuerClient.JoinAsync(invitation, store: null, issuerClock, Token);
    }

    [Theory]
    [InlineData(366 * 24 * 60, "366 d 00 h 00 min ahead")]
    [InlineData(-10, "0 d 00 h 10 min behind")]
    public async Task An_issuer_does_not_use_up_the_invitation_of_a_client_whose_clock_differs(
        int minutes, string difference)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        MessageMap arguments = new()
        {
            { "secret", invitation.Secret },
            { "request", TestAuthority.Request(key) },
            { "time", Now.AddMinutes(minutes).ToUnixTimeMilliseconds() },
        };
        ClientChannelOptions options = ClientChannelOptions.Default with
        {
            Connect = new TlsTransport(issuer.Authority.Certificate, TimeProvider.System).ConnectAsync,
        };
        await using (ClientChannel channel = await ClientChannel.ConnectAsync(issuer.Peer.Address, options, Token))
        {
            PeerCall join = new(Operations.Join, arguments, Payload: null, Destination: null, IsBulk: false);
            AssertNamesBothClocks(
                await Assert.ThrowsAsync<DfssException>(async () => await channel.CallAsync(join, Token)), minutes,
                difference);
        }

        await IssuerClient.JoinAsync(invitation, store: null, issuerClock, Token);
    }

    [Fact]
    public async Task A_client_whose_clock_is_before_the_issuers_certificate_keeps_its_invitation()
    {
        FakeTimeProvider wrong = new(Now.AddDays(-1));
        DfssException refused = await Assert.ThrowsAsync<DfssException>(
            () => IssuerClient.JoinAsync(invitation, store: null, wrong, Token));
        Assert.Equal(DfssErrorCode.CertificateExpired, refused.Code);
        Assert.Contains(
            $"is valid only from {Now.AddMinutes(-65):u}, and the clock of the machine that checks it shows "
                + $"{Now.AddDays(-1):u}",
            refused.Message, StringComparison.Ordinal);
        await IssuerClient.JoinAsync(invitation, store: null, issuerClock, Token);
    }

    [Theory]
    [InlineData(-4)]
    [InlineData(300 * 24 * 60)]
    public async Task A_client_joins_where_its_certificate_is_valid_by_its_own_clock(int minutes)
    {
        FakeTimeProvider clock = new(Now.AddMinutes(minutes));
        JoinedMember joined = await IssuerClient.JoinAsync(invitation, store: null, clock, Token);
        Assert.False(CertificateAge.HasEnded(joined.Certificate, clock.GetUtcNow()));
    }

    [Fact]
    public async Task A_renewed_certificate_that_is_not_valid_yet_by_the_clock_of_its_member_is_an_error_about_time()
    {
        FakeTimeProvider behind = new(Now.AddMinutes(-10));
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        IssuerClient client = new(
            issuer.Authority.Identify(DfssRole.Reader), [issuer.Peer.Address], connectTimeout: null, behind);
        DfssException refused = await Assert.ThrowsAsync<DfssException>(
            () => client.RenewAsync(issuer.Authority.Certificate, key, Token));
        Assert.Equal(DfssErrorCode.CertificateExpired, refused.Code);
        Assert.Contains(
            $"the clock of the machine that checks it shows {behind.GetUtcNow():u}", refused.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_authority_that_has_expired_by_the_clock_of_its_machine_issues_nothing_and_the_error_is_about_time()
    {
        issuerClock.Advance(TimeSpan.FromDays(11 * 365));
        DfssException refused = Assert.Throws<DfssException>(() => issuer.Authority.Identify(DfssRole.Reader));
        Assert.Equal(DfssErrorCode.CertificateExpired, refused.Code);
        Assert.Contains(
            $"the clock of this machine shows {issuerClock.GetUtcNow():u}", refused.Message, StringComparison.Ordinal);
    }

    private static void AssertNamesBothClocks(DfssException refused, int minutes, string difference)
    {
        Assert.Equal(DfssErrorCode.CertificateExpired, refused.Code);
        Assert.Contains($"The issuer's clock shows {Now:u}", refused.Message, StringComparison.Ordinal);
        Assert.Contains($"{Now.AddMinutes(minutes):u}, {difference}", refused.Message, StringComparison.Ordinal);
    }
}
