using System.Collections;
using System.Management.Automation;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Xunit;

namespace Dfss.Tests.Security;

/// <summary>
/// Certificates of a company's authority, from the parameters of the cmdlets to what the peers make of them.
/// </summary>
public sealed class IdentityTests : IDisposable
{
    private const string StartPeer =
        "$peer = Start-DfssPeer store -Port 0 -Certificate peer.pem -TrustedAuthority ca.pem -RoleFile roles.json "
            + "-RevocationList revoked.crl; ";

    private readonly CompanyFolder folder = new();
    private readonly Session session;

    public IdentityTests() => session = folder.Open();

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData("$ann", "$ca")]
    [InlineData("ann.pem", "ca.pem")]
    [InlineData("ann.pfx", "ca.cer")]
    [InlineData("([System.IO.FileInfo]::new([System.IO.Path]::Combine($PWD, 'ann.pem')))", "other.pem, ca.pem")]
    [InlineData("ann-locked.pem -CertificatePassword $password", "$ca, other.pem")]
    [InlineData("ann-locked.pfx -CertificatePassword $password", "ca.pem")]
    public void A_file_goes_round_with_a_certificate_given_as(string certificate, string authority)
    {
        string identity = $"-Certificate {certificate} -TrustedAuthority {authority}";
        Result result = session.Run(
            StartPeer + $"$null = Send-DfssFile a.bin -Peer $peer {identity}; "
            + $"Get-DfssFileInfo -Peer $peer {identity} | Receive-DfssFile -Destination back.bin {identity}");
        result.ThrowIfFailed();
        Assert.Equal("contents", File.ReadAllText(Path.Combine(folder.Path, "back.bin")));
    }

    [Fact]
    public void A_thumbprint_finds_the_certificate_in_the_users_store()
    {
        using X509Store store = new(StoreName.My, StoreLocation.CurrentUser);
        store.Open(OpenFlags.ReadWrite);
        store.Add(folder.Ann);
        try
        {
            // As tools show it, too.
            string shown = string.Join(':', folder.Ann.Thumbprint.Chunk(2).Select(pair => new string(pair)));
            foreach (string thumbprint in new[] { folder.Ann.Thumbprint, shown })
            {
                session.Run(
                    StartPeer
                        + $"Get-DfssFileInfo -Peer $peer -Certificate {thumbprint} -TrustedAuthority ca.pem; $peer | "
                        + "Stop-DfssPeer")
                    .ThrowIfFailed();
            }
        }
        finally
        {
            store.Remove(folder.Ann);
        }
    }

    [Fact]
    public void The_peer_object_shows_what_was_agreed_upon()
    {
        Result result = session.Run(
            StartPeer
            + "$peer; Get-DfssPeer -Peer $peer -Certificate ann.pem -TrustedAuthority ca.pem; Get-DfssPeer "
            + "-Id $peer.Id; "
            + "$null = $peer | Stop-DfssPeer; $plain = Start-DfssPeer -InMemory -Port 0; Get-DfssPeer -Peer $plain");
        IReadOnlyList<DfssPeerInfo> peers = result.As<DfssPeerInfo>();
        Assert.Equal(("peer", null), (peers[0].Identity, peers[0].Encryption));
        Assert.Equal(("peer", DfssEncryption.Tls13), (peers[1].Identity, peers[1].Encryption));
        Assert.StartsWith("TLS_", peers[1].CipherSuite, StringComparison.Ordinal);
        Assert.Equal((0, DfssPeerState.Running), (peers[1].Chunks, peers[1].State));

        // Without a certificate it runs all the same, and says nothing.
        Assert.Equal((DfssPeerState.Running, "peer", null), (peers[2].State, peers[2].Identity, peers[2].Chunks));
        Assert.Equal((null, DfssEncryption.None, null), (peers[3].Identity, peers[3].Encryption, peers[3].CipherSuite));
    }

    [Theory]
    [InlineData("-Certificate bob.pem -TrustedAuthority ca.pem", "NotPermitted")]
    [InlineData("-Certificate eve.pem -TrustedAuthority ca.pem", "NotPermitted")]
    [InlineData("-Certificate old.pem -TrustedAuthority ca.pem", "CertificateExpired")]
    [InlineData("-Certificate lost.pem -TrustedAuthority ca.pem", "CertificateRevoked")]
    [InlineData("-Certificate untrusted.pem -TrustedAuthority ca.pem", "CertificateNotTrusted")]
    [InlineData("-Certificate ann.pem -TrustedAuthority other.pem", "CertificateNotTrusted")]
    [InlineData("-Certificate peer.pem -TrustedAuthority ca.pem", "CertificateNotTrusted")]
    [InlineData("", "TlsRequired")]
    public void A_refused_certificate_is_an_error_with_advice(string identity, string id)
    {
        Result result = session.Run(
            StartPeer + $"try {{ Send-DfssFile a.bin -Peer $peer {identity} -ErrorAction Stop }} catch {{ $_ }}");
        ErrorRecord error = Assert.IsType<ErrorRecord>(Assert.Single(result.Output).BaseObject);
        Assert.Equal(id, Result.IdOf(error));
        Assert.NotEmpty(error.ErrorDetails.RecommendedAction);
    }

    [Fact]
    public void A_peer_without_a_certificate_is_not_spoken_to_by_one_with() => Assert.Equal(
        "TlsNotExpected",
        Result.IdOf(session.RunUntilError(
            "$peer = Start-DfssPeer -InMemory -Port 0; Send-DfssFile a.bin -Peer $peer -Certificate ann.pem "
                + "-TrustedAuthority ca.pem")));

    [Theory]
    [InlineData("-Certificate ann.pem", "AuthorityMissing", "-TrustedAuthority")]
    [InlineData("-TrustedAuthority ca.pem", "CertificateMissing", "-TrustedAuthority is given")]
    [InlineData("-AllowTls12", "CertificateMissing", "-AllowTls12 is given")]
    [InlineData("-RevocationList revoked.crl", "CertificateMissing", "-RevocationList is given")]
    [InlineData("-Certificate none.pem -TrustedAuthority ca.pem", "CertificateNotFound", "there is no file")]
    [InlineData("-Certificate ann.pem -TrustedAuthority none.pem", "CertificateNotFound", "'none.pem'")]
    [InlineData("-Certificate 0123456789012345678901234567890123456789 -TrustedAuthority ca.pem", "CertificateNotFound",
        "CurrentUser/My")]
    [InlineData("-Certificate text.txt -TrustedAuthority ca.pem", "CertificateInvalid", "no certificate can be read")]
    [InlineData("-Certificate ann.pem -TrustedAuthority text.txt", "CertificateInvalid", "no certificate can be read")]
    [InlineData("-Certificate ann.pem -TrustedAuthority ann.pfx", "CertificateInvalid", "certificates only")]
    [InlineData("-Certificate mixed.pem -TrustedAuthority ca.pem", "CertificateInvalid", "its first certificate")]
    [InlineData("-Certificate ann-alone.pem -TrustedAuthority ca.pem", "InvalidArgument", "has no private key")]
    [InlineData("-Certificate ann-locked.pem -TrustedAuthority ca.pem", "CertificatePasswordWrong", "is not given")]
    [InlineData("-Certificate ann-locked.pfx -TrustedAuthority ca.pem", "CertificatePasswordWrong", "is not given")]
    [InlineData("-Certificate ann-locked.pem -CertificatePassword $wrong -TrustedAuthority ca.pem",
        "CertificatePasswordWrong", "does not open it")]
    [InlineData("-Certificate ann-locked.pfx -CertificatePassword $wrong -TrustedAuthority ca.pem",
        "CertificatePasswordWrong", "does not open it")]
    [InlineData(
        "-Certificate ann.pem -TrustedAuthority ca.pem -RevocationList text.txt", "InvalidArgument", "text.txt")]
    [InlineData("-Certificate ann.pem, peer.pem -TrustedAuthority ca.pem", "ParameterArgumentTransformationError",
        "several are given")]
    [InlineData("-Certificate $null -TrustedAuthority ca.pem", "ParameterArgumentValidationError", "null")]
    public void What_is_wrong_with_an_identity_is_said(string identity, string id, string reason)
    {
        ErrorRecord error = session.RunUntilError($"Get-DfssFileInfo -Peer localhost:1 {identity}");
        Assert.Equal(id, Result.IdOf(error));
        Assert.Contains(reason, error.Exception.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Beyond_loopback_a_peer_needs_a_certificate_and_says_how_to_give_one()
    {
        ErrorRecord error = session.RunUntilError("Start-DfssPeer -InMemory -Port 0 -Address 0.0.0.0");
        Assert.Equal("InvalidArgument", Result.IdOf(error));
        Assert.Contains(
            "-Certificate and -TrustedAuthority", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        session.Run("Start-DfssPeer -InMemory -Port 0 -Address 0.0.0.0 -Certificate peer.pem -TrustedAuthority ca.pem")
            .ThrowIfFailed();
    }

    [Fact]
    public void No_stream_error_or_object_shows_anything_of_the_key_or_its_password()
    {
        Result result = session.Run(
            """
            $shown = & {
                $own = @{ Certificate = 'peer.pem'; TrustedAuthority = 'ca.pem'; RoleFile = 'roles.json' }
                $peer = Start-DfssPeer store -Port 0 @own -Verbose -Debug
                $peer
                foreach ($secret in $wrong, $password) {
                    try {
                        $identity = @{ Certificate = 'ann-locked.pem'; TrustedAuthority = 'ca.pem' }
                        $identity.CertificatePassword = $secret
                        Send-DfssFile a.bin -Peer $peer @identity -Verbose -Debug
                        Get-DfssPeer -Peer $peer @identity -Verbose -Debug
                    }
                    catch { $_ }
                }
            } *>&1
            $shown
            """);
        result.ThrowIfFailed();
        string text = string.Join('\n', result.Output.SelectMany(Dump));
        Assert.Contains("CertificatePasswordWrong", text, StringComparison.Ordinal);
        Assert.Contains("Connected to localhost", text, StringComparison.Ordinal);
        Assert.DoesNotContain(CompanyFolder.Password, text, StringComparison.Ordinal);
        using ECDsa key = folder.Ann.GetECDsaPrivateKey()!;
        byte[] secretNumber = key.ExportParameters(includePrivateParameters: true).D!;
        Assert.DoesNotContain(Convert.ToHexString(secretNumber), text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("PRIVATE KEY", text, StringComparison.Ordinal);
    }

    /// <summary>All that a table, a list or a log could show of an object.</summary>
    private static IEnumerable<string> Dump(PSObject item)
    {
        yield return item.ToString();
        if (item.BaseObject is ErrorRecord error)
        {
            yield return $"{error.Exception} {error.TargetObject} {error.ErrorDetails} {error.InvocationInfo.Line}";
        }

        foreach (PSPropertyInfo property in item.Properties.Where(
            property => property.MemberType == PSMemberTypes.Property))
        {
            yield return property.Value switch
            {
                IEnumerable many and not string => $"{property.Name}: {string.Join(',', many.Cast<object?>())}",
                { } value => $"{property.Name}: {value}",
                null => property.Name,
            };
        }
    }
}
