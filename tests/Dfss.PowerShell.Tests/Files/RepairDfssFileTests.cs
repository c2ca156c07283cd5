using System.Management.Automation;
using Dfss.Testing;
using Dfss.Tests.Conventions;
using Xunit;

namespace Dfss.Tests.Files;

/// <summary>Repair-DfssFile with three peers on disk and two copies of each chunk.</summary>
public sealed class RepairDfssFileTests : IDisposable
{
    private const int Chunks = 6;

    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly AnsweringHost host = new(question => !question.Contains("'b'", StringComparison.Ordinal)
        && !question.Contains("\"b\"", StringComparison.Ordinal));
    private readonly Session session;

    public RepairDfssFileTests()
    {
        session = new Session(host);
        session.Runspace.SessionStateProxy.Path.SetLocation(folder);
        session.Run("$peers = foreach ($number in 1..3) { Start-DfssPeer ./$number -Port 0 }").ThrowIfFailed();
        foreach (string name in new[] { "a", "b" })
        {
            byte[] content = new byte[Chunks * 2 * DfssLimits.MinChunkSize];
            new Random(name[0]).NextBytes(content);
            File.WriteAllBytes(Path.Combine(folder, name), content);
        }

        session.Run("Send-DfssFile a, b -Peer $peers -ChunkSize 128KB -Replicas 2").ThrowIfFailed();
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("Repair-DfssFile * -Peer $peers")]
    [InlineData("Get-DfssFileInfo -Peer $peers | Repair-DfssFile -BandwidthLimit 100MB")]
    [InlineData("Repair-DfssFile -LiteralName a, b -Peer $peers[0]")]
    public void What_is_missing_comes_back_and_the_file_is_healthy_again(string script)
    {
        Lose("a", 2);
        Lose("a", 3);
        Assert.Equal([false, true], session.Run("Test-DfssFile * -Peer $peers -WarningAction Ignore").As<bool>());
        IReadOnlyList<DfssFileRepair> results = session.Run(script).As<DfssFileRepair>();
        Assert.Equal(
            [("a", 1, 2, 2, 2L * 128 * 1024), ("b", 2, 2, 0, 0L)],
            results.Select(
                one => (one.Name, one.ReplicasBefore, one.PresentReplicas, one.CopiedChunks, one.CopiedBytes)));
        Assert.All(results, one => Assert.True(one.IsHealthy && one.Version == 1 && one.Peers.Count == 3));
        Assert.Equal([true, true], session.Run("Test-DfssFile * -Deep -Peer $peers").As<bool>());
    }

    [Theory]
    [InlineData("Repair-DfssFile * -Peer $peers[0] -Move $new")]
    [InlineData("Get-DfssFileInfo -Peer $peers | Repair-DfssFile -Move ($new | ForEach-Object Endpoint)")]
    public void Files_move_to_other_peers_and_are_found_from_both(string script)
    {
        session.Run("$new = foreach ($number in 4..6) { Start-DfssPeer ./$number -Port 0 }").ThrowIfFailed();
        string where = string.Join(',', session.Run("$new | ForEach-Object Endpoint").As<string>());
        Assert.Empty(session.Run("Repair-DfssFile * -Peer $peers -Move $new -WhatIf").ThrowIfFailed().Output);
        Assert.Empty(session.Run("Repair-DfssFile b -Peer $peers -Move $new -Confirm").ThrowIfFailed().Output);
        string question = Assert.Single(host.Questions);
        Assert.Contains("\"Move from ", question, StringComparison.Ordinal);
        Assert.Contains(", with 15 copies of chunks, 1.5 MB, at ", question, StringComparison.Ordinal);
        Assert.All(where.Split(','), peer => Assert.Contains($"{peer} (5)", question, StringComparison.Ordinal));
        Assert.Equal([1L, 1L], session.Run("Get-DfssFileInfo -Peer $peers | ForEach-Object Version").As<long>());

        IReadOnlyList<DfssFileRepair> results = session.Run(script).As<DfssFileRepair>();

        Assert.Equal(
            [("a", 2L, 15, 2), ("b", 2L, 15, 2)],
            results.Select(one => (one.Name, one.Version, one.CopiedChunks, one.PresentReplicas)));
        Assert.All(results, one => Assert.Equal(where.Split(',').Order(), one.Peers.Order()));
        Assert.All(results, one => Assert.Equal(Addresses().Order(), one.MovedFrom.Order()));
        foreach (string peer in new[] { "$peers[1]", "$new[2]" })
        {
            Assert.Equal(["a", "b"], session.Run($"Get-DfssFileInfo -Peer {peer} | ForEach-Object Name").As<string>());
            Assert.Equal([true, true], session.Run($"Test-DfssFile * -Deep -Peer {peer}").As<bool>());
            session.Run($"Receive-DfssFile a -Peer {peer} -Destination ./back -Force").ThrowIfFailed();
            Assert.Equal(File.ReadAllBytes(Path.Combine(folder, "a")), File.ReadAllBytes(Path.Combine(folder, "back")));
        }

        Assert.All(
            session.Run("Repair-DfssFile * -Peer $new -Move $new").As<DfssFileRepair>(),
            one => Assert.Empty(one.MovedFrom));
    }

    [Theory]
    [InlineData("9000", "PeerAddressInvalid")]
    [InlineData("localhost:1", "PeerUnreachable")]
    public void Peers_to_move_to_that_are_none_are_an_error_and_nothing_moves(string where, string id)
    {
        Result result = session.Run("Repair-DfssFile a -Peer $peers -Move $where", ("where", where));
        Assert.Equal(id, Result.IdOf(Assert.Single(result.Errors)));
        Assert.Equal(
            1L, Assert.Single(session.Run("Get-DfssFileInfo a -Peer $peers | ForEach-Object Version").As<long>()));
    }

    [Fact]
    public void WhatIf_says_what_would_go_where_and_copies_nothing()
    {
        string peer = Lose("a", 2);
        var ui = new RecordingHost();
        using var other = new Session(ui);
        Result result = other.Run("Repair-DfssFile * -Peer $addresses -WhatIf", ("addresses", Addresses()));
        Assert.Empty(result.ThrowIfFailed().Output);
        Assert.Equal([false, true], session.Run("Test-DfssFile * -Peer $peers -WarningAction Ignore").As<bool>());
        Result asked = session.Run("Repair-DfssFile * -Peer $peers -Confirm");
        Assert.Equal(["a", "b"], asked.ThrowIfFailed().As<DfssFileRepair>().Select(one => one.Name));
        Assert.Contains(
            $"\"Make 1 copy of chunks, 128.0 KB, at {peer} (1)\" on target \"a\"", Assert.Single(host.Questions),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_the_user_says_no_to_stays_as_it_is()
    {
        Lose("a", 2);
        Lose("b", 2);
        Assert.Equal(
            ["a"], session.Run("Repair-DfssFile * -Peer $peers -Confirm").As<DfssFileRepair>().Select(one => one.Name));
        Assert.Equal([true, false], session.Run("Test-DfssFile * -Peer $peers -WarningAction Ignore").As<bool>());
    }

    [Fact]
    public void A_changed_copy_is_found_with_Deep_and_replaced()
    {
        Copies("b", 4)[0].Flip(at: 7);
        Assert.Equal(0, session.Run("Repair-DfssFile b -Peer $peers").As<DfssFileRepair>()[0].CopiedChunks);
        Assert.Equal(1, session.Run("Repair-DfssFile b -Peer $peers -Deep").As<DfssFileRepair>()[0].CopiedChunks);
        Assert.Equal([true], session.Run("Test-DfssFile b -Deep -Peer $peers").As<bool>());
    }

    [Fact]
    public void A_lost_chunk_is_an_error_of_its_file_and_the_others_are_repaired()
    {
        Array.ForEach(Copies("a", 5), copy => copy.Flip(at: 7));
        session.Run("$null = Test-DfssFile a -Deep -Peer $peers -WarningAction Ignore").ThrowIfFailed();
        Lose("b", 1);
        Result result = session.Run("Repair-DfssFile * -Peer $peers");
        ErrorRecord error = Assert.Single(result.Errors);
        Assert.Null(result.Ending);
        Assert.Equal(("ChunkNotFound", "a"), (Result.IdOf(error), error.TargetObject));
        Assert.Contains("(index 5)", error.ErrorDetails.Message, StringComparison.Ordinal);
        Assert.Equal("b", ((DfssFileRepair)Assert.Single(result.Output).BaseObject).Name);
    }

    [Fact]
    public void Another_number_of_copies_is_asked_for_from_then_on()
    {
        DfssFileRepair result = session.Run("Repair-DfssFile a -Replicas 3 -Peer $peers").As<DfssFileRepair>()[0];
        Assert.Equal(
            (2L, 3, 3, Chunks), (result.Version, result.Replicas, result.PresentReplicas, result.CopiedChunks));
        Assert.Equal(3, session.Run("Get-DfssFileInfo a -Peer $peers").As<DfssFileInfo>()[0].Replicas);
        Assert.Equal(
            "InvalidArgument",
            Result.IdOf(Assert.Single(session.Run("Repair-DfssFile a -Replicas 4 -Peer $peers").Errors)));
    }

    private string[] Addresses() => [.. session.Run("$peers.Endpoint").As<string>()];

    /// <summary>Has one of the two copies of a chunk set aside, and says at which peer.</summary>
    private string Lose(string name, int index)
    {
        DfssChunkInfo chunk = ChunkOf(name, index);
        Copies(name, index)[0].Flip(at: 7);
        session.Run(
            "$null = Test-DfssFile $name -Deep -Peer $peers -WarningAction Ignore", ("name", name)).ThrowIfFailed();
        return Assert.Single(chunk.Peers.Except(ChunkOf(name, index).Peers));
    }

    private StoredChunk[] Copies(string name, int index)
    {
        ChunkId id = ChunkId.Parse(ChunkOf(name, index).Id);
        return [.. Enumerable.Range(1, 3).SelectMany(store => StoreFiles.Find(Path.Combine(folder, $"{store}"), id))];
    }

    private DfssChunkInfo ChunkOf(string name, int index) => session.Run(
        "Get-DfssFileInfo $name -Chunk -Peer $peers", ("name", name)).As<DfssChunkInfo>()[index];
}
