using System.Collections;
using System.Management.Automation;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Clusters;
using Xunit;

namespace Dfss.Tests.Clusters;

/// <summary>
/// No secret of a cluster is in a stream, an error, an object or a log; and none lies where others can read it.
/// </summary>
[Collection(StateFolderTests.Name)]
public sealed class SecretTests : IDisposable
{
    private const string Passphrase = "Xe7;quite-secret";

    private readonly ClusterUsers users = new();

    public void Dispose() => users.Dispose();

    [Fact]
    public void No_stream_error_object_or_log_shows_an_invitation_a_key_or_the_passphrase()
    {
        Environment.SetEnvironmentVariable("DFSS_CLUSTER_PASSPHRASE", Passphrase);
        Result result = users.Session.Run(
            """
            $made = $null
            & {
                New-DfssCluster lab -Verbose -Debug
                Start-DfssPeer store1 -Port 0 -Issuer -Verbose -Debug
                New-DfssInvitation Writer -Verbose -Debug -OutVariable made | ForEach-Object { $script:invitation = $_ }
                $env:DFSS_INVITATION = $script:invitation
                try { Join-DfssCluster -Verbose -Debug } catch { $_ }
                Join-DfssCluster -Force -Verbose -Debug
                try { Join-DfssCluster -Force -Verbose -Debug } catch { $_ }
                try { Join-DfssCluster ($script:invitation.Substring(0, 300)) -Force -Verbose -Debug } catch { $_ }
                try { Join-DfssCluster @(, $script:invitation) -Force } catch { $_ }
                Get-DfssPeer -Verbose -Debug
            } *>&1
            """);
        result.ThrowIfFailed();
        string invitation = Environment.GetEnvironmentVariable("DFSS_INVITATION")!;
        string text = string.Join('\n', result.Output.SelectMany(Dump));
        Assert.Contains("InvitationUsed", text, StringComparison.Ordinal);
        Assert.Contains("InvitationInvalid", text, StringComparison.Ordinal);
        Assert.Contains("ClusterJoined", text, StringComparison.Ordinal);
        byte[] secret = Invitation.Parse(invitation).Secret;
        X509Certificate2 member = ClusterMembership.At(UserState.Folder!, "lab").LoadMember()!.Certificate;
        using ECDsa key = member.GetECDsaPrivateKey()!;
        foreach (byte[] hidden in new[] { secret, key.ExportParameters(includePrivateParameters: true).D! })
        {
            Assert.DoesNotContain(Convert.ToHexString(hidden)[..16], text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(Convert.ToBase64String(hidden)[..16], text, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(invitation[..60], text, StringComparison.Ordinal);
        Assert.DoesNotContain(Passphrase, text, StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE KEY", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_of_a_cluster_can_be_read_by_others()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There the rights of the state folder hold.");
        users.MakeCluster();
        string folder = users.ClusterOf("boss", "lab");
        Assert.Contains(
            "ENCRYPTED PRIVATE KEY", File.ReadAllText(Path.Combine(folder, "authority", "authority.key")),
            StringComparison.Ordinal);
        foreach (string path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(path => Path.GetFileName(path) != "lock"))
        {
            Assert.True(File.GetUnixFileMode(path) == (UnixFileMode.UserRead | UnixFileMode.UserWrite), path);
        }

        foreach (string path in Directory.EnumerateDirectories(folder, "*", SearchOption.AllDirectories).Append(folder))
        {
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(path));
        }
    }

    [Fact]
    public void A_secret_can_be_a_SecureString()
    {
        users.MakeCluster();
        string invitation = users.Invite("Reader");
        users.Be("ann");
        System.Security.SecureString secret = new();
        foreach (char character in invitation)
        {
            secret.AppendChar(character);
        }

        users.Session.Run("Join-DfssCluster $secret", ("secret", secret)).ThrowIfFailed();
    }

    /// <summary>
    /// All that a table, a list or a log could show of an object, but for the invitation that was asked for.
    /// </summary>
    private static IEnumerable<string> Dump(PSObject item)
    {
        yield return item.ToString();
        if (item.BaseObject is ErrorRecord error)
        {
            yield return $"{error.Exception} {error.TargetObject} {error.ErrorDetails}";
            yield return $"{error.InvocationInfo.Line} {error.FullyQualifiedErrorId}";
            yield return string.Join(
                ',', error.InvocationInfo.BoundParameters.Select(bound => $"{bound.Key}={bound.Value}"));
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
