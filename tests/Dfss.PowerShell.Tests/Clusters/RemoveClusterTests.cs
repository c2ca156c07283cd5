using System.Management.Automation;
using System.Security;
using Xunit;

namespace Dfss.Tests.Clusters;

/// <summary>Leaving and forgetting clusters; and that no command about clusters asks where it must not.</summary>
[Collection(StateFolderTests.Name)]
public sealed class RemoveClusterTests : IDisposable
{
    private readonly ClusterUsers users = new();

    /// <summary>The cmdlets that change the user's state folder.</summary>
    public static IReadOnlyList<string> Changes { get; } =
        ["Join-DfssCluster", "New-DfssCluster", "New-DfssInvitation", "Remove-DfssCluster", "Revoke-DfssCertificate"];

    public void Dispose() => users.Dispose();

    [Fact]
    public void A_member_leaves_and_its_commands_do_not_use_the_cluster_any_more()
    {
        users.MakeCluster();
        string invitation = users.Invite("-Role Writer -Name ann");
        users.Be("ann");
        users.Session.Run("$null = Join-DfssCluster $invitation", ("invitation", invitation)).ThrowIfFailed();
        Assert.Empty(users.Session.Run("Remove-DfssCluster LAB -WhatIf").ThrowIfFailed().Output);
        Assert.True(Directory.Exists(users.ClusterOf("ann", "lab")));
        DfssClusterInfo left =
            Assert.Single(users.Session.Run("Remove-DfssCluster LAB -Force -PassThru").As<DfssClusterInfo>());
        Assert.Equal(("lab", "ann"), (left.Name, left.Identity));
        Assert.False(Directory.Exists(users.ClusterOf("ann", "lab")));
        Assert.Empty(users.Session.Run("Get-DfssCluster").ThrowIfFailed().Output);
        Assert.Equal("TlsRequired", IdOf("Get-DfssFileInfo -Peer $issuer"));
        Assert.Equal("ClusterNotFound", IdOf("Remove-DfssCluster lab -Force"));
        users.Be("boss");
        Assert.Single(users.Session.Run("Get-DfssCluster").As<DfssClusterInfo>());
    }

    [Fact]
    public void A_cluster_that_was_made_here_goes_only_by_force_and_with_all_its_certificates()
    {
        users.MakeCluster();
        string invitation = users.Invite("-Role Peer -Name box2");
        users.Session.Run(
            "$null = Join-DfssCluster $invitation -StorePath store2", ("invitation", invitation)).ThrowIfFailed();
        Assert.Equal("AuthorityWouldBeLost", IdOf("Remove-DfssCluster lab -Confirm:$false"));
        Assert.True(File.Exists(Path.Combine(users.ClusterOf("boss", "lab"), "authority", "authority.key")));
        Assert.Equal(
            2, users.Session.Run("Get-DfssCluster | Remove-DfssCluster -Force -PassThru").As<DfssClusterInfo>().Count);
        Assert.False(Directory.Exists(users.ClusterOf("boss", "lab")));
    }

    [Fact]
    public void A_pattern_that_is_not_well_formed_is_an_error()
    {
        users.MakeCluster();
        Assert.Equal("NameInvalid", IdOf("Remove-DfssCluster '[' -Confirm:$false"));
    }

    [Fact]
    public void A_removal_that_was_interrupted_is_continued()
    {
        users.MakeCluster();
        string folder = users.ClusterOf("boss", "lab");
        Directory.Delete(Path.Combine(folder, "authority"), recursive: true);
        File.Delete(Path.Combine(folder, "member.pem"));
        users.Session.Run("Remove-DfssCluster lab -Confirm:$false").ThrowIfFailed();
        Assert.False(Directory.Exists(folder));
    }

    /// <summary>A host that cannot ask ends a command that asks.</summary>
    [Fact]
    public void No_question_is_asked_with_Confirm_false_or_WhatIf()
    {
        SecureString secret = new();
        "four words of mine".ToList().ForEach(secret.AppendChar);
        users.MakeCluster();
        string invitation = users.Invite("-Role Reader -Name ann");
        users.Be("ann");
        Check("Join-DfssCluster $invitation", ("invitation", invitation));
        users.Be("boss");
        Check("New-DfssCluster other -Passphrase $secret", ("secret", secret));
        Check("New-DfssInvitation Reader -Cluster lab");
        Check("Revoke-DfssCertificate ann -Cluster lab");
        users.Be("ann");
        Check("Remove-DfssCluster lab");
    }

    private void Check(string script, params (string Name, object? Value)[] variables)
    {
        Assert.Empty(users.Session.Run($"{script} -WhatIf", variables).ThrowIfFailed().Output);
        Assert.Empty(users.Session.Run($"& {{ $WhatIfPreference = $true; {script} }}").ThrowIfFailed().Output);
        users.Session.Run($"& {{ $ConfirmPreference = 'Low'; {script} -Confirm:$false }}")
            .ThrowIfFailed();
    }

    private string IdOf(string script)
    {
        Result result = users.Session.Run(script);
        return Result.IdOf((result.Ending as RuntimeException)?.ErrorRecord ?? Assert.Single(result.Errors));
    }
}
