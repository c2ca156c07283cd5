using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Clusters;
using Dfss.Security;
using Dfss.Testing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Security;

public sealed class CertificateValidatorTests : IDisposable
{
    private readonly FakeTimeProvider clock = new(new DateTimeOffset(2026, 5, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly List<string> log = [];
    private readonly TemporaryFolder folder = new();
    private readonly TestAuthority authority;
    private readonly TestAuthority other;

    public CertificateValidatorTests()
    {
        authority = new TestAuthority("ours", clock);
        other = new TestAuthority("ours", clock);
    }

    public void Dispose()
    {
        authority.Dispose();
        other.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void A_certificate_of_the_authority_is_accepted_with_its_role_prefixes_and_store()
    {
        StoreId store = StoreId.Create();
        using X509Certificate2 writer = authority.Issue(
            new CertificateGrant { Name = "w", Role = DfssRole.Writer, NamePrefixes = ["a/"] });
        using X509Certificate2 peer = authority.Issue(
            new CertificateGrant { Name = "p", Role = DfssRole.Peer, StoreId = store });
        CertificateValidator validator = Create(authority);

        RemoteIdentity client = validator.ValidateClient(writer, []).IdentityOrThrow();
        Assert.Equal(("w", DfssRole.Writer), (client.Name, client.Role));
        Assert.Equal(["a/"], client.NamePrefixes);
        Assert.True(client.MayTouch("a/x"));
        Assert.False(client.MayTouch("A/x"));
        Assert.Equal(store, validator.ValidatePeer(peer, [], "any.host").IdentityOrThrow().StoreId);
        Assert.Null(validator.Recheck(client, "client"));
        clock.Advance(CertificateGrant.DefaultLifetime + TimeSpan.FromSeconds(1));
        Assert.Equal(DfssErrorCode.CertificateExpired, validator.Recheck(client, "client")!.Code);
    }

    [Fact]
    public void What_is_not_right_is_refused_with_its_own_code_and_reason()
    {
        using X509Certificate2 reader = authority.Issue(new CertificateGrant { Name = "r", Role = DfssRole.Reader });
        using X509Certificate2 untrusted = other.Issue(new CertificateGrant { Name = "s", Role = DfssRole.Admin });
        using X509Certificate2 alone = authority.SignItself("alone");
        CertificateValidator validator = Create(authority);

        Refused(validator.ValidateClient(certificate: null, []), DfssErrorCode.NotAuthenticated, "no certificate");
        Refused(validator.ValidateClient(untrusted, []), DfssErrorCode.CertificateNotTrusted,
            "not one of the trusted authorities");
        Refused(validator.ValidateClient(untrusted, [other.Certificate]), DfssErrorCode.CertificateNotTrusted,
            "not one of the trusted");
        Refused(validator.ValidateClient(alone, []), DfssErrorCode.CertificateNotTrusted, "self-signed");
        Refused(validator.ValidatePeer(reader, [], "h"), DfssErrorCode.CertificateNotTrusted, "not valid for a peer");
        Refused(validator.ValidateClient(authority.Certificate, []), DfssErrorCode.CertificateNotTrusted,
            "not valid for a client");
        clock.Advance(TimeSpan.FromDays(366));
        Refused(validator.ValidateClient(reader, []), DfssErrorCode.CertificateExpired, "expired on 2027-05-01");
        clock.SetUtcNow(new DateTimeOffset(2027, 8, 1, 0, 0, 0, TimeSpan.Zero));
        using X509Certificate2 later = authority.Issue(new CertificateGrant { Name = "l", Role = DfssRole.Reader });
        FakeTimeProvider early = new(new DateTimeOffset(2026, 6, 1, 0, 0, 0, TimeSpan.Zero));
        CertificateValidator before = new(new TlsIdentity(later, [authority.Certificate]), early, log.Add);
        Refused(before.ValidateClient(later, []), DfssErrorCode.CertificateExpired, "only from 2027-07-31");
    }

    [Fact]
    public void A_revoked_certificate_is_refused_as_soon_as_the_list_says_so_and_no_list_is_rolled_back()
    {
        using X509Certificate2 lost = authority.Issue(new CertificateGrant { Name = "lost", Role = DfssRole.Admin });
        string first = authority.Authority.CreateRevocationList();
        Write(first);
        CertificateValidator validator = Create(authority, folder["list.crl"]);
        RemoteIdentity accepted = validator.ValidateClient(lost, []).IdentityOrThrow();
        Assert.Null(validator.Recheck(accepted, "client"));

        Write(authority.Authority.Revoke(first, [lost.SerialNumberBytes.ToArray()]));
        Refused(validator.ValidateClient(lost, []), DfssErrorCode.CertificateRevoked, "was revoked");
        Assert.Equal(DfssErrorCode.CertificateRevoked, validator.Recheck(accepted, "client")!.Code);

        Assert.Empty(log);
        Write(first);
        Refused(validator.ValidateClient(lost, []), DfssErrorCode.CertificateRevoked, "was revoked");
        Assert.Contains("1 is older than 2", Assert.Single(log), StringComparison.Ordinal);
        Write("rubbish");
        Refused(validator.ValidateClient(lost, []), DfssErrorCode.CertificateRevoked, "was revoked");
        Refused(validator.ValidateClient(lost, []), DfssErrorCode.CertificateRevoked, "was revoked");
        Assert.Contains("Its earlier content stays in force", log[1], StringComparison.Ordinal);
        Assert.Equal(2, log.Count);
        Write(other.Authority.CreateRevocationList());
        Refused(validator.ValidateClient(lost, []), DfssErrorCode.CertificateRevoked, "was revoked");
        Assert.Contains("none of the trusted authorities has signed it", log[2], StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_that_cannot_be_read_at_the_start_is_an_error()
    {
        DfssException missing = Assert.Throws<DfssException>(() => Create(authority, folder["none.crl"]));
        Assert.Equal(DfssErrorCode.InvalidArgument, missing.Code);
        Write(other.Authority.CreateRevocationList());
        DfssException foreign = Assert.Throws<DfssException>(() => Create(authority, folder["list.crl"]));
        Assert.Contains("none of the trusted authorities has signed it", foreign.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void With_an_authority_of_ones_own_roles_come_from_a_file_and_the_host_name_counts()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 company = CompanyAuthority(key);
        using X509Certificate2 known = CompanyMember(company, key, "CN=alice, O=Example");
        using X509Certificate2 unknown = CompanyMember(company, key, "CN=bob");
        File.WriteAllText(
            folder["roles.json"], """[{ "subject": "CN=alice,O=Example", "role": "writer", "prefixes": ["a/"] }]""");
        CertificateValidator validator = new(
            new TlsIdentity(known, [company]) { RoleFilePath = folder["roles.json"] }, clock, log.Add);

        RemoteIdentity alice = validator.ValidateClient(known, []).IdentityOrThrow();
        Assert.Equal(DfssRole.Writer, alice.Role);
        Assert.Equal(["a/"], alice.NamePrefixes);

        // It says "admin" of itself, which an authority of one's own may not have looked at.
        Assert.Equal(DfssRole.None, validator.ValidateClient(unknown, []).IdentityOrThrow().Role);
        Assert.NotNull(validator.ValidatePeer(known, [], "dfss.example").Identity);
        Refused(validator.ValidatePeer(known, [], "other.example"), DfssErrorCode.CertificateNotTrusted,
            "not for host 'other.example'");
        File.WriteAllText(folder["roles.json"], """[{ "subject": "CN=alice", "role": "king" }]""");
        Assert.Equal(DfssRole.Writer, validator.ValidateClient(known, []).IdentityOrThrow().Role);
        Assert.Contains("'king' is not a role", Assert.Single(log), StringComparison.Ordinal);
    }

    private static void Refused(ValidationResult validation, DfssErrorCode code, string reason)
    {
        Assert.Null(validation.Identity);
        Assert.Equal(code, validation.Refusal!.Code);
        Assert.Contains(reason, validation.Refusal.Message, StringComparison.Ordinal);
    }

    private CertificateValidator Create(TestAuthority trusted, string? list = null)
    {
        X509Certificate2 own = trusted.Issue(
            new CertificateGrant { Name = "own", Role = DfssRole.Peer, StoreId = StoreId.Create() });
        return new CertificateValidator(
            new TlsIdentity(own, [trusted.Certificate]) { RevocationListPath = list }, clock, log.Add);
    }

    private void Write(string list)
    {
        // Its time is that of the write, which two writes may share; the length alone need not tell them apart.
        File.WriteAllText(folder["list.crl"], list);
        File.SetLastWriteTimeUtc(folder["list.crl"], new DateTime(2026, 1, 1).AddMinutes(++writes));
    }

    private int writes;

    private X509Certificate2 CompanyAuthority(ECDsa key)
    {
        CertificateRequest request = new("CN=Example Corporation", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(clock.GetUtcNow().AddDays(-1), clock.GetUtcNow().AddDays(100));
    }

    private X509Certificate2 CompanyMember(X509Certificate2 company, ECDsa companyKey, string subject)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new(subject, key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("dfss.example");
        names.AddUri(new Uri("urn:dfss:role:admin"));
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 issued = request.Create(
            company.SubjectName, X509SignatureGenerator.CreateForECDsa(companyKey),
            clock.GetUtcNow().AddDays(-1), clock.GetUtcNow().AddDays(50), RandomNumberGenerator.GetBytes(8));
        return issued.CopyWithPrivateKey(key);
    }
}
