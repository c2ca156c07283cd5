using System.Management.Automation;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Security;

/// <summary>
/// Encrypted files by the cmdlets: all ways to give a key, what is shown, and that nothing shows a key.
/// </summary>
public sealed class EncryptionTests : IDisposable
{
    private const string Setup =
        "$peer = Start-DfssPeer -InMemory -Port 0; $PSDefaultParameterValues = @{ '*-DfssFile*:Peer' = "
            + "$peer.Endpoint }; "
            + "$key = New-DfssEncryptionKey files.key; ";

    // Made once: to find the primes of an RSA key takes longer than most of these tests.
    private static readonly Lazy<RSA> RsaKey = new(() => RSA.Create(2048));

    private readonly TemporaryFolder folder = new();
    private readonly Session session = new();

    public EncryptionTests()
    {
        session.Runspace.SessionStateProxy.Path.SetLocation(WildcardPattern.Escape(folder.Path));
        File.WriteAllText(folder["a.txt"], "contents");
        using ECDsa curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Write("ann", new CertificateRequest("CN=ann", curve, HashAlgorithmName.SHA256), curve);
        RSA rsa = RsaKey.Value;
        Write("bob", new CertificateRequest("CN=bob", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), rsa);
        session.Run(Setup).ThrowIfFailed();
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData("-EncryptionKey files.key", "-EncryptionKey files.key")]
    [InlineData("-EncryptionKey $key", "-EncryptionKey $key.ToSecureString()")]
    [InlineData("-EncryptionKey $key.ToSecureString()",
        "-EncryptionKey ([System.IO.FileInfo]::new($key.Path)), (New-DfssEncryptionKey)")]
    [InlineData("-EncryptionKey ([byte[]]::new(32))", "-EncryptionKey (, [byte[]]::new(32))")]
    [InlineData("-Recipient ann.cer", "-DecryptionCertificate ann.pem")]
    [InlineData("-Recipient bob.cer", "-DecryptionCertificate ann.pem, bob.pem")]
    [InlineData("-Recipient ann.pem, bob.cer", "-DecryptionCertificate bob.pfx -DecryptionPassword $password")]
    [InlineData("-Recipient ann.cer -EncryptionKey files.key", "-EncryptionKey files.key")]
    public void A_file_goes_round_encrypted_for_and_read_with(string sending, string reading)
    {
        session.Runspace.SessionStateProxy.SetVariable("password", Secure("quite-secret"));
        session.Run(
            $"$sent = Send-DfssFile a.txt {sending}; "
            + "if (-not $sent.IsEncrypted -or $sent.Length -ne 8) { throw 'shown otherwise' }; "
            + $"$null = Receive-DfssFile a.txt -Destination back.txt {reading}; "
            + $"if (-not (Compare-DfssFile a.txt {reading}).IsEqual) {{ throw 'not equal' }}").ThrowIfFailed();
        Assert.Equal("contents", File.ReadAllText(folder["back.txt"]));
    }

    [Theory]
    [InlineData("Receive-DfssFile a.txt -Destination back.txt", "KeyRequired")]
    [InlineData("Compare-DfssFile a.txt", "KeyRequired")]
    [InlineData("Receive-DfssFile a.txt -Destination back.txt -EncryptionKey (New-DfssEncryptionKey)", "KeyWrong")]
    [InlineData("Receive-DfssFile a.txt -Destination back.txt -DecryptionCertificate ann.pem", "KeyWrong")]
    [InlineData("Receive-DfssFile plain.txt -Destination back.txt -EncryptionKey files.key", "FileNotEncrypted")]
    [InlineData("Add-DfssFileRecipient plain.txt -EncryptionKey files.key -Recipient ann.cer", "FileNotEncrypted")]
    [InlineData("Remove-DfssFileRecipient a.txt $key.KeyId -Confirm:$false", "InvalidArgument")]
    public void A_file_that_cannot_be_read_is_a_non_terminating_error(string command, string id)
    {
        session.Run("$null = Send-DfssFile a.txt -EncryptionKey files.key; $null = Send-DfssFile a.txt -Name plain.txt")
            .ThrowIfFailed();

        Result result = session.Run(command);

        Assert.Null(result.Ending);
        ErrorRecord error = Assert.Single(result.Errors);
        Assert.Equal(id, Result.IdOf(error));
        Assert.NotEmpty(error.ErrorDetails.RecommendedAction);
        Assert.False(File.Exists(folder["back.txt"]));
    }

    [Theory]
    [InlineData("Send-DfssFile a.txt -EncryptionKey nothing.key", "EncryptionKeyNotFound")]
    [InlineData("Send-DfssFile a.txt -EncryptionKey a.txt", "EncryptionKeyInvalid")]
    [InlineData("Send-DfssFile a.txt -EncryptionKey $word", "EncryptionKeyInvalid")]
    [InlineData("Send-DfssFile a.txt -Recipient a.txt", "CertificateInvalid")]
    [InlineData("Send-DfssFile a.txt -Recipient bob.pfx", "CertificateInvalid")]
    [InlineData("Receive-DfssFile a.txt -DecryptionCertificate bob.pfx", "CertificatePasswordWrong")]
    [InlineData("Receive-DfssFile a.txt -DecryptionCertificate ann.cer", "InvalidArgument")]
    [InlineData("Add-DfssFileRecipient a.txt -EncryptionKey files.key", "RecipientMissing")]
    [InlineData("Add-DfssFileRecipient a.txt -Recipient ann.cer", "KeyMissing")]
    [InlineData("New-DfssEncryptionKey files.key", "DestinationExists")]
    [InlineData("New-DfssEncryptionKey no/such/folder.key", "DestinationUnwritable")]
    [InlineData("Send-DfssFile a.txt -EncryptionKey ([byte[]]::new(31))", "ParameterArgumentTransformationError")]
    [InlineData("Send-DfssFile a.txt -EncryptionKey ([System.IO.File]::ReadAllText($key.Path))",
        "ParameterArgumentTransformationError")]
    public void A_key_that_is_none_ends_the_command(string command, string id)
    {
        session.Runspace.SessionStateProxy.SetVariable("word", Secure("correct horse battery staple"));
        ErrorRecord error = session.RunUntilError(command);
        Assert.Equal(id, Result.IdOf(error));
        Assert.DoesNotContain(KeyText[11..], error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Recipients_are_added_and_left_out_and_shown()
    {
        Result result = session.Run(
            "$null = Send-DfssFile a.txt -EncryptionKey files.key; "
            + "Get-DfssFileInfo a.txt | Add-DfssFileRecipient -EncryptionKey files.key -Recipient ann.cer -PassThru; "
            + "$null = Receive-DfssFile a.txt -Destination back.txt -DecryptionCertificate ann.pem; "
            + "Get-DfssFileInfo a.txt | Remove-DfssFileRecipient -KeyId $key.KeyId -Confirm:$false -PassThru");
        IReadOnlyList<DfssFileInfo> files = result.As<DfssFileInfo>();
        Assert.Equal([2L, 3L], files.Select(file => file.Version));
        Assert.Equal([2, 1], files.Select(file => file.Recipients.Count));
        Assert.Equal(files[0].FileId, files[1].FileId);
        Assert.Equal("contents", File.ReadAllText(folder["back.txt"]));
    }

    [Fact]
    public void The_file_of_a_key_is_for_its_owner_alone()
    {
        Assert.Equal(56, File.ReadAllText(folder["files.key"]).Length);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(folder["files.key"]));
        }

        Assert.Empty(session.Run("New-DfssEncryptionKey other.key -WhatIf").ThrowIfFailed().Output);
        Assert.False(File.Exists(folder["other.key"]));
    }

    [Fact]
    public void No_stream_error_or_object_shows_anything_of_a_key()
    {
        string secret = KeyText[11..].Trim();
        Result result = session.Run(
            "$VerbosePreference = 'Continue'; $DebugPreference = 'Continue'; $key; $sent = Send-DfssFile a.txt "
            + "-EncryptionKey $key *>&1; $sent; "
            + "Receive-DfssFile a.txt -Destination back.txt -EncryptionKey $key *>&1; "
            + "Receive-DfssFile a.txt -Destination other.txt *>&1; Get-DfssFileInfo a.txt *>&1; "
            + "[System.Management.Automation.PSSerializer]::Serialize($key); "
            + "[System.Management.Automation.PSSerializer]::Serialize($sent)");
        string all = string.Join(
            '\n', result.Output.Select(item => item + (item.BaseObject is DfssEncryptionKey or DfssFileInfo
                ? string.Join(' ', item.Properties.Select(property => $"{property.Name}={property.Value}"))
                : string.Empty)));
        IEnumerable<string?> errors = result.Output.Select(
            item => (item.BaseObject as ErrorRecord)?.FullyQualifiedErrorId);
        Assert.Contains(errors, id => id?.StartsWith("KeyRequired", StringComparison.Ordinal) == true);
        Assert.Contains("files.key", all, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, all, StringComparison.Ordinal);
        Assert.DoesNotContain(
            Convert.ToHexString(Convert.FromBase64String(secret)), all, StringComparison.OrdinalIgnoreCase);
    }

    private string KeyText => File.ReadAllText(folder["files.key"]);

    private static System.Security.SecureString Secure(string text)
    {
        System.Security.SecureString secret = new();
        foreach (char character in text)
        {
            secret.AppendChar(character);
        }

        return secret;
    }

    private void Write(string name, CertificateRequest request, AsymmetricAlgorithm key)
    {
        using X509Certificate2 certificate = request.CreateSelfSigned(
            DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.UnixEpoch.AddYears(150));
        File.WriteAllBytes(folder[$"{name}.cer"], certificate.Export(X509ContentType.Cert));
        File.WriteAllBytes(folder[$"{name}.pfx"], certificate.Export(X509ContentType.Pkcs12, "quite-secret"));
        File.WriteAllText(
            folder[$"{name}.pem"], certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
    }
}
