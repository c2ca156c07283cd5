using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>Transfers that are suspended, limited, stopped and found again.</summary>
public sealed class TransferTrackingTests
{
    private const int ChunkSize = DfssLimits.MinChunkSize;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(TransferKind.Send)]
    [InlineData(TransferKind.Receive)]
    [InlineData(TransferKind.Repair)]
    public async Task A_suspended_transfer_moves_no_chunk_until_it_goes_on(TransferKind kind)
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        string source = cluster.Folder.CreateFile("source", 10 * ChunkSize, seed: 1);
        TransferGate gate = new();
        TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int afterwards = 0;
        bool isOver = false;
        CallbackProgress progress = new(step =>
        {
            if (step.Phase == TransferPhase.Transferring && !Volatile.Read(ref isOver))
            {
                afterwards += gate.IsOpen ? 0 : 1;
                gate.Close();
                closed.TrySetResult();
            }
        });
        await using DfssClient client = new(cluster.Addresses, new TransferOptions { ThrottleLimit = 1 });
        StoredFile sent = await client.SendAsync(
            source, "y", new SendOptions { ChunkSize = ChunkSize, Replicas = 1 }, progress: null, Token);
        Task running = kind switch
        {
            TransferKind.Send => client.SendAsync(
                cluster.Folder.CreateFile("other", 10 * ChunkSize, seed: 2), "x",
                new SendOptions { ChunkSize = ChunkSize, Gate = gate }, progress, Token),
            TransferKind.Receive => client.ReceiveAsync(
                sent, cluster.Folder["received"], new ReceiveOptions { Gate = gate }, progress, Token),
            _ => client.RepairAsync(sent, new RepairOptions { Replicas = 2, Gate = gate }, progress, Token),
        };
        await closed.Task.WaitAsync(Token);

        // Other work of the same client goes on.
        await client.ReceiveAsync(sent, cluster.Folder["meanwhile"], ReceiveOptions.Default, progress: null, Token);
        Assert.False(running.IsCompleted);
        Assert.Equal(0, afterwards);
        Volatile.Write(ref isOver, value: true);
        gate.Open();
        await running;
    }

    [Theory]
    [InlineData(TransferKind.Send)]
    [InlineData(TransferKind.Receive)]
    public async Task Chunks_that_wait_by_the_limit_are_held_by_a_suspension_without_memory(TransferKind kind)
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        TransferGate gate = new();
        TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int afterwards = 0;
        CallbackProgress progress = new(step =>
        {
            if (step.Phase == TransferPhase.Transferring)
            {
                afterwards += gate.IsOpen ? 0 : 1;
                if (gate.IsOpen && !closed.Task.IsCompleted)
                {
                    gate.Close();
                    closed.SetResult();
                }
            }
        });
        await using DfssClient client = new(cluster.Addresses, new TransferOptions { ThrottleLimit = 2 });
        StoredFile sent = await client.SendAsync(
            cluster.Folder.CreateFile("source", 4 * ChunkSize, seed: 1), "y",
            new SendOptions { ChunkSize = ChunkSize }, progress: null, Token);

        // The first chunk goes at once; the second one's turn is a day later.
        client.BytesPerSecond = 1;
        Task running = kind == TransferKind.Send
            ? client.SendAsync(
                cluster.Folder.CreateFile("other", 10 * ChunkSize, seed: 2), "x",
                new SendOptions { ChunkSize = ChunkSize, Gate = gate }, progress, Token)
            : client.ReceiveAsync(
                sent, cluster.Folder["received"], new ReceiveOptions { Gate = gate }, progress, Token);
        await closed.Task.WaitAsync(Token);
        client.BytesPerSecond = null;
        for (int i = 0; i < 3; i++)
        {
            await client.ReceiveAsync(
                sent, cluster.Folder[$"meanwhile{i}"], ReceiveOptions.Default, progress: null, Token);
        }

        Assert.Equal(0, afterwards);
        Assert.False(running.IsCompleted);
        gate.Open();
        await running;
    }

    [Fact]
    public async Task An_interrupted_transfer_is_found_with_what_it_needs_and_forgotten()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        string state = cluster.Folder["state"];
        await using DfssClient client = new(cluster.Addresses, new TransferOptions { StateFolder = state });
        TransferRegistry registry = new();
        TransferDescription description = new()
        {
            Kind = TransferKind.Receive,
            Name = "x",
            LocalPath = cluster.Folder["x"],
            Length = 9 << 20,
            Peers = ["a:1"],
            Parameters = new Dictionary<string, IReadOnlyList<string>> { ["Force"] = [], ["Move"] = ["b:1", "c:1"] },
            Secrets = ["EncryptionKey"],
        };
        using (TrackedTransfer transfer = registry.Begin(description, client))
        {
            transfer.Gate.Close();
            Assert.Equal(TransferState.Suspended, Assert.Single(registry.Running).Snapshot().State);
            Assert.Empty(registry.FindJournaled(state));
            transfer.Fail(new DfssException(DfssErrorCode.PeerUnreachable, "It is gone."));
        }

        Assert.Empty(registry.Running);
        TransferStatus found = Assert.Single(new TransferRegistry().FindJournaled(state));
        Assert.Equal(TransferState.Interrupted, found.State);
        Assert.Equal("It is gone.", found.Description.Error);
        Assert.Equal(["b:1", "c:1"], found.Description.Parameters["Move"]);
        Assert.Empty(found.Description.Parameters["Force"]);
        Assert.Equal(description.Secrets, found.Description.Secrets);
        Assert.Equal(1, Assert.Single(registry.FindJournaled(state)).Id);

        // A journal of another version, and one that was cut off.
        string folder = Path.Combine(state, "transfers");
        await File.WriteAllTextAsync(Path.Combine(folder, "other.json"), """{"Name":"z","Later":[1]}""", Token);
        await File.WriteAllTextAsync(Path.Combine(folder, "cut.json"), """{"Name":"z""", Token);
        await File.WriteAllTextAsync(Path.Combine(folder, "null.json"), """{"Name":"n","Peers":[null]}""", Token);
        Assert.Equal(["x", "z"], registry.FindJournaled(state).Select(one => one.Description.Name).Order());
        Assert.All(registry.FindJournaled(state), one => Assert.NotNull(one.Description.Peers));
        Assert.True(registry.Forget(state, found.Description));
        Assert.Equal(["z"], registry.FindJournaled(state).Select(one => one.Description.Name));

        // An empty one may be of a transfer that another process begins now.
        string begun = Path.Combine(folder, "begun.json");
        await File.WriteAllTextAsync(begun, string.Empty, Token);
        Assert.Single(registry.FindJournaled(state));
        Assert.True(File.Exists(begun));
        File.SetLastWriteTimeUtc(begun, DateTime.UtcNow.AddMinutes(-2));
        Assert.Single(registry.FindJournaled(state));
        Assert.False(File.Exists(begun));
    }

    [Fact]
    public async Task A_transfer_that_is_interrupted_is_listed_at_each_moment()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        string state = cluster.Folder["state"];
        await using DfssClient client = new(cluster.Addresses, new TransferOptions { StateFolder = state });
        TransferRegistry? registry = null;
        List<int> listed = [];
        registry = new TransferRegistry(beforeWrite: () => listed.Add(
            registry!.Running.Select(one => one.Id)
                .Concat(registry.FindJournaled(state).Select(one => one.Id)).Distinct().Count()));
        TransferDescription description = new()
        {
            Kind = TransferKind.Receive,
            Name = "x",
            LocalPath = cluster.Folder["x"],
            Length = 9 << 20,
        };
        TrackedTransfer transfer = registry.Begin(description, client);
        listed.Clear();
        transfer.Dispose();

        // Its last write is what keeps it as an interrupted one.
        Assert.Equal([1], listed);
        Assert.Empty(registry.Running);
        Assert.Single(registry.FindJournaled(state));

        // Of the same number, which is free again.
        using TrackedTransfer again = registry.Begin(description, client);
        Assert.Equal(transfer.Id, again.Id);
    }

    [Fact]
    public async Task A_journal_keeps_the_last_limit_and_how_much_is_there()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        string state = cluster.Folder["state"];
        await using DfssClient client = new(
            cluster.Addresses, new TransferOptions { StateFolder = state, BytesPerSecond = 10 << 20 });
        TransferRegistry registry = new();
        TransferDescription description = new()
        {
            Kind = TransferKind.Send,
            Name = "x",
            LocalPath = cluster.Folder.CreateFile("x", 9 << 20, seed: 1),
            Length = 9 << 20,
        };
        string journal = Path.Combine(state, "transfers");
        string copy = cluster.Folder["killed"];
        using (TrackedTransfer transfer = registry.Begin(description, client))
        {
            transfer.Report(new(TransferPhase.Transferring, 3 << 20, 9 << 20));
            transfer.BytesPerSecond = 2 << 20;
            transfer.Gate.Close();
            Assert.Null(transfer.Snapshot().BytesPerSecond);

            // What a process that is killed now leaves.
            Directory.CreateDirectory(Path.Combine(copy, "transfers"));
            string text = await ReadAsync(Assert.Single(Directory.GetFiles(journal)));
            await File.WriteAllTextAsync(Path.Combine(copy, "transfers", "a.json"), text, Token);
            transfer.Report(new(TransferPhase.Transferring, 4 << 20, 9 << 20));
        }

        TransferStatus killed = Assert.Single(new TransferRegistry().FindJournaled(copy));
        Assert.Equal((3L << 20, 2L << 20), (killed.TransferredBytes, killed.LimitBytesPerSecond));
        TransferStatus kept = Assert.Single(registry.FindJournaled(state));
        Assert.Equal((4L << 20, 2L << 20), (kept.TransferredBytes, kept.LimitBytesPerSecond));

        // Started again and interrupted before it knows what is there.
        client.BytesPerSecond = null;
        registry.Begin(description, client).Dispose();
        kept = Assert.Single(registry.FindJournaled(state));
        Assert.Equal((4L << 20, (long?)null), (kept.TransferredBytes, kept.LimitBytesPerSecond));
    }

    private static async Task<string> ReadAsync(string path)
    {
        // A reader past the lock of the transfer.
        using Microsoft.Win32.SafeHandles.SafeFileHandle file = Dfss.Storage.DurableFile.OpenForReading(path);
        byte[] text = new byte[RandomAccess.GetLength(file)];
        await RandomAccess.ReadAsync(file, text, fileOffset: 0, Token);
        return System.Text.Encoding.UTF8.GetString(text);
    }

    [Fact]
    public async Task A_transfer_that_has_succeeded_leaves_no_journal_and_a_short_one_has_none()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        string state = cluster.Folder["state"];
        await using DfssClient client = new(cluster.Addresses, new TransferOptions { StateFolder = state });
        TransferRegistry registry = new();
        using (TrackedTransfer transfer = registry.Begin(new() { Name = "long", Length = 9 << 20 }, client))
        {
            transfer.Succeed();
        }

        registry.Begin(new() { Name = "short", Length = 8 << 20 }, client).Dispose();
        Assert.Empty(registry.FindJournaled(state));
        Assert.Empty(Directory.GetFiles(Path.Combine(state, "transfers")));
    }
}
