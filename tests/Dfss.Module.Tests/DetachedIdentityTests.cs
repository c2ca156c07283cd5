using System.Management.Automation;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests;

/// <summary>A detached peer gets its certificate and key, and no other process can see them on their way.</summary>
[Collection(ModuleSession.OneProcess)]
public sealed class DetachedIdentityTests : IDisposable
{
    private const string Password = "Xe7;quite-secret";

    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly CompanyAuthority authority = new();
    private readonly X509Certificate2 certificate;
    private readonly ModuleSession session = new();

    public DetachedIdentityTests()
    {
        certificate = authority.IssuePeer();
        File.WriteAllBytes(Path.Combine(folder, "peer.pfx"), certificate.Export(X509ContentType.Pkcs12, Password));
        File.WriteAllText(Path.Combine(folder, "ca.pem"), authority.Certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "ann.pem"), CompanyAuthority.ToPem(authority.IssueClient("ann")));
        File.WriteAllText(Path.Combine(folder, "roles.json"), """[ { "subject": "CN=ann", "role": "admin" } ]""");
        session.Run(
            $$"""
            $env:DFSS_HOST = '{{ModuleSession.ShellPath}}'
            $folder = '{{folder}}'
            $password = [securestring]::new()
            '{{Password}}'.ToCharArray() | ForEach-Object { $password.AppendChar($_) }
            $ann = @{ Certificate = "$folder/ann.pem"; TrustedAuthority = "$folder/ca.pem" }
            $start = @{
                StorePath = "$folder/store"; Port = 0; Detached = $true; Certificate = "$folder/peer.pfx"
                CertificatePassword = $password; TrustedAuthority = "$folder/ca.pem"; RoleFile = "$folder/roles.json"
            }
            """);
    }

    public void Dispose()
    {
        session.Run("Get-DfssPeer | Where-Object Kind -eq Detached | Stop-DfssPeer; $env:DFSS_HOST = $null");
        session.Dispose();
        authority.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void It_serves_over_tls_and_its_key_is_on_no_command_line_and_in_no_environment()
    {
        PSObject peer = session.Run("($peer = Start-DfssPeer @start)")[0];
        Assert.Equal("peer", peer.Properties["Identity"].Value);
        PSObject asked = session.Run("Get-DfssPeer -Peer $peer @ann")[0];
        Assert.Equal("Tls13", asked.Properties["Encryption"].Value.ToString());
        Assert.Equal("Detached", asked.Properties["Kind"].Value.ToString());

        if (OperatingSystem.IsLinux())
        {
            string process = $"/proc/{peer.Properties["ProcessId"].Value}";
            string seen = File.ReadAllText($"{process}/cmdline") + File.ReadAllText($"{process}/environ");
            Assert.Contains("-IdentityPipe", seen, StringComparison.Ordinal);
            Assert.DoesNotContain(Password, seen, StringComparison.Ordinal);
            using ECDsa key = certificate.GetECDsaPrivateKey()!;
            string encoded = Convert.ToBase64String(key.ExportPkcs8PrivateKey());
            Assert.DoesNotContain(encoded[^40..], seen, StringComparison.Ordinal);
        }

        session.Run("$peer | Stop-DfssPeer");
    }

    [Fact]
    public void What_is_wrong_with_its_certificate_is_the_error_here()
    {
        File.WriteAllBytes(
            Path.Combine(folder, "client.pfx"), authority.IssueClient("ann").Export(X509ContentType.Pkcs12, Password));
        Assert.Equal(["CertificateNotTrusted"], session.Run(
            """
            $start.Certificate = "$folder/client.pfx"
            try { Start-DfssPeer @start } catch { $_.FullyQualifiedErrorId.Split(',')[0] }
            """).Select(item => (string)item.BaseObject));
        Assert.Empty(session.Run("Get-DfssPeer | Where-Object Kind -eq Detached"));
    }
}
