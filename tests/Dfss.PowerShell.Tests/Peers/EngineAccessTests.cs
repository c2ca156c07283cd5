using System.Management.Automation;
using System.Security.Cryptography.X509Certificates;
using Dfss.Commands;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>Start-DfssPeer -Store: the authorities of the engine's certificate, and credentials from a vault.</summary>
public sealed class EngineAccessTests : IAsyncLifetime
{
    private const string Secret = "the secret of the fake";

    /// <summary>What is a secret, given as the name of one by mistake.</summary>
    private const string Mistaken = "wJalrXUtnFEMI/K7MDENG";

    /// <summary>The commands of SecretManagement that DFSS uses, with secrets of several types.</summary>
    private const string Vault =
        """
        function Get-Secret {
            [CmdletBinding()]
            param([Parameter(Mandatory)][string] $Name)
            $global:asked += @($Name)
            $secret = [System.Net.NetworkCredential]::new('', 'the secret of the fake').SecurePassword
            $credential = [pscredential]::new('fake', $secret)
            $absent = [System.Management.Automation.ErrorRecord]::new(
                [System.IO.IOException]::new("There is no $Name."), "No $Name", 'ObjectNotFound', $Name)
            switch -Wildcard ($Name) {
                'engine' { $credential }
                'second' { $PSCmdlet.WriteError($absent); $credential }
                'empty' { [pscredential]::Empty }
                '*text' { $secret }
                '*several' { $credential; $credential }
                'nothing' { }
                '*broken' { $PSCmdlet.ThrowTerminatingError($absent) }
                default { $PSCmdlet.WriteError($absent) }
            }
        }
        """;

    private readonly TemporaryFolder folder = new();
    private readonly CompanyAuthority authority = new("Private CA");
    private readonly X509Certificate2 shown;
    private readonly FakeS3 fake;
    private readonly Session session = new(new RecordingHost());

    public EngineAccessTests()
    {
        shown = authority.IssuePeer();
        fake = new FakeS3(certificate: shown);
        File.WriteAllText(folder["ca.pem"], authority.Certificate.ExportCertificatePem());
        string module = folder["Microsoft.PowerShell.SecretManagement.psm1"];
        File.WriteAllText(module, Vault);
        session.Runspace.SessionStateProxy.Path.SetLocation(folder.Path);
        session.Run(
            "$credential = [pscredential]::new("
                + "'fake', [System.Net.NetworkCredential]::new('', $secret).SecurePassword)",
            ("secret", Secret), ("vault", module), ("ca", authority.Certificate),
            ("store", $"s3://{FakeS3.Bucket}/store?endpoint={fake.Endpoint.OriginalString}")).ThrowIfFailed();
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        await fake.DisposeAsync();
        shown.Dispose();
        authority.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData("./ca.pem")]
    [InlineData("$ca")]
    public void An_engine_of_a_private_authority_is_served(string given)
    {
        Result result = session.Run(
            $"(Start-DfssPeer -Store $store -Credential $credential -EngineAuthority {given} -Port 0).StorePath");
        Assert.Equal(
            $"s3://{FakeS3.Bucket}/store?endpoint={fake.Endpoint.OriginalString}", Assert.Single(result.As<string>()));
    }

    [Fact]
    public void A_private_authority_that_is_not_given_is_refused_with_its_name_and_what_to_give()
    {
        ErrorRecord refused = session.RunUntilError("Start-DfssPeer -Store $store -Credential $credential -Port 0");
        Assert.Equal("StoreFailed", Result.IdOf(refused));
        Assert.Contains("'Private CA'", refused.Exception.Message, StringComparison.Ordinal);
        Assert.Contains("-EngineAuthority", refused.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.Equal(0, fake.Requests);
    }

    [Theory]
    [InlineData("./none.pem", "CertificateNotFound")]
    [InlineData("./Microsoft.PowerShell.SecretManagement.psm1", "CertificateInvalid")]
    public void An_authority_that_cannot_be_read_is_an_error_of_its_own(string given, string id) => Assert.Equal(
        id, Result.IdOf(session.RunUntilError(
            $"Start-DfssPeer -Store $store -Credential $credential -EngineAuthority {given} -Port 0")));

    [Fact]
    public void An_authority_for_an_engine_without_TLS_is_an_invalid_argument() => Assert.Equal(
        "InvalidArgument", Result.IdOf(session.RunUntilError(
            "Start-DfssPeer -Store 's3://bucket?endpoint=http://127.0.0.1:1' -Credential $credential "
                + "-EngineAuthority ./ca.pem -Port 0")));

    [Fact]
    public async Task Authorities_reach_the_process_of_a_detached_peer_without_credentials_too()
    {
        await using var handover = IdentityHandover.Create(new PeerIdentity(Identity: null, Origin: null, Issuer: null)
        {
            EngineAuthorities = [authority.Certificate],
        });
        Task giving = handover.GiveAsync(TestContext.Current.CancellationToken);
        PeerIdentity taken = await IdentityHandover.TakeAsync(
            handover.PipeName, TestContext.Current.CancellationToken);
        await giving;
        Assert.Null(taken.Engine);
        Assert.Equal(authority.Certificate.RawData, Assert.Single(taken.EngineAuthorities).RawData);
    }

    [Fact]
    public void The_name_of_a_secret_gives_the_credentials_and_no_stream_shows_them()
    {
        Result result = session.Run(
            """
            Import-Module $vault
            $trust = @{ Store = $store; EngineAuthority = './ca.pem' }
            $peer = Start-DfssPeer @trust -Credential engine -Port 0 -Verbose -Debug 5>&1
            $peer | ForEach-Object { "$_" }
            $peer[-1].PSObject.Properties | ForEach-Object { "$($_.Name) $($_.Value)" }
            $asked
            """);
        string[] output = [.. result.As<string>()];
        Assert.Equal("engine", output[^1]);
        Assert.All(
            output.Concat(result.Verbose), text => Assert.DoesNotContain(Secret, text, StringComparison.Ordinal));
    }

    [Fact]
    public void A_secret_of_the_second_vault_is_used_where_the_first_one_fails()
    {
        Result result = session.Run(
            """
            Import-Module $vault
            (Start-DfssPeer -Store $store -EngineAuthority ./ca.pem -Credential second -Port 0).StorePath
            """);
        Assert.StartsWith("s3://", Assert.Single(result.As<string>()), StringComparison.Ordinal);
        Assert.Empty(result.Errors);
    }

    [Theory]
    [InlineData("a@b")]
    [InlineData(@"a\b")]
    public void The_access_key_is_the_whole_user_name(string key)
    {
        string signature = string.Empty;
        fake.Fault = request =>
        {
            signature = request.Headers["Authorization"];
            return FakeS3Fault.None;
        };
        ErrorRecord refused = session.RunUntilError(
            """
            $other = [pscredential]::new($key, $credential.Password)
            Start-DfssPeer -Store $store -EngineAuthority ./ca.pem -Credential $other -Port 0
            """,
            ("key", key));
        Assert.Equal("StoreFailed", Result.IdOf(refused));
        Assert.Contains($"Credential={key}/", signature, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("module", "SecretModuleMissing")]
    [InlineData("absent", "SecretNotFound")]
    [InlineData("broken", "SecretNotFound")]
    [InlineData("several", "SecretNotFound")]
    [InlineData("text", "SecretTypeWrong")]
    public void No_error_of_a_secret_repeats_the_text_that_was_given(string name, string id)
    {
        ErrorRecord refused = session.RunUntilError(
            "$PSModuleAutoLoadingPreference = 'None'; if ($import) { Import-Module $vault }; "
                + "Start-DfssPeer -Store $store -Credential $given -Port 0",
            ("given", $"{Mistaken}/{name}"), ("import", name != "module"));
        Assert.Equal(id, Result.IdOf(refused));
        Assert.Null(refused.TargetObject);
        List<string?> texts =
        [
            $"{refused}", refused.FullyQualifiedErrorId, $"{refused.CategoryInfo}", refused.ErrorDetails.Message,
            refused.ErrorDetails.RecommendedAction, $"{refused.Exception}",
        ];
        for (Exception? one = refused.Exception; one is not null; one = one.InnerException)
        {
            texts.Add(one.Message);
        }

        Assert.All(texts, text => Assert.DoesNotContain(Mistaken, text, StringComparison.Ordinal));
        Assert.Contains("The name is not shown", refused.ErrorDetails.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("absent", "SecretNotFound", "Get-Secret gave nothing and reported IOException.")]
    [InlineData("broken", "SecretNotFound", "Get-Secret gave nothing and reported IOException.")]
    [InlineData("several", "SecretNotFound", "Get-Secret gave 2 results.")]
    [InlineData("nothing", "SecretNotFound", "Get-Secret gave nothing.")]
    [InlineData("text", "SecretTypeWrong", "is a SecureString")]
    [InlineData("empty", "InvalidArgument", "is empty")]
    public void A_secret_that_gives_no_credentials_is_an_error_that_says_why(string name, string id, string said)
    {
        ErrorRecord refused = session.RunUntilError(
            $"Import-Module $vault; Start-DfssPeer -Store $store -Credential {name} -Port 0");
        Assert.Equal(id, Result.IdOf(refused));
        Assert.Contains(said, refused.Exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, $"{refused.Exception} {refused.ErrorDetails}", StringComparison.Ordinal);
    }

    /// <summary>The host of this session answers no question.</summary>
    [Fact]
    public void Without_the_module_the_name_of_a_secret_is_an_error_and_no_question()
    {
        ErrorRecord refused = session.RunUntilError(
            "$PSModuleAutoLoadingPreference = 'None'; Start-DfssPeer -Store $store -Credential engine -Port 0");
        Assert.Equal("SecretModuleMissing", Result.IdOf(refused));
        Assert.Contains("not installed or cannot be loaded", refused.Exception.Message, StringComparison.Ordinal);
        Assert.Contains(
            "Install-PSResource", refused.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIf_reads_no_secret()
    {
        Result result = session.Run(
            """
            $asked = @()
            Import-Module $vault
            Start-DfssPeer -Store $store -Credential engine -WhatIf
            $asked.Count
            """);
        Assert.Equal([0], result.As<int>());
    }

    [Theory]
    [InlineData("{ 'engine' }")]
    [InlineData("''")]
    [InlineData("([System.Net.NetworkCredential]::new('', 'a').SecurePassword)")]
    [InlineData("$null")]
    public void What_is_neither_credentials_nor_a_name_is_refused(string given)
    {
        ErrorRecord refused = session.RunUntilError($"Start-DfssPeer -Store $store -Credential {given} -Port 0");
        Assert.StartsWith("Parameter", Result.IdOf(refused), StringComparison.Ordinal);
    }
}
