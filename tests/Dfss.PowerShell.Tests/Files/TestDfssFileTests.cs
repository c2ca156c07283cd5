using System.Management.Automation;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Files;

/// <summary>Test-DfssFile, and Get-DfssFileInfo -Chunk and -Detailed, with three peers.</summary>
public sealed class TestDfssFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly Session session = new();

    public TestDfssFileTests()
    {
        session.Runspace.SessionStateProxy.Path.SetLocation(folder);
        session.Run("$peers = foreach ($number in 1..3) { Start-DfssPeer ./$number -Port 0 }").ThrowIfFailed();
        File.WriteAllBytes(Path.Combine(folder, "large"), Content(9));
        File.WriteAllBytes(Path.Combine(folder, "[1]"), Content(1));
        session.Run("Send-DfssFile -LiteralPath large, [1] -Peer $peers -ChunkSize 128KB -Replicas 1").ThrowIfFailed();
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("Test-DfssFile * -Peer $peers", 2)]
    [InlineData("Test-DfssFile * -Peer $peers[1] -Deep", 2)]
    [InlineData("Get-DfssFileInfo -Peer $peers | Test-DfssFile", 2)]
    [InlineData("'large' | Test-DfssFile -Peer $peers", 1)]
    [InlineData("Test-DfssFile -LiteralName [1] -Peer $peers", 1)]
    [InlineData("Test-DfssFile nothing* -Peer $peers", 0)]
    public void Healthy_files_are_true_each_without_a_warning(string script, int count)
    {
        // A send ends when a majority knows its decision. One peer asked alone lists what it knows, which on a busy
        // machine may come later.
        session.Run(
            """
            foreach ($round in 1..100) {
                if (-not ($peers | Where-Object { @(Get-DfssFileInfo -Peer $_).Count -lt 2 })) { break }
                $null = Test-DfssFile * -Peer $peers
            }
            """).ThrowIfFailed();
        Result result = session.Run(script);
        Assert.Equal(Enumerable.Repeat(true, count), result.As<bool>());
        Assert.Empty(result.Warnings);
    }

    [Fact]
    public void A_name_that_is_not_there_is_an_error_and_the_others_are_tested()
    {
        Result result = session.Run("Test-DfssFile none, large -Peer $peers");
        Assert.Equal("FileNotFound", Result.IdOf(Assert.Single(result.Errors)));
        Assert.Equal(true, Assert.Single(result.Output).BaseObject);
    }

    [Fact]
    public void Chunks_that_are_gone_make_false_and_a_warning_that_says_how_many_and_where()
    {
        DfssChunkInfo[] chunks = [.. session.Run("Get-DfssFileInfo large -Chunk -Peer $peers").As<DfssChunkInfo>()];
        Lose(chunks[2]);
        Result result = session.Run("Test-DfssFile * -Peer $peers");
        Assert.Equal([true, false], result.As<bool>());
        Assert.Equal(
            $"'large' is not healthy: 1 of its 9 chunks has no copy. Copies are missing at {chunks[2].Peers[0]} (1). "
            + "Send the file again: no peer has the lost chunks.",
            Assert.Single(result.Warnings));
    }

    [Fact]
    public void With_PassThru_an_object_for_each_file_says_what_is_wrong_and_what_to_do()
    {
        DfssChunkInfo[] chunks = [.. session.Run("Get-DfssFileInfo large -Chunk -Peer $peers").As<DfssChunkInfo>()];
        Lose(chunks[2]);
        Result result = session.Run("Test-DfssFile * -PassThru -Peer $peers");
        Assert.Empty(result.Warnings);
        IReadOnlyList<DfssFileHealth> tested = result.As<DfssFileHealth>();
        Assert.Equal(
            [("[1]", true, 1, 1, 0, 0, null),
                ("large", false, 1, 0, 1, 1, "Send the file again: no peer has the lost chunks.")],
            tested.Select(file => (file.Name, file.IsHealthy, file.Replicas, file.PresentReplicas, file.MissingCopies,
                file.LostChunks, file.Advice)));
        Assert.Null(tested[0].Problem);
        Assert.Equal(
            $"1 of its 9 chunks has no copy. Copies are missing at {chunks[2].Peers[0]} (1).", tested[1].Problem);
        Assert.Equal(
            "PassThruAndDetailed",
            Result.IdOf(session.RunUntilError("Test-DfssFile large -PassThru -Detailed -Peer $peers")));
    }

    [Fact]
    public void A_peer_that_is_down_is_named_with_its_reason_and_the_file_is_not_healthy()
    {
        string lost = session.Run("$peers[0] | Stop-DfssPeer -PassThru").As<DfssPeerInfo>()[0].Endpoint;
        Result result = session.Run("Test-DfssFile large -Peer $peers");
        Assert.Equal([false], result.As<bool>());
        string warning = Assert.Single(result.Warnings, text => text.Contains("not healthy", StringComparison.Ordinal));
        Assert.StartsWith(
            "'large' is not healthy: 3 of its 9 chunks have no copy. ", warning, StringComparison.Ordinal);
        Assert.Contains(lost, warning, StringComparison.Ordinal);
        Assert.EndsWith(
            "Start that peer: no other peer has the lost chunks. If it runs at another address, give that with -Peer.",
            warning, StringComparison.Ordinal);
    }

    [Fact]
    public void A_changed_copy_is_found_by_a_deep_test_only()
    {
        DfssChunkInfo chunk = session.Run("Get-DfssFileInfo large -Chunk -Peer $peers").As<DfssChunkInfo>()[4];
        CopyOf(chunk).Flip(at: 7);
        Assert.Equal([true], session.Run("Test-DfssFile large -Peer $peers").As<bool>());
        DfssChunkHealth bad = Assert.Single(
            session.Run("Test-DfssFile large -Deep -Detailed -Peer $peers").As<DfssChunkHealth>(),
            one => !one.IsHealthy);
        Assert.Equal(chunk.Id, bad.Id);
        Assert.Equal(chunk.Peers, bad.Corrupt);
        Assert.Empty(bad.Holders);
        Result after = session.Run("Test-DfssFile large -Peer $peers");
        Assert.Equal([false], after.As<bool>());
    }

    [Fact]
    public void Detailed_gives_the_manifest_and_each_chunk()
    {
        IReadOnlyList<DfssChunkHealth> given =
            session.Run("Test-DfssFile large -Detailed -Peer $peers").As<DfssChunkHealth>();
        Assert.Equal([null, .. Enumerable.Range(0, 9).Cast<int?>()], given.Select(one => one.Index));
        Assert.Equal(3, given[0].Holders.Count);
        Assert.All(given, one => Assert.True(one.IsHealthy && one.Missing.Count == 0 && one.Name == "large"));
    }

    [Fact]
    public void Chunks_are_objects_that_show_the_placement()
    {
        IReadOnlyList<DfssChunkInfo> chunks =
            session.Run("Get-DfssFileInfo large -Chunk -Peer $peers").As<DfssChunkInfo>();
        Assert.Equal(Enumerable.Range(0, 9), chunks.Select(chunk => chunk.Index));
        Assert.Equal(Content(9).Length, chunks.Sum(chunk => chunk.Length));
        Assert.Equal([3, 3, 3], chunks.GroupBy(chunk => chunk.Peers.ToString()).Select(group => group.Count()));
    }

    [Fact]
    public void Present_replicas_are_shown_when_asked_for()
    {
        Assert.Null(session.Run("Get-DfssFileInfo large -Peer $peers").As<DfssFileInfo>()[0].PresentReplicas);
        DfssFileInfo file = session.Run("Get-DfssFileInfo large -Detailed -Peer $peers").As<DfssFileInfo>()[0];
        Assert.Equal(file.Replicas, file.PresentReplicas);
        Lose(session.Run("Get-DfssFileInfo large -Chunk -Peer $peers").As<DfssChunkInfo>()[0]);
        Assert.Equal(
            0, session.Run("Get-DfssFileInfo large -Detailed -Peer $peers").As<DfssFileInfo>()[0].PresentReplicas);
    }

    [Fact]
    public void No_peer_to_ask_ends_the_command()
    {
        session.Run("$peers | Stop-DfssPeer").ThrowIfFailed();
        ErrorRecord error = session.RunUntilError("Test-DfssFile large -Peer $peers");
        Assert.Equal("PeerUnreachable", Result.IdOf(error));
    }

    /// <summary>Has its only copy set aside.</summary>
    private void Lose(DfssChunkInfo chunk)
    {
        CopyOf(chunk).Flip(at: 7);
        session.Run("$null = Test-DfssFile large -Deep -Peer $peers -WarningAction Ignore").ThrowIfFailed();
    }

    /// <summary>Its only copy.</summary>
    private StoredChunk CopyOf(DfssChunkInfo chunk) => Assert.Single(Enumerable.Range(1, 3).SelectMany(
        store => StoreFiles.Find(Path.Combine(folder, $"{store}"), ChunkId.Parse(chunk.Id))));

    private static byte[] Content(int chunks)
    {
        byte[] content = new byte[chunks * 2 * DfssLimits.MinChunkSize];
        new Random(chunks).NextBytes(content);
        return content;
    }
}
