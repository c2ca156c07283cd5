using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Clusters;
using Dfss.Security;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Security;

public sealed class ClusterAuthorityTests : IDisposable
{
    private readonly TestAuthority authority = new("Büro/1");
    private readonly TemporaryFolder folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        authority.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void A_certificate_says_what_was_granted_and_nothing_that_was_asked_for()
    {
        StoreId store = StoreId.Create();
        using X509Certificate2 peer = authority.Issue(
            new CertificateGrant { Name = "disk 1", Role = DfssRole.Peer, StoreId = store });
        using X509Certificate2 writer = authority.Issue(new CertificateGrant
        {
            Name = "builds",
            Role = DfssRole.Writer,
            NamePrefixes = ["builds/", "größe %2F/"],
        });

        Assert.Equal("CN=disk 1", peer.Subject);
        CertificateProfile read = CertificateProfile.Read(peer);
        Assert.Equal((DfssRole.Peer, store), (read.Role, read.StoreId!.Value));
        Assert.True(CertificateProfile.HasUse(peer, CertificateProfile.ServerUse));
        Assert.False(CertificateProfile.HasUse(writer, CertificateProfile.ServerUse));
        read = CertificateProfile.Read(writer);
        Assert.Equal(DfssRole.Writer, read.Role);
        Assert.Equal(["builds/", "größe %2F/"], read.NamePrefixes);
        Assert.Equal("Büro/1", authority.Authority.Name);
        Assert.NotEqual(peer.SerialNumber, writer.SerialNumber);
    }

    [Fact]
    public void A_request_that_does_not_prove_its_key_gets_no_certificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] request = TestAuthority.Request(key);
        request[^1] ^= 1;
        CertificateGrant grant = new() { Name = "x", Role = DfssRole.Admin };

        Assert.Equal(
            DfssErrorCode.InvalidArgument,
            Assert.Throws<DfssException>(() => authority.Authority.Issue(request, grant)).Code);
        Assert.Equal(
            DfssErrorCode.InvalidArgument,
            Assert.Throws<DfssException>(() => authority.Authority.Issue([1, 2], grant)).Code);
    }

    [Theory]
    [InlineData(DfssRole.Peer, false, "")]
    [InlineData(DfssRole.Writer, true, "")]
    [InlineData(DfssRole.Admin, false, "builds/")]
    public void What_makes_no_sense_is_not_granted(DfssRole role, bool hasStore, string prefix) => Assert.Equal(
        DfssErrorCode.InvalidArgument,
        Assert.Throws<DfssException>(() => authority.Issue(new CertificateGrant
        {
            Name = "x",
            Role = role,
            StoreId = hasStore ? StoreId.Create() : null,
            NamePrefixes = prefix.Length > 0 ? [prefix] : [],
        })).Code);

    [Fact]
    public async Task The_key_is_on_disk_for_this_user_alone_and_opens_with_its_passphrase_only()
    {
        await authority.Authority.SaveAsync(folder["a"], "right", Token);
        string path = folder["a", ClusterAuthority.KeyFile];
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        }

        string pem = await File.ReadAllTextAsync(path, Token);
        Assert.StartsWith("-----BEGIN ENCRYPTED PRIVATE KEY-----", pem, StringComparison.Ordinal);
        // The number of iterations as the file states it, an INTEGER of DER.
        byte[] iterations = [0x02, 0x03, .. new byte[] { 600_000 >> 16, (600_000 >> 8) & 0xFF, 600_000 & 0xFF }];
        byte[] file = Convert.FromBase64String(pem[PemEncoding.Find(pem).Base64Data]);
        Assert.True(file.AsSpan().IndexOf(iterations) > 0);
        DfssException wrong = await Assert.ThrowsAsync<DfssException>(
            () => ClusterAuthority.LoadAsync(folder["a"], "wrong", cancellationToken: Token));
        Assert.Equal(DfssErrorCode.NotAuthenticated, wrong.Code);
        Assert.DoesNotContain("wrong", wrong.ToString(), StringComparison.Ordinal);
        DfssException twice = await Assert.ThrowsAsync<DfssException>(
            () => authority.Authority.SaveAsync(folder["a"], "right", Token));
        Assert.Equal(DfssErrorCode.DestinationExists, twice.Code);
        DfssException none = await Assert.ThrowsAsync<DfssException>(
            () => ClusterAuthority.LoadAsync(folder["b"], "right", cancellationToken: Token));
        Assert.Equal(DfssErrorCode.SourceUnreadable, none.Code);

        using ClusterAuthority loaded = await ClusterAuthority.LoadAsync(
            folder["a"], "right", cancellationToken: Token);
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 issued = loaded.Issue(
            TestAuthority.Request(key), new CertificateGrant { Name = "x", Role = DfssRole.Reader });
        TlsIdentity other = authority.Identify(DfssRole.Admin);
        Assert.NotNull(
            new CertificateValidator(other, TimeProvider.System, log: null).ValidateClient(issued, []).Identity);
    }

    [Fact]
    public void A_revocation_list_goes_up_by_one_and_only_its_authority_continues_it()
    {
        using TestAuthority other = new();
        using X509Certificate2 lost = authority.Issue(new CertificateGrant { Name = "lost", Role = DfssRole.Admin });
        string first = authority.Authority.CreateRevocationList();
        string second = authority.Authority.Revoke(first, [lost.SerialNumberBytes.ToArray()]);
        string third = authority.Authority.Revoke(second, []);

        Assert.Equal([1, 2, 3], new[] { first, second, third }.Select(list => (int)Read(list).Number));
        Assert.False(Read(first).Names(lost.SerialNumber));
        Assert.True(Read(third).Names(lost.SerialNumber));
        Assert.Equal(
            DfssErrorCode.InvalidArgument,
            Assert.Throws<DfssException>(() => other.Authority.Revoke(third, [lost.SerialNumberBytes.ToArray()])).Code);
        Assert.Equal(
            DfssErrorCode.InvalidArgument,
            Assert.Throws<DfssException>(
                () => authority.Authority.Revoke("nothing", [lost.SerialNumberBytes.ToArray()])).Code);
    }

    [Fact]
    public void A_revocation_list_with_one_bit_changed_is_none()
    {
        byte[] encoded = Decode(authority.Authority.CreateRevocationList());
        for (int i = 0; i < encoded.Length; i++)
        {
            encoded[i] ^= 4;
            Assert.Throws<FormatException>(() => RevocationList.Read(encoded, [authority.Certificate]));
            encoded[i] ^= 4;
        }
    }

    private static byte[] Decode(string list) => Convert.FromBase64String(list[PemEncoding.Find(list).Base64Data]);

    private RevocationList Read(string list) => RevocationList.Read(Decode(list), [authority.Certificate]);
}
