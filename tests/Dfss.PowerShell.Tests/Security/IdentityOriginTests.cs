using System.Security.Cryptography.X509Certificates;
using Dfss.Commands;
using Dfss.Security;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Security;

/// <summary>The file of a peer's certificate, which is replaced while the peer runs.</summary>
public sealed class IdentityOriginTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly CompanyAuthority authority = new();

    public void Dispose()
    {
        authority.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData("peer.pem", null)]
    [InlineData("peer.pfx", "quite-secret")]
    public async Task A_file_that_is_replaced_is_taken_up_and_one_that_is_none_changes_nothing(
        string name, string? password)
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        string path = folder[name];
        TlsIdentity shown = new(
            Write(path, password), [X509CertificateLoader.LoadCertificate(authority.Certificate.RawData)]);
        Func<TlsIdentity, IReadOnlyList<string>, CancellationToken, Task<TlsIdentity>> renew =
            new IdentityOrigin { Path = path, Password = password }.ToRenewal();
        Assert.Same(shown, await renew(shown, [], token));

        await File.WriteAllTextAsync(path, "half of a", token);
        Assert.Equal(
            DfssErrorCode.SourceUnreadable,
            (await Assert.ThrowsAsync<DfssException>(() => renew(shown, [], token))).Code);
        X509Certificate2 next = Write(path, password);
        TlsIdentity renewed = await renew(shown, [], token);
        Assert.Equal(next.RawData, renewed.Certificate.RawData);
        Assert.True(renewed.Certificate.HasPrivateKey);
        Assert.Same(renewed, await renew(renewed, [], token));
    }

    private X509Certificate2 Write(string path, string? password)
    {
        X509Certificate2 certificate = authority.IssuePeer();
        if (password is null)
        {
            File.WriteAllText(path, CompanyAuthority.ToPem(certificate));
        }
        else
        {
            File.WriteAllBytes(path, certificate.Export(X509ContentType.Pkcs12, password));
        }

        return certificate;
    }
}
