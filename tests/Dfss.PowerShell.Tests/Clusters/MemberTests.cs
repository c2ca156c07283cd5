using System.Management.Automation;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Clusters;
using Dfss.Security;
using Xunit;

namespace Dfss.Tests.Clusters;

/// <summary>Members of a cluster from the cmdlets: listed, renewed, revoked.</summary>
[Collection(StateFolderTests.Name)]
public sealed class MemberTests : IDisposable
{
    private readonly ClusterUsers users = new();

    public void Dispose() => users.Dispose();

    [Fact]
    public void Members_are_listed_and_one_is_revoked_on_every_peer_without_a_restart()
    {
        users.MakeCluster();
        Join("box2", "-Role Peer -Name box2", "-StorePath store2");
        users.Session.Run("$second = Start-DfssPeer store2 -Port 0").ThrowIfFailed();
        Join("eve", "-Role Reader -Name laptop7");
        users.Session.Run("Get-DfssFileInfo; Get-DfssPeer -Peer $issuer, $second").ThrowIfFailed();

        users.Be("boss");
        DfssCertificateInfo[] members = [.. users.Session.Run("Get-DfssCertificate").As<DfssCertificateInfo>()];
        Assert.Equal(
            [$"{Environment.UserName}@{Environment.MachineName}", "box2", "laptop7"],
            members.Select(member => member.Name));
        Assert.Equal(
            [DfssClusterRole.Admin, DfssClusterRole.Peer, DfssClusterRole.Reader],
            members.Select(member => member.Role));
        Assert.All(
            members, member => Assert.Equal((DfssCertificateState.Valid, "lab"), (member.State, member.Cluster)));
        Assert.Equal(users.Session.Run("$second.StoreId").As<string>()[0], members[1].StoreId);
        Assert.Equal(
            ["box2", "laptop7"],
            users.Session.Run("'box2', 'LAPTOP7' | Get-DfssCertificate").As<DfssCertificateInfo>()
                .Select(member => member.Name));
        Assert.Equal(
            "box2",
            Assert.Single(users.Session.Run("Get-DfssCertificate -LiteralName box2").As<DfssCertificateInfo>()).Name);
        Assert.Equal("MemberNotFound", IdOf("Revoke-DfssCertificate -LiteralName laptop* -Confirm:$false"));
        Result revoked = users.Session.Run(
            "Get-DfssCertificate laptop* | Revoke-DfssCertificate -Confirm:$false -PassThru");
        Assert.Equal(DfssCertificateState.Revoked, Assert.Single(revoked.As<DfssCertificateInfo>()).State);
        Assert.Empty(revoked.Warnings);

        users.Be("eve");
        Assert.Equal("CertificateRevoked", IdOf("Get-DfssFileInfo -Peer $second"));
        Assert.Equal("CertificateRevoked", IdOf("Get-DfssFileInfo -Peer $issuer"));
        users.Be("box2");
        users.Session.Run("Get-DfssFileInfo").ThrowIfFailed();
    }

    [Fact]
    public void A_peer_that_cannot_be_notified_is_named_in_a_warning_and_gets_the_list_from_the_next_client()
    {
        users.MakeCluster();
        Join("box2", "-Role Peer -Name box2", "-StorePath store2");
        users.Session.Run("$second = Start-DfssPeer store2 -Port 0; $second | Stop-DfssPeer").ThrowIfFailed();
        Join("eve", "-Role Reader -Name laptop7");
        users.Be("boss");
        string warning = Assert.Single(
            users.Session.Run("Revoke-DfssCertificate laptop7 -Confirm:$false").ThrowIfFailed().Warnings);
        Assert.StartsWith("A peer does not know of the revocation yet: ", warning, StringComparison.Ordinal);

        users.Be("box2");
        users.Session.Run("$second = Start-DfssPeer store2 -Port 0").ThrowIfFailed();
        users.Be("eve");
        Assert.Equal("CertificateRevoked", IdOf("Get-DfssFileInfo -Peer $second"));
    }

    [Fact]
    public void Nothing_is_revoked_unasked_or_by_mistake()
    {
        users.MakeCluster();
        users.Session.Run("$null = New-DfssInvitation Reader; Revoke-DfssCertificate * -WhatIf").ThrowIfFailed();
        ErrorRecord own = Error("Revoke-DfssCertificate * -Confirm:$false");
        Assert.Equal("InvalidArgument", Result.IdOf(own));
        Assert.Contains("the certificate of this command", own.Exception.Message, StringComparison.Ordinal);
        Assert.Equal("MemberNotFound", IdOf("Revoke-DfssCertificate absent -Confirm:$false"));
        Assert.Equal("MemberNotFound", IdOf("Get-DfssCertificate absent"));
        Assert.Empty(users.Session.Run("Get-DfssCertificate absent*").ThrowIfFailed().Output);
        Assert.Equal(
            DfssCertificateState.Valid,
            Assert.Single(users.Session.Run("Get-DfssCertificate").As<DfssCertificateInfo>()).State);
        Join("eve", "-Role Writer");
        Assert.Equal("NotPermitted", IdOf("Get-DfssCertificate"));
        Assert.Equal("ClusterNotFound", IdOf("Get-DfssCertificate -Cluster none"));
    }

    [Fact]
    public void A_certificate_in_its_last_third_is_renewed_by_the_next_command_and_a_running_peer_shows_it()
    {
        users.MakeCluster();
        Join("box2", "-Role Peer -Name box2", "-StorePath store2");
        DfssClusterInfo before = Shorten("box2", TimeSpan.FromMinutes(1));
        users.Session.Run("$second = Start-DfssPeer store2 -Port 0").ThrowIfFailed();
        DfssClusterInfo after = Assert.Single(users.Session.Run("Get-DfssCluster").As<DfssClusterInfo>());
        Assert.True(after.Expires > before.Expires.AddDays(300), $"{before.Expires} {after.Expires}");
        Assert.Equal((before.Role, before.StoreId), (after.Role, after.StoreId));

        // A member whose issuer is away is warned, once, and works on.
        Join("ann", "-Role Writer -Name ann");
        Shorten("ann", TimeSpan.FromMinutes(1));
        users.Session.Run("Stop-DfssPeer -InputObject $issuer").ThrowIfFailed();
        Result result = users.Session.Run("Get-DfssFileInfo -Peer $second -Verbose; Get-DfssFileInfo -Peer $second");
        result.ThrowIfFailed();
        string warning = Assert.Single(result.Warnings);
        Assert.StartsWith("The certificate 'ann' for the cluster 'lab' expires on ", warning, StringComparison.Ordinal);
        Assert.Contains("Start-DfssPeer -Issuer", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void Members_are_offered_while_a_certificate_is_named()
    {
        users.MakeCluster();
        string invitation = users.Invite("-Role Reader -Name laptop7");
        users.Be("ann");
        users.Session.Run("$null = Join-DfssCluster $invitation", ("invitation", invitation)).ThrowIfFailed();
        users.Be("boss");
        Assert.Contains("laptop7", users.Session.Run("Get-DfssCertificate").As<DfssCertificateInfo>()
            .Select(one => one.Name));
        foreach (string command in (string[])["Revoke-DfssCertificate ", "Get-DfssCertificate -LiteralName "])
        {
            Assert.Equal(["laptop7"], users.Session.Run(
                "[Management.Automation.CommandCompletion]::CompleteInput($text, $text.Length, $null)"
                    + ".CompletionMatches | ForEach-Object { $_.CompletionText }",
                ("text", $"{command}LAP")).As<string>());
        }
    }

    [Fact]
    public void The_clusters_of_a_user_are_listed_with_the_roles_of_the_user_and_its_stores()
    {
        Assert.Empty(users.Session.Run("Get-DfssCluster").ThrowIfFailed().Output);
        Assert.Equal("ClusterNotFound", IdOf("Get-DfssCluster lab"));
        users.MakeCluster();
        string invitation = users.Invite("-Role Peer -Name box2");
        DfssClusterInfo[] found = [.. users.Session.Run(
            "$null = Join-DfssCluster $invitation -StorePath store2; Get-DfssCluster l*",
            ("invitation", invitation)).As<DfssClusterInfo>()];
        Assert.Equal([DfssClusterRole.Admin, DfssClusterRole.Peer], found.Select(one => one.Role));
        Assert.Equal([null, "box2"], found.Select(one => one.StoreId is null ? null : one.Identity));
    }

    /// <summary>A user joins, and the next commands are this user's.</summary>
    private void Join(string user, string terms, string arguments = "")
    {
        string invitation = users.Invite(terms);
        users.Be(user);
        users.Session.Run(
            $"$null = Join-DfssCluster $invitation {arguments}", ("invitation", invitation)).ThrowIfFailed();
    }

    /// <summary>Replaces a user's certificate with one of the authority that ends soon.</summary>
    private DfssClusterInfo Shorten(string user, TimeSpan left)
    {
        users.Be("boss");
        using ClusterAuthority authority = ClusterAuthority.LoadAsync(
            Path.Combine(users.ClusterOf("boss", "lab"), "authority"),
            "correct horse battery staple").GetAwaiter().GetResult();
        users.Be(user);
        DfssClusterInfo before = Assert.Single(users.Session.Run("Get-DfssCluster").As<DfssClusterInfo>());
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 issued = authority.Issue(CertificateKeys.Request(key), new CertificateGrant
        {
            Name = before.Identity,
            Role = (DfssRole)before.Role,
            StoreId = before.StoreId is null ? null : StoreId.Parse(before.StoreId),
            Lifetime = left,
        });
        using X509Certificate2 certificate = issued.CopyWithPrivateKey(key);
        ClusterMembership membership = ClusterMembership.At(UserState.Folder!, "lab");
        membership.SaveIdentityAsync(
            certificate, before.StoreId is null ? null : StoreId.Parse(before.StoreId)).GetAwaiter().GetResult();
        return Assert.Single(users.Session.Run("Get-DfssCluster").As<DfssClusterInfo>());
    }

    private ErrorRecord Error(string script) => Assert.Single(users.Session.Run(script).Errors);

    private string IdOf(string script) => Result.IdOf(Error(script));
}
