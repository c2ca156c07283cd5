using System.Management.Automation;
using Dfss.Tests.Security;
using Xunit;

namespace Dfss.Tests.Clusters;

/// <summary>Clusters from the cmdlets: made, joined, used, and what is said where something is missing.</summary>
[Collection(StateFolderTests.Name)]
public sealed class ClusterTests : IDisposable
{
    private readonly ClusterUsers users = new();

    public void Dispose() => users.Dispose();

    [Fact]
    public void A_user_that_joined_sends_and_receives_without_naming_peers_or_certificates()
    {
        users.MakeCluster();
        string invitation = users.Invite("-Role Writer -Name ann -NamePrefix builds/*");
        users.Be("ann");
        DfssClusterInfo joined = Assert.Single(
            users.Session.Run("Join-DfssCluster $invitation", ("invitation", invitation)).As<DfssClusterInfo>());
        Assert.Equal(
            ("lab", DfssClusterRole.Writer, "ann", false),
            (joined.Name, joined.Role, joined.Identity, joined.IsIssuer));
        Assert.Equal(["builds/"], joined.NamePrefixes);
        Assert.Single(joined.Issuer);
        File.WriteAllText(Path.Combine(users.Path, "a.txt"), "contents");
        users.Session.Run(
            "$null = Send-DfssFile a.txt -Name builds/a.txt; $null = Receive-DfssFile builds/a.txt "
                + "-Destination back.txt")
            .ThrowIfFailed();
        Assert.Equal("contents", File.ReadAllText(Path.Combine(users.Path, "back.txt")));
        Assert.Equal("NotPermitted", IdOf("Send-DfssFile a.txt"));
        DfssPeerInfo asked = Assert.Single(users.Session.Run("Get-DfssPeer -Peer $issuer.Endpoint").As<DfssPeerInfo>());
        Assert.Equal(("issuer of lab", DfssEncryption.Tls13), (asked.Identity, asked.Encryption));

        // A user outside the cluster has no certificate.
        users.Be("eve");
        Assert.Equal("TlsRequired", IdOf("Get-DfssFileInfo -Peer $issuer"));
        Assert.Equal("InvitationUsed", IdOf("Join-DfssCluster $invitation"));
        Assert.Empty(Directory.EnumerateFiles(users.ClusterOf("eve", "lab"), "*.crt"));
    }

    [Theory]
    [InlineData(-2)]
    [InlineData(24 * 60)]
    public void A_peer_joins_for_its_store_and_is_found_by_the_others(int minutes)
    {
        users.MakeCluster();
        string invitation = users.Invite("-Role Peer");
        users.Be("box2");
        Result started = users.Session.Run(
            """
            Join-DfssCluster $invitation -StorePath store2
            $second = Start-DfssPeer store2 -Port 0
            $second
            """,
            ("invitation", invitation));
        started.ThrowIfFailed();
        Assert.Empty(started.Warnings);
        DfssClusterInfo joined = (DfssClusterInfo)started.Output[0].BaseObject;
        DfssPeerInfo second = (DfssPeerInfo)started.Output[1].BaseObject;
        Assert.Equal(
            (DfssClusterRole.Peer, second.StoreId, second.Identity), (joined.Role, joined.StoreId, joined.Identity));

        // The list of Boss has Boss's own peer since its start, and gets the other when it is refreshed: the list is
        // too old, or from the future, as after the clock was set back.
        users.Be("boss");
        File.SetLastWriteTimeUtc(
            Path.Combine(users.ClusterOf("boss", "lab"), "peers.json"), DateTime.UtcNow.AddMinutes(minutes));
        File.WriteAllText(Path.Combine(users.Path, "a.txt"), "contents");
        DfssFileInfo sent = Assert.Single(users.Session.Run("Send-DfssFile a.txt").As<DfssFileInfo>());
        Assert.Contains(second.StoreId, sent.StoreIds);
        Assert.Equal(2, sent.StoreIds.Count);
        Assert.Equal(
            "contents",
            users.Session.Run(
                "$null = Receive-DfssFile a.txt -Destination b.txt; [System.IO.File]::ReadAllText(\"$PWD/b.txt\")")
                .As<string>()[0]);
    }

    [Fact]
    public void A_user_in_a_cluster_reaches_its_own_plaintext_peers_as_before()
    {
        users.MakeCluster();
        File.WriteAllText(Path.Combine(users.Path, "a.txt"), "contents");
        Result result = users.Session.Run(
            """
            $plain = Start-DfssPeer own -Port 0
            $null = Send-DfssFile a.txt -Peer $plain
            Get-DfssPeer -Peer $plain
            Get-DfssPeer -Peer $issuer
            $env:DFSS_PEER = $plain.Endpoint
            Get-DfssFileInfo
            """);
        result.ThrowIfFailed();
        Assert.Equal(DfssEncryption.None, ((DfssPeerInfo)result.Output[0].BaseObject).Encryption);
        Assert.Equal(DfssEncryption.Tls13, ((DfssPeerInfo)result.Output[1].BaseObject).Encryption);
        Assert.Equal("a.txt", ((DfssFileInfo)result.Output[2].BaseObject).Name);

        // Told so, it is in the cluster and nowhere else, or in none.
        Assert.Equal("TlsNotExpected", IdOf("Get-DfssFileInfo -Peer $plain -Cluster lab"));
        Assert.Contains(
            "-Cluster ''", Error("Get-DfssFileInfo -Peer $plain -Cluster lab").ErrorDetails.RecommendedAction,
            StringComparison.Ordinal);
        Assert.Equal("TlsRequired", IdOf("Get-DfssFileInfo -Peer $issuer -Cluster ''"));
        Assert.Empty(users.Session.Run("Get-DfssFileInfo -Cluster lab").ThrowIfFailed().Output);
    }

    [Fact]
    public void Of_several_clusters_one_is_picked()
    {
        users.MakeCluster();
        users.Session.Run(
            "$null = New-DfssCluster other -Passphrase $p", ("p", Secret("four words of mine"))).ThrowIfFailed();
        ErrorRecord error = Error("Get-DfssFileInfo");
        Assert.Equal("ClusterAmbiguous", Result.IdOf(error));
        Assert.Contains("'lab', 'other'", error.Exception.Message, StringComparison.Ordinal);
        Assert.Equal(DfssPeerState.Running, users.Session.Run("Get-DfssPeer").As<DfssPeerInfo>()[0].State);
        Assert.Equal("ClusterAmbiguous", IdOf("Get-DfssPeer -Peer $issuer"));
        users.Session.Run("Get-DfssFileInfo -Cluster LAB").ThrowIfFailed();
        Environment.SetEnvironmentVariable("DFSS_CLUSTER", "lab");
        users.Session.Run("Get-DfssFileInfo; $null = New-DfssInvitation Reader").ThrowIfFailed();
        Environment.SetEnvironmentVariable("DFSS_CLUSTER", null);
        Assert.Equal("ClusterNotFound", IdOf("Get-DfssFileInfo -Cluster none"));
        const string Typed = "Get-DfssFileInfo -Cluster ";
        using System.Management.Automation.PowerShell engine = users.Session.Create();
        CommandCompletion offered = CommandCompletion.CompleteInput(Typed, Typed.Length, options: null, engine);
        Assert.Equal(["lab", "other"], offered.CompletionMatches.Select(match => match.CompletionText));
    }

    [Fact]
    public void A_user_that_gives_a_certificate_need_not_name_one_of_several_clusters()
    {
        users.MakeCluster();
        users.Session.Run(
            "$null = New-DfssCluster other -Passphrase $p", ("p", Secret("four words of mine"))).ThrowIfFailed();
        using CompanyFolder company = new();
        File.WriteAllText(Path.Combine(users.Path, "a.txt"), "contents");
        Result result = users.Session.Run(
            """
            $identity = @{ Certificate = "$company/peer.pem"; TrustedAuthority = "$company/ca.pem" }
            $peer = Start-DfssPeer -InMemory -Port 0 @identity -RoleFile "$company/roles.json"
            $client = @{ Peer = $peer; Certificate = "$company/ann.pem"; TrustedAuthority = "$company/ca.pem" }
            $null = Send-DfssFile a.txt @client
            Get-DfssFileInfo @client
            """,
            ("company", company.Path));
        result.ThrowIfFailed();
        Assert.Equal("a.txt", Assert.Single(result.As<DfssFileInfo>()).Name);
        Assert.Equal("ClusterAmbiguous", IdOf("Get-DfssFileInfo -Peer $peer"));
    }

    [Fact]
    public void A_short_passphrase_is_refused_and_taken_with_the_switch_that_the_advice_names()
    {
        Session session = users.Session;
        ErrorRecord error = session.RunUntilError("New-DfssCluster lab -Passphrase $p", ("p", Secret("elevenchars")));
        Assert.Equal("PassphraseTooShort", Result.IdOf(error));
        Assert.Contains("-AllowShortPassphrase", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        session.Run("New-DfssCluster lab -Passphrase $p -AllowShortPassphrase").ThrowIfFailed();
        session.Run("New-DfssCluster other -Passphrase $p", ("p", Secret("twelve chars"))).ThrowIfFailed();
    }

    [Fact]
    public void A_bad_environment_variable_is_named()
    {
        foreach ((string variable, string value, string id) in new[]
        {
            ("DFSS_CLUSTER", "nowhere", "ClusterNotFound"), ("DFSS_PEER", "not an address", "PeerAddressInvalid"),
        })
        {
            Environment.SetEnvironmentVariable(variable, value);
            ErrorRecord error = users.Session.RunUntilError("Get-DfssFileInfo x");
            Assert.Equal(id, Result.IdOf(error));
            Assert.Contains($"$env:{variable}", error.ErrorDetails.Message, StringComparison.Ordinal);
            Assert.Contains($"$env:{variable}", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
            Environment.SetEnvironmentVariable(variable, null);
        }
    }

    [Theory]
    [InlineData("New-DfssInvitation Reader", "ClusterMissing")]
    [InlineData("Start-DfssPeer -InMemory -Port 0 -Issuer", "ClusterMissing")]
    [InlineData("New-DfssCluster lab", "PassphraseMissing")]
    [InlineData("New-DfssCluster ../lab -Passphrase $p", "InvalidArgument")]
    [InlineData("Join-DfssCluster", "InvitationMissing")]
    [InlineData("Join-DfssCluster 'dfss-invitation:AAAA'", "InvitationInvalid")]
    [InlineData("Join-DfssCluster 'hello'", "InvitationInvalid")]
    [InlineData("Join-DfssCluster 7", "ParameterArgumentTransformationError")]
    [InlineData("Get-DfssFileInfo -Cluster lab", "ClusterNotFound")]
    public void Without_a_cluster_what_is_missing_is_said(string command, string id) => Assert.Equal(id, IdOf(command));

    [Fact]
    public void What_is_wrong_with_a_cluster_is_said()
    {
        users.MakeCluster();
        string reader = users.Invite("-Role Reader");
        users.Be("boss");
        foreach ((string command, string id) in new[]
        {
            ("New-DfssCluster LAB -Passphrase $p", "ClusterExists"),
            ("New-DfssCluster second -Passphrase $p", "PassphraseTooShort"),
            ("Start-DfssPeer -InMemory -Port 0 -Issuer", "PassphraseMissing"),
            ("Start-DfssPeer -InMemory -Port 0 -Issuer -Passphrase $p", "PassphraseWrong"),
            ("Start-DfssPeer -InMemory -Port 0 -Issuer -Passphrase $p -Detached", "PassphraseWrong"),
            ("Start-DfssPeer -InMemory -Port 0 -Issuer -Passphrase $right", "StoreInUse"),
            ("Start-DfssPeer -InMemory -Port 0 -Issuer -Certificate a.pem", "ClusterAndCertificate"),
            ("Start-DfssPeer -InMemory -Port 0 -Address 0.0.0.0", "PeerNotJoined"),
            ("Start-DfssPeer store9 -Port 0 -Cluster lab", "PeerNotJoined"),
            ("Get-DfssFileInfo -Cluster lab -Certificate a.pem -TrustedAuthority a.pem", "ClusterAndCertificate"),
            ("Get-DfssFileInfo -TrustedAuthority a.pem", "CertificateMissing"),
            ("New-DfssInvitation Admin -NamePrefix a/", "InvalidArgument"),
            ("New-DfssInvitation Reader -NamePrefix 'a*b'", "NamePrefixInvalid"),
            ("New-DfssInvitation Reader -ExpiresIn 0", "InvalidArgument"),
            ("New-DfssInvitation Peer -StoreId x", "StoreIdInvalid"),
            ("Join-DfssCluster $reader", "ClusterJoined"),
            ("Join-DfssCluster $reader -StorePath s", "StoreNotExpected"),
            ("Join-DfssCluster (New-DfssInvitation Peer)", "StoreMissing"),
        })
        {
            ErrorRecord error = users.Session.RunUntilError(
                command, ("p", Secret("wrong")), ("right", Secret("correct horse battery staple")), ("reader", reader));
            Assert.True(id == Result.IdOf(error), $"{command}: {error.FullyQualifiedErrorId} {error}");
            Assert.NotEmpty(error.ErrorDetails.RecommendedAction);
        }

        // What was refused has used nothing up.
        Assert.Equal(
            DfssClusterRole.Reader, users.Session.Run("Join-DfssCluster $reader -Force").As<DfssClusterInfo>()[0].Role);
        Assert.Equal("NotPermitted", IdOf("New-DfssInvitation Reader"));
        File.Delete(Path.Combine(users.ClusterOf("boss", "lab"), "member.pem"));
        Assert.Equal("ClusterIncomplete", IdOf("Get-DfssFileInfo"));
        users.Session.Run("$issuer | Stop-DfssPeer");
        users.Be("ann");
        users.Session.Run("$env:DFSS_INVITATION = $reader", ("reader", reader)).ThrowIfFailed();
        ErrorRecord gone = Error("Join-DfssCluster");
        Assert.Equal("IssuerUnreachable", Result.IdOf(gone));
        Assert.Contains("-Address *", gone.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIf_makes_nothing_and_uses_nothing_up()
    {
        users.Session.Run("New-DfssCluster lab -WhatIf").ThrowIfFailed();
        Assert.False(Directory.Exists(users.ClusterOf("boss", "lab")));
        users.MakeCluster();
        Assert.Empty(users.Session.Run("New-DfssInvitation Reader -WhatIf").ThrowIfFailed().Output);
        string invitation = users.Invite("Reader");
        users.Be("ann");
        users.Session.Run("Join-DfssCluster $invitation -WhatIf", ("invitation", invitation)).ThrowIfFailed();
        Assert.False(Directory.Exists(users.ClusterOf("ann", "lab")));
        users.Session.Run("Join-DfssCluster $invitation").ThrowIfFailed();
    }

    private static System.Security.SecureString Secret(string text)
    {
        System.Security.SecureString secret = new();
        foreach (char character in text)
        {
            secret.AppendChar(character);
        }

        return secret;
    }

    private string IdOf(string command) => Result.IdOf(Error(command));

    private ErrorRecord Error(string command) =>
        users.Session.RunUntilError($"$p = [securestring]::new(); {command} -ErrorAction Stop");
}
