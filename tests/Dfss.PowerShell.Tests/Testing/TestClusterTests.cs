using Xunit;

namespace Dfss.Tests.Testing;

/// <summary>New-DfssTestCluster: the faults as a command sees them, and that nothing is left.</summary>
public sealed class TestClusterTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly Session session = new();

    public TestClusterTests()
    {
        session.Runspace.SessionStateProxy.Path.SetLocation(folder);
        Random random = new(1);
        byte[] content = new byte[300_000];
        random.NextBytes(content);
        File.WriteAllBytes(Path.Combine(folder, "file"), content);
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void A_cluster_and_its_peers_are_arguments_of_Peer_and_its_text_is_one_for_the_environment()
    {
        Make("New-DfssTestCluster");
        session.Run("Send-DfssFile file -Peer $cluster -Name a; Send-DfssFile file -Peer $cluster.Peers -Name b")
            .ThrowIfFailed();
        Result found = session.Run("(Get-DfssFileInfo -Peer \"$cluster\").Name; $cluster.Peers.Count");
        Assert.Equal(["a", "b", "3"], found.Output.Select(item => item.ToString()));
    }

    [Fact]
    public void No_command_uses_it_unless_it_is_named()
    {
        Make("New-DfssTestCluster 1");
        Assert.Equal(false, session.Run("\"$cluster\" -in (Get-DfssPeer).Endpoint").Output[0].BaseObject);
        Assert.Equal("PeerMissing", Result.IdOf(session.RunUntilError("Get-DfssFileInfo")));
    }

    [Theory]
    [InlineData("$cluster.Peers[0].Outage = 'Refused'")]
    [InlineData("$cluster.Peers[1].DropEvery = 5")]
    [InlineData("$cluster.Peers[2].DelayMilliseconds = 1")]
    [InlineData("$cluster.Peers[0].Full = $true")]
    [InlineData("$cluster.Peers[1].Corrupt = $true")]
    public void A_file_is_sent_and_comes_back_whatever_one_peer_does(string fault)
    {
        Make("New-DfssTestCluster -Peers 3");
        session.Run($"{fault}; $null = Send-DfssFile file -Peer $cluster -ChunkSize 64KB -WarningAction Ignore; "
            + "$null = Receive-DfssFile file -Destination back -Peer $cluster").ThrowIfFailed();
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(folder, "file")), File.ReadAllBytes(Path.Combine(folder, "back")));
    }

    [Fact]
    public void Corrupt_chunks_are_found_and_repaired_and_the_test_says_which_and_where()
    {
        Make("New-DfssTestCluster 2");
        session.Run("$sent = Send-DfssFile file -Peer $cluster -ChunkSize 128KB; $cluster.Peers[1].Corrupt = $true")
            .ThrowIfFailed();
        DfssFileHealth health = session.Run("$sent | Test-DfssFile -Deep -PassThru -Peer $cluster")
            .As<DfssFileHealth>().Single();
        string bad = (string)session.Run("$cluster.Peers[1].Endpoint").Output[0].BaseObject;
        Assert.Equal(
            [$"chunk 0: corrupt at {bad}", $"chunk 1: corrupt at {bad}", $"chunk 2: corrupt at {bad}"],
            health.BadChunks.SkipLast(1).Select(chunk => chunk.Problem));

        // The test reads the manifest first: if it asked this peer, the copy was set aside then.
        Assert.Contains(
            health.BadChunks[^1].Problem,
            new[] { $"the manifest: corrupt at {bad}", $"the manifest: missing at {bad}" });
        Assert.Equal(1, health.PresentReplicas);

        Result repaired = session.Run(
            "$cluster.Heal(); $null = $sent | Repair-DfssFile -Peer $cluster; $sent | Test-DfssFile -Deep "
                + "-Peer $cluster");
        repaired.ThrowIfFailed();
        Assert.Equal(true, repaired.Output[^1].BaseObject);
    }

    [Fact]
    public void A_full_peer_says_so()
    {
        Make("New-DfssTestCluster 1");
        session.Run("$cluster.Peers[0].Full = $true").ThrowIfFailed();
        Assert.Equal("StoreFull", Result.IdOf(
            session.Run("Send-DfssFile file -Peer $cluster -Replicas 1").Errors[0]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-OnDisk")]
    public void With_Tls_the_peers_serve_who_has_a_certificate_of_the_cluster(string option)
    {
        Make($"New-DfssTestCluster 2 -Tls {option}");
        session.Run("$of = @{ Cluster = $cluster.Cluster }; $sent = Send-DfssFile file @of; $null = Receive-DfssFile "
            + "file -Destination back @of; $other = New-DfssTestCluster 1 -Tls").ThrowIfFailed();
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(folder, "file")), File.ReadAllBytes(Path.Combine(folder, "back")));
        Assert.Equal(
            ["Tls13", "Tls13"],
            session.Run("(Get-DfssPeer -Peer $cluster @of).Encryption").Output.Select(item => item.ToString()));
        Assert.Equal(true, session.Run("$sent | Test-DfssFile -Deep @of").Output[0].BaseObject);

        Assert.Equal("TlsRequired", Result.IdOf(session.RunUntilError("Get-DfssFileInfo -Peer $cluster -Cluster ''")));
        Assert.Equal(
            "CertificateNotTrusted",
            Result.IdOf(session.RunUntilError("Get-DfssFileInfo -Peer $cluster -Cluster $other.Cluster")));
    }

    [Fact]
    public void With_Tls_no_command_uses_it_unless_it_is_named_and_nothing_of_it_is_left()
    {
        Make("New-DfssTestCluster 1 -Tls");
        string certificates = (string)session.Run("$cluster.Cluster").Output[0].BaseObject;
        Assert.True(File.Exists(Path.Combine(certificates, "member.pem")));
        Assert.DoesNotContain(
            Directory.GetFiles(certificates, "*", SearchOption.AllDirectories),
            file => file.Contains("authority.key", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(
            false, session.Run($"'{Path.GetFileName(certificates)}' -in (Get-DfssCluster).Name").Output[0].BaseObject);
        Assert.Equal("PeerMissing", Result.IdOf(session.RunUntilError("Get-DfssFileInfo")));

        session.Run("$cluster | Remove-DfssTestCluster").ThrowIfFailed();

        Assert.False(Directory.Exists(Path.GetDirectoryName(Path.GetDirectoryName(certificates))));
        Assert.Equal("ClusterNotFound", Result.IdOf(
            session.RunUntilError("Get-DfssFileInfo -Cluster $cluster.Cluster")));
    }

    [Theory]
    [InlineData("$cluster | Remove-DfssTestCluster; $cluster | Remove-DfssTestCluster")]
    [InlineData("$cluster.Dispose()")]
    [InlineData("Get-Module | ForEach-Object { Remove-Module $_ }")]
    public void Nothing_is_left_however_it_ends(string ending)
    {
        Make("New-DfssTestCluster 2 -OnDisk");
        DfssTestPeer peer = session.Run("$null = Send-DfssFile file -Peer $cluster; $cluster.Peers[0].Outage = 'Dead'; "
            + "$cluster.Peers[0]").As<DfssTestPeer>().Single();
        string stores = Path.GetDirectoryName(peer.StorePath)!;
        Assert.Equal(2, Directory.GetDirectories(stores).Length);

        session.Run(ending).ThrowIfFailed();

        Assert.False(Directory.Exists(stores));
        Assert.Equal(true, session.Run("$cluster.IsRemoved").Output[0].BaseObject);

        // That its port is closed too is seen by the Pester suite, where no other test can have taken it.
        Assert.Throws<DfssException>(() => peer.Full = true);
    }

    [Fact]
    public void WhatIf_makes_and_removes_nothing()
    {
        Assert.Empty(session.Run("New-DfssTestCluster -WhatIf").Output);
        Make("New-DfssTestCluster 1");
        session.Run("Remove-DfssTestCluster $cluster -WhatIf").ThrowIfFailed();
        Assert.Equal(false, session.Run("$cluster.IsRemoved").Output[0].BaseObject);
    }

    [Theory]
    [InlineData("Corrupt = 1.5", "\"Corrupt is a share, 0 to 1, and not 1.5.\"")]
    [InlineData("DropEvery = -1", "\"DropEvery is 0 or more, and not -1.\"")]
    [InlineData("DelayMilliseconds = -1", "\"DelayMilliseconds is 0 or more, and not -1.\"")]
    [InlineData("Outage = 'Gone'", "Refused")]
    public void A_fault_that_cannot_be_is_refused(string assignment, string reason)
    {
        Make("New-DfssTestCluster 1");
        Assert.Contains(
            reason, session.RunUntilError($"$cluster.Peers[0].{assignment}").Exception.Message,
            StringComparison.Ordinal);
    }

    private void Make(string command) => session.Run($"$cluster = {command}").ThrowIfFailed();
}
