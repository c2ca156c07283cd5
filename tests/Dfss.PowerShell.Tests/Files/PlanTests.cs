using Dfss.Testing;
using Dfss.Tests.Conventions;
using Xunit;

namespace Dfss.Tests.Files;

/// <summary>-PlanOnly and -WhatIf of Send-, Receive- and Repair-DfssFile.</summary>
public sealed class PlanTests : IDisposable
{
    private const int Chunk = DfssLimits.MinChunkSize;

    private readonly TemporaryFolder folder = new();
    private readonly AnsweringHost host = new(_ => true);
    private readonly Session session;

    public PlanTests()
    {
        session = new Session(host);
        session.Runspace.SessionStateProxy.Path.SetLocation(folder.Path);
        session.Run(
            "$peers = foreach ($number in 1..2) { Start-DfssPeer -InMemory -Port 0 }; "
                + "function Send { Send-DfssFile @args -Peer $peers -ChunkSize 64KB }").ThrowIfFailed();
        Write("a", Content(4, seed: 1));
        session.Run("$null = Send a").ThrowIfFailed();

        // Its first two chunks are those of a; the third occurs twice.
        byte[] own = Content(1, seed: 2);
        Write("b", [.. Content(4, seed: 1)[..(2 * Chunk)], .. own, .. own]);
    }

    private string[] Addresses => [.. session.Run("$peers.Endpoint").As<string>()];

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void A_plan_of_a_send_counts_what_the_peers_lack()
    {
        DfssTransferPlan plan = Assert.Single(session.Run("Send b -PlanOnly").As<DfssTransferPlan>());
        Assert.Equal(
            (DfssTransferAction.Send, "b", folder["b"], 4L * Chunk, 2L * Chunk, 6L * Chunk, 2),
            (plan.Action, plan.Name, plan.LocalPath, plan.Length, plan.TransferBytes, plan.SavedBytes, plan.Replicas));
        Assert.Equal(Addresses.Order(), plan.Peers.Order());
        Assert.Null(plan.Problem);

        // What it says is what the send then does.
        session.Run("$null = Send b").ThrowIfFailed();
        DfssTransferPlan again = Assert.Single(session.Run("Send b -PlanOnly -Force").As<DfssTransferPlan>());
        Assert.Equal((0L, 8L * Chunk), (again.TransferBytes, again.SavedBytes));
        Assert.Equal(5L + 1 + 1, session.Run("(Get-DfssPeer -Peer $peers)[0].Chunks").As<long>()[0]);
    }

    [Fact]
    public void An_encrypted_file_is_sent_whole()
    {
        DfssTransferPlan plan = Assert.Single(session.Run(
            "Send b -EncryptionKey (New-DfssEncryptionKey) -PlanOnly").As<DfssTransferPlan>());
        Assert.Equal(0, plan.SavedBytes);
        Assert.True(plan.TransferBytes > 8L * Chunk);
    }

    [Fact]
    public void A_plan_of_a_receive_says_which_peers_have_it()
    {
        const string Script = "Receive-DfssFile a out/ -Peer $peers -PlanOnly";
        DfssTransferPlan plan = Assert.Single(session.Run(Script).As<DfssTransferPlan>());
        Assert.Equal(
            (DfssTransferAction.Receive, "a", folder["out", "a"], 4L * Chunk, 4L * Chunk, 0L, 2, (string?)null),
            (plan.Action, plan.Name, plan.LocalPath, plan.Length, plan.TransferBytes, plan.SavedBytes, plan.Replicas,
                plan.Problem));
        Assert.Equal(Addresses.Order(), plan.Peers.Order());
        Assert.False(Directory.Exists(folder["out"]));
    }

    [Fact]
    public void A_plan_of_a_repair_counts_the_copies_to_make()
    {
        DfssTransferPlan healthy = Assert.Single(
            session.Run("Repair-DfssFile a -Peer $peers -PlanOnly").As<DfssTransferPlan>());
        Assert.Equal(
            (DfssTransferAction.Skip, 0L, 8L * Chunk, 2), (
                healthy.Action, healthy.TransferBytes, healthy.SavedBytes, healthy.Replicas));
        session.Run("$other = Start-DfssPeer -InMemory -Port 0").ThrowIfFailed();
        DfssTransferPlan move = Assert.Single(session.Run(
            "Repair-DfssFile a -Peer $peers -Move $other -PlanOnly").As<DfssTransferPlan>());
        Assert.Equal((DfssTransferAction.Move, 1), (move.Action, move.Replicas));
        Assert.InRange(move.TransferBytes, 4 * Chunk, 5 * Chunk);
        Assert.Equal(session.Run("$other.Endpoint").As<string>(), move.Peers);
        Assert.Equal(0L, session.Run("(Get-DfssPeer -Peer $other).Chunks").As<long>()[0]);
    }

    [Fact]
    public void WhatIf_prints_the_plan()
    {
        Assert.Empty(session.Run("Send b -WhatIf; Receive-DfssFile a out/ -Peer $peers -WhatIf").As<object>());
        Assert.Equal(2, host.Lines.Count);
        Assert.Contains($"Send {ByteSize.ToText(4 * Chunk)} as 'b': {ByteSize.ToText(2 * Chunk)} to ", host.Lines[0],
            StringComparison.Ordinal);
        Assert.Contains($", {ByteSize.ToText(6 * Chunk)} there already, 2 copies\" on target \"{folder["b"]}\"",
            host.Lines[0], StringComparison.Ordinal);
        Assert.Contains($"Receive 'a', {ByteSize.ToText(4 * Chunk)}: {ByteSize.ToText(4 * Chunk)} from ",
            host.Lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_plan_changes_nothing()
    {
        string[] before = Directory.GetFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories);
        const string Look = "(Get-DfssPeer -Peer $peers).Chunks; (Get-DfssFileInfo -Peer $peers).Version";
        object[] stored = [.. session.Run(Look).As<object>()];
        session.Run(
            "Send a, b -Force -PlanOnly -Confirm; Receive-DfssFile a new/ -Peer $peers -Force -PlanOnly; "
                + "Repair-DfssFile a -Peer $peers -Replicas 1 -PlanOnly").ThrowIfFailed();
        Assert.Equal(stored, session.Run(Look).As<object>());
        Assert.Equal(before, Directory.GetFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories));
        Assert.Empty(host.Questions);
    }

    [Fact]
    public void A_link_shows_what_it_leads_to()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Making links needs a privilege there.");
        File.CreateSymbolicLink(folder["link"], folder["b"]);
        Assert.Equal(
            folder["b"], Assert.Single(session.Run("Send link -PlanOnly").As<DfssTransferPlan>()).LinkTarget);
        session.Run("Send link -WhatIf").ThrowIfFailed();
        Assert.Contains($"Send '{folder["b"]}', {ByteSize.ToText(4 * Chunk)} as 'link'", host.Lines[0],
            StringComparison.Ordinal);
    }

    [Fact]
    public void What_would_fail_is_in_the_plan()
    {
        Assert.Equal("'a' exists, at version 1.", PlanOf("Send a -PlanOnly").Problem);
        Assert.Equal("'a' is at version 1, not at version 3.", PlanOf("Send a -IfVersion 3 -PlanOnly").Problem);
        Assert.Equal(
            $"'{folder["a"]}' exists.", PlanOf("Receive-DfssFile a -Peer $peers -PlanOnly").Problem);
        session.Run("Send a -WhatIf; Send-DfssFile b -Peer localhost:1 -WhatIf").ThrowIfFailed();
        Assert.Contains("which would fail: 'a' exists, at version 1\"", host.Lines[0], StringComparison.Ordinal);
        Assert.Contains("which would fail: ", host.Lines[1], StringComparison.Ordinal);
        Assert.Equal("PeerUnreachable", Result.IdOf(session.RunUntilError(
            "Send-DfssFile b -Peer localhost:1 -PlanOnly")));
    }

    [Fact]
    public void What_is_unchanged_is_skipped_and_what_a_mirror_removes_is_named()
    {
        Directory.CreateDirectory(folder["t"]);
        Write("t/x", [1]);
        Write("t/y", [2]);
        session.Run("$null = Send t -Recurse; $null = Receive-DfssFile t/* o/ -RelativeTo t -Peer $peers")
            .ThrowIfFailed();
        File.Delete(folder["t", "y"]);
        Assert.Equal(
            [(DfssTransferAction.Skip, "t/x"), (DfssTransferAction.Remove, "t/y")],
            session.Run("Send t -Recurse -Mirror -Checksum -PlanOnly").As<DfssTransferPlan>()
                .Select(plan => (plan.Action, plan.Name)));
        Write("o/z", [3]);
        Assert.Equal(
            [(DfssTransferAction.Skip, "t/x"), (DfssTransferAction.Skip, "t/y"), (DfssTransferAction.Remove, "z")],
            session.Run("Receive-DfssFile t/* o/ -RelativeTo t -Mirror -Checksum -Peer $peers -PlanOnly")
                .As<DfssTransferPlan>().Select(plan => (plan.Action, plan.Name)));
        Assert.True(File.Exists(folder["o", "z"]));
    }

    private DfssTransferPlan PlanOf(string script) => Assert.Single(session.Run(script).As<DfssTransferPlan>());

    private static byte[] Content(int chunks, int seed)
    {
        byte[] content = new byte[chunks * Chunk];
        new Random(seed).NextBytes(content);
        return content;
    }

    private void Write(string name, byte[] content) => File.WriteAllBytes(folder[name], content);
}
