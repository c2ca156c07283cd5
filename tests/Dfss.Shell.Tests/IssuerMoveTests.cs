namespace Dfss.Shell.Tests;

/// <summary>
/// A cluster of real processes whose issuer is started again at another port, each user with a state folder.
/// </summary>
public sealed class IssuerMoveTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dfss-shell-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_peer_that_lost_the_issuer_finds_it_after_a_members_command_and_a_later_revocation_reaches_it()
    {
        const string Script =
            """
            $ErrorActionPreference = 'Stop'
            function Be([string] $user) { $env:XDG_STATE_HOME = "$root/$user" }
            function Read-Issuer([string] $user) { Be $user; @(Get-DfssCluster | ForEach-Object Issuer)[0] }
            Be boss
            $env:DFSS_CLUSTER_PASSPHRASE = 'correct horse battery staple'
            $null = New-DfssCluster lab
            $issuer = Start-DfssPeer "$root/store1" -Port 0 -Issuer -Detached
            $forPeer = New-DfssInvitation Peer
            $forAnn = New-DfssInvitation Writer -Name ann
            $forLaptop = New-DfssInvitation Reader -Name laptop
            try {
                Be box2
                $null = Join-DfssCluster $forPeer -StorePath "$root/store2"
                $second = Start-DfssPeer "$root/store2" -Port 0 -Detached
                Be laptop
                $null = Join-DfssCluster $forLaptop
                Be ann
                $null = Join-DfssCluster $forAnn

                # The issuer is away, and the other peer is started again at another port: it cannot announce itself.
                Stop-DfssPeer -InputObject $issuer
                Be box2
                Stop-DfssPeer -InputObject $second
                $quiet = @{ WarningAction = 'SilentlyContinue' }
                $second = Start-DfssPeer "$root/store2" -Port 0 -Detached -WarningVariable warned @quiet
                "warned: $warned"

                # The issuer comes back at another port. A command of its user names the peer.
                Be boss
                $issuer = Start-DfssPeer "$root/store1" -Port 0 -Issuer -Detached
                $null = Get-DfssPeer -Peer $second
                while (-not [System.IO.File]::ReadAllText("$root/box2/dfss/clusters/lab/peers.json").Contains($second.Endpoint)) {
                    $null = Get-DfssPeer -Peer $second
                }

                "box2: $((Read-Issuer box2) -eq $issuer.Endpoint)"

                # Another member, which knows old addresses alone, names the peer once and has the issuer's new address.
                Be ann
                $null = Get-DfssPeer -Peer $second
                "ann: $((Read-Issuer ann) -eq $issuer.Endpoint)"

                # A revocation reaches the peer: no warning, and the revoked member is refused there.
                Be boss
                Revoke-DfssCertificate laptop -Confirm:$false -WarningVariable missed
                "missed: $missed"
                Be laptop
                try { $null = Get-DfssFileInfo -Peer $second } catch { "laptop: $($_.FullyQualifiedErrorId)" }
            }
            finally {
                Stop-DfssPeer -InputObject $issuer
                Stop-DfssPeer -InputObject $second
            }
            """;
        ShellResult result = await ShellProcess.RunAsync("-Command", $"$root = '{folder}'\n{Script}");

        Assert.Equal(string.Empty, result.Error);
        Assert.Equal(5, result.OutputLines.Length);
        Assert.StartsWith(
            "warned: The peer runs, and the cluster's issuer does not have its address: ", result.OutputLines[0],
            StringComparison.Ordinal);
        Assert.Contains("The peer tries again within an hour.", result.OutputLines[0], StringComparison.Ordinal);
        Assert.Contains("Get-DfssPeer -Peer ADDRESS", result.OutputLines[0], StringComparison.Ordinal);
        Assert.Equal(["box2: True", "ann: True", "missed:"], result.OutputLines[1..4]);
        Assert.StartsWith("laptop: CertificateRevoked", result.OutputLines[4], StringComparison.Ordinal);
        Assert.Equal(0, result.ExitCode);
    }
}
