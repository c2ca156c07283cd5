using Dfss.Protocol;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.EarlyEnds;

/// <summary>
/// Commands that are ended early, at every request they make, in every way a pipeline can end. Each time: soon over,
/// no connection, no progress bar, no file in the destination, and nothing committed that was not about to be.
/// </summary>
public sealed class EarlyEndTests : IAsyncLifetime
{
    private const int Length = 3 << 20;

    /// <summary>One chunk, and too large to go in a batch with others.</summary>
    private const int SingleChunk = 100_000;

    private const string Send = "Send-DfssFile -LiteralPath in/b -Peer $peer";
    private const string Receive = "Receive-DfssFile b -Peer $peer -Destination out";
    private const string ReceiveObject = "Receive-DfssFile -InputObject $stored -Destination out";
    private const string Compare = "Compare-DfssFile in/b -Peer $peer";
    private const string Remove = "Remove-DfssFile b -Peer $peer -Confirm:$false";
    private const string Rename = "Rename-DfssFile b c -Peer $peer";
    private const string Copy = "Copy-DfssFile b c -Peer $peer";
    private const string List = "Get-DfssFileInfo -Name * -Peer $peer";

    private EarlyEnd end = null!;

    private HeldPeer Peer => end.Peer;

    public async ValueTask InitializeAsync()
    {
        end = await EarlyEnd.StartAsync();
        end.MakeFile("a", 0xAA, SingleChunk);
        end.MakeFile("b", 0xBB, Length);
    }

    public ValueTask DisposeAsync() => end.DisposeAsync();

    [Theory]
    [InlineData(Operations.Hello)]
    [InlineData(Operations.Read)]
    [InlineData(Operations.Prepare)]
    [InlineData(Operations.FindMissing)]
    [InlineData(Operations.StoreChunk)]
    [InlineData(Operations.StoreChunks)]
    [InlineData(Operations.Seal)]
    [InlineData(Operations.Accept)]
    public async Task A_send_is_stopped_at(string operation)
    {
        Hold(operation);
        await end.RunAsync(EndKind.Stop, Send);
        Assert.Equal("FileNotFound", GetError("Get-DfssFileInfo -LiteralName b -Peer $store"));
        Assert.Single(end.Session.Run(Send).As<DfssFileInfo>());
    }

    [Fact]
    public async Task A_send_that_is_stopped_when_all_is_decided_has_happened()
    {
        Hold(Operations.Decide);
        await end.RunAsync(EndKind.Stop, Send);
        Assert.Single(end.Session.Run("Get-DfssFileInfo -LiteralName b -Peer $store").As<DfssFileInfo>());
    }

    [Theory]
    [InlineData(Operations.Hello, Receive)]
    [InlineData(Operations.Read, Receive)]
    [InlineData(Operations.GetChunks, Receive)]
    [InlineData(Operations.GetChunk, Receive)]
    [InlineData(Operations.ListFiles, "Receive-DfssFile * -Peer $peer -Destination out")]
    [InlineData(Operations.Hello, ReceiveObject)]
    [InlineData(Operations.GetChunks, ReceiveObject)]
    [InlineData(Operations.GetChunk, ReceiveObject)]
    [InlineData(Operations.Hello, Compare)]
    [InlineData(Operations.Read, Compare)]
    [InlineData(Operations.GetChunks, Compare)]
    public async Task A_transfer_is_stopped_at(string operation, string command)
    {
        end.Set("stored", Store("b"));
        Hold(operation);
        await end.RunAsync(EndKind.Stop, command);
        end.Session.Run(command).ThrowIfFailed();
    }

    [Theory]
    [InlineData(Operations.Hello, Remove)]
    [InlineData(Operations.Read, Remove)]
    [InlineData(Operations.Prepare, Remove)]
    [InlineData(Operations.Accept, Remove)]
    [InlineData(Operations.Hello, Rename)]
    [InlineData(Operations.FindMissing, Rename)]
    [InlineData(Operations.Seal, Rename)]
    [InlineData(Operations.Accept, Rename)]
    [InlineData(Operations.Seal, Copy)]
    public async Task A_change_of_a_name_is_stopped_at(string operation, string command)
    {
        Store("b");
        Hold(operation);
        await end.RunAsync(EndKind.Stop, command);
        Assert.NotEmpty(end.Session.Run("Get-DfssFileInfo b*, c* -Peer $store").As<DfssFileInfo>());
    }

    [Fact]
    public async Task A_removal_is_stopped_and_done_by_the_same_command_again()
    {
        Store("a");
        Store("b");
        // The text "b" as MessagePack; both files may go in one request.
        byte[] nameOfB = [0xa1, (byte)'b'];
        Peer.Holds = (operation, _, payload) => operation == Operations.Prepare && payload.Span.IndexOf(nameOfB) >= 0;
        await end.RunAsync(EndKind.Stop, "Remove-DfssFile a, b -Peer $peer -PassThru -Confirm:$false");
        Assert.Equal("b", end.Session.Run("Get-DfssFileInfo -LiteralName b -Peer $store").As<DfssFileInfo>()[0].Name);

        // Whether the other was removed before is a matter of moments.
        end.Session.Run("Get-DfssFileInfo -Peer $store | Remove-DfssFile -Confirm:$false").ThrowIfFailed();
        Assert.Empty(end.Session.Run("Get-DfssFileInfo -Peer $store").Output);
    }

    [Theory]
    [InlineData(Operations.Hello, List)]
    [InlineData(Operations.ListFiles, List)]
    [InlineData(Operations.Read, "Get-DfssFileInfo -LiteralName b -Peer $peer")]
    [InlineData(Operations.Hello, "Get-DfssPeer -Peer $peer")]
    [InlineData(Operations.PeerInfo, "Get-DfssPeer -Peer $peer")]
    [InlineData(Operations.ListSeals, "Optimize-DfssStore -Peer $peer -Confirm:$false")]
    [InlineData(Operations.Optimize, "Optimize-DfssStore -Peer $peer -Confirm:$false")]
    public async Task A_question_is_stopped_at(string operation, string command)
    {
        Store("b");
        Hold(operation);
        await end.RunAsync(EndKind.Stop, command, hasProgress: false);
        end.Session.Run(command).ThrowIfFailed();
    }

    [Fact]
    public void Every_request_of_these_commands_is_in_the_tables()
    {
        Store("a");
        foreach (string command in new[]
        {
            Send, Receive, Compare, List, "Get-DfssPeer -Peer $peer", "Optimize-DfssStore -Peer $peer -Confirm:$false"
        })
        {
            end.Session.Run(command).ThrowIfFailed();
        }

        Assert.Equal(
            [Operations.Accept, Operations.Decide, Operations.FindMissing, Operations.GetChunk, Operations.GetChunks,
                Operations.ListFiles, Operations.ListSeals, Operations.Optimize, Operations.PeerInfo,
                Operations.Prepare, Operations.Read, Operations.Seal,
                Operations.StoreChunk, Operations.StoreChunks],
            Peer.Operations.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(EndKind.Stop)]
    [InlineData(EndKind.Break)]
    [InlineData(EndKind.Throw)]
    [InlineData(EndKind.ErrorAction)]
    public async Task A_send_ends_while_another_file_is_on_its_way(EndKind kind)
    {
        if (kind == EndKind.ErrorAction)
        {
            Peer.Fails = (operation, _, payload) => operation == Operations.StoreChunk && payload.Span[0] == 0xAA;
        }

        Peer.Holds = (operation, _, payload) =>
            operation == Operations.StoreChunk && payload.Span[0] == 0xBB;
        await end.RunAsync(kind, "Send-DfssFile in/a, in/b -Peer $peer");
        Assert.Equal("FileNotFound", GetError("Get-DfssFileInfo -LiteralName b -Peer $store"));
    }

    [Theory]
    [InlineData(EndKind.Stop)]
    [InlineData(EndKind.Break)]
    [InlineData(EndKind.Throw)]
    [InlineData(EndKind.ErrorAction)]
    public async Task A_receive_ends_while_another_file_is_on_its_way(EndKind kind)
    {
        Store("a");
        Store("b");
        string taken = Path.Combine(end.In, "taken");
        Directory.CreateDirectory(taken);
        byte[] chunkOfA = ChunkId.Of(Enumerable.Repeat((byte)0xAA, SingleChunk).ToArray()).ToByteArray();
        byte[] chunkOfB = ChunkId.Of(Enumerable.Repeat((byte)0xBB, 1 << 20).ToArray()).ToByteArray();
        Peer.Holds = (operation, map, _) => operation == Operations.GetChunk && Asks(map, chunkOfB);
        if (kind == EndKind.ErrorAction)
        {
            Peer.Fails = (operation, map, _) => operation == Operations.GetChunk && Asks(map, chunkOfA);
        }

        await end.RunAsync(kind, "Receive-DfssFile a, b -Peer $peer -Destination in/taken");
        Assert.All(Directory.GetFiles(taken), path => Assert.Equal("a", Path.GetFileName(path)));
    }

    [Theory]
    [InlineData(EndKind.Break)]
    [InlineData(EndKind.Throw)]
    public async Task A_comparison_ends_while_another_file_is_on_its_way(EndKind kind)
    {
        // At another peer: manifests asked of one peer go one batch after the other, and the held one may be the first.
        end.Session.Run("$other = Start-DfssPeer -InMemory -Port 0; $null = Send-DfssFile in/a -Peer $other.Endpoint");
        byte[] manifest = Store("b").File.Record.FileId.ToChunkId().ToByteArray();
        Peer.Holds =
            (operation, _, payload) => operation == Operations.GetChunks && payload.Span.SequenceEqual(manifest);
        await end.RunAsync(kind, "Compare-DfssFile in/a, in/b -Peer $peer, $other.Endpoint");
        end.Session.Run("Stop-DfssPeer $other");
    }

    // Names are asked for one after the other: while a result is downstream nothing is under way but the connection.
    [Theory]
    [InlineData("foreach ($once in 1) { Get-DfssFileInfo b, c -Peer $peer | ForEach-Object { break } }", null)]
    [InlineData("Get-DfssFileInfo b, c -Peer $peer | ForEach-Object { throw 'enough' }", "enough")]
    [InlineData("Get-DfssFileInfo -LiteralName none, b -Peer $peer -ErrorAction Stop", "none")]
    public async Task A_list_ends(string script, string? message)
    {
        Store("b");
        Result result = end.Session.Run(script);
        if (message is null)
        {
            Assert.Null(result.Ending);
        }
        else
        {
            Assert.Contains(message, result.Ending!.Message, StringComparison.Ordinal);
        }

        await Peer.WhenDeserted.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_send_is_stopped_while_the_peer_reads_no_more()
    {
        File.WriteAllBytes(
            Path.Combine(end.In, "b"), System.Security.Cryptography.RandomNumberGenerator.GetBytes(32 << 20));
        Peer.Holds = (operation, _, _) => operation == Operations.StoreChunk;
        Peer.OnHeld = Peer.Front.Stall;
        await end.RunAsync(EndKind.Stop, Send);
        Assert.Equal("FileNotFound", GetError("Get-DfssFileInfo -LiteralName b -Peer $store"));
    }

    [Fact]
    public async Task A_receive_is_stopped_in_the_middle_of_an_answer()
    {
        Store("b");
        Task stalled = Peer.Front.StallAt(Peer.Front.PassedBytes + (1 << 20));
        await end.RunAsync(EndKind.Stop, Receive, reached: stalled);
    }

    [Fact]
    public async Task A_receive_that_is_run_again_after_Ctrl_C_fetches_only_what_is_missing()
    {
        const int Chunk = 256 << 10;
        byte[] content = System.Security.Cryptography.RandomNumberGenerator.GetBytes(4 * Chunk);
        File.WriteAllBytes(Path.Combine(end.In, "b"), content);
        end.Session.Run("Send-DfssFile in/b -Peer $peer -ChunkSize 256KB").ThrowIfFailed();
        byte[] last = ChunkId.Of(content.AsSpan(3 * Chunk)).ToByteArray();
        Peer.Holds = (operation, map, _) => operation == Operations.GetChunk && Asks(map, last);
        await end.RunAsync(EndKind.Stop, Receive + " -ThrottleLimit 1");
        Assert.True(File.Exists(Path.Combine(end.Out, "b.dfss-part")));
        DfssTransferPlan plan = Assert.Single(end.Session.Run(Receive + " -PlanOnly").As<DfssTransferPlan>());
        Assert.Equal((Chunk, 3L * Chunk), (plan.TransferBytes, plan.SavedBytes));
        int asked = 0;
        Peer.Holds = (operation, _, _) =>
        {
            _ = operation == Operations.GetChunk ? Interlocked.Increment(ref asked) : 0;
            return false;
        };
        Result again = end.Session.Run(Receive + " -Verbose");
        Assert.Equal("b", Assert.Single(again.As<FileInfo>()).Name);
        Assert.Equal(content, File.ReadAllBytes(Path.Combine(end.Out, "b")));
        Assert.Equal(1, asked);
        Assert.False(File.Exists(Path.Combine(end.Out, "b.dfss-part")));
        end.Session.Run(Receive + " -Force -Restart").ThrowIfFailed();
        Assert.Equal(5, asked);
    }

    [Fact]
    public async Task Files_at_once_share_two_connections_and_leave_none()
    {
        for (int i = 0; i < 32; i++)
        {
            end.MakeFile($"many{i}", (byte)i, 100_000);
        }

        Assert.Equal(32, end.Session.Run("Send-DfssFile in/many* -Peer $peer").As<DfssFileInfo>().Count);
        await Peer.WhenDeserted.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.InRange(Peer.ConnectionsMade, 1, 2);
    }

    private static bool Asks(MessageMap map, byte[] chunkId) =>
        map.TryGet("chunk_id", out MessageValue id) && id.AsBinary().AsSpan().SequenceEqual(chunkId);

    private void Hold(string operation) => Peer.Holds = (asked, _, _) => asked == operation;

    private DfssFileInfo Store(string name) =>
        end.Session.Run($"Send-DfssFile in/{name} -Peer $peer").As<DfssFileInfo>()[0];

    private string GetError(string command) => Result.IdOf(Assert.Single(end.Session.Run(command).Errors));
}
