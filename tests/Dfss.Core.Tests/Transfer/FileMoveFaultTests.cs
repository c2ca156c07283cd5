using System.Collections.Concurrent;
using Dfss.Peers;
using Dfss.Records;
using Dfss.Testing;
using Dfss.Transfer;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>What stands in a move's way costs the file nothing, and the same call goes on with it.</summary>
public sealed class FileMoveFaultTests
{
    private const int ChunkSize = DfssLimits.MinChunkSize;
    private const int ChunkCount = 6;

    private static readonly SendOptions Send = new() { ChunkSize = ChunkSize, Replicas = 2 };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_move_that_is_ended_anywhere_leaves_the_file_and_the_same_call_goes_on()
    {
        await using Cluster cluster = await Cluster.StartAsync(4);
        StoredFile sent = await SendAsync(cluster, seed: 1);
        long copied = 0;
        for (int steps = 1; ; steps++)
        {
            // Ended one step later each time, through all of the copying and up to the decision.
            using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(Token);
            int left = steps;
            CallbackProgress progress = new(_ =>
            {
                if (Interlocked.Decrement(ref left) == 0)
                {
                    end.Cancel();
                }
            });
            await using DfssClient client = Of(cluster, 0, 1);
            try
            {
                RepairResult moved = await client.RepairAsync(sent, MoveTo(cluster, 2, 3), progress, end.Token);
                copied = moved.CopiedChunks;
                break;
            }
            catch (OperationCanceledException) when (!Token.IsCancellationRequested)
            {
                Assert.InRange(steps, 1, 100);
            }

            await AssertReceivedAsync(cluster, client, $"after{steps}");
        }

        Assert.InRange(copied, 0, 2);
        await AssertReceivedAsync(cluster, cluster.Client, "moved");
        Assert.Equal(1, (await cluster.Client.GetAsync("x", Token)).Record.Epoch);
    }

    [Fact]
    public async Task A_move_decided_by_a_client_that_then_died_is_finished_by_the_next_client()
    {
        await using Cluster cluster = await Cluster.StartAsync(5);
        StoredFile sent = await SendAsync(cluster, seed: 1);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await DecideMoveAsync(cluster, sent, [2, 3, 4]);

        // The new peers have only what they have sealed; a client that asks them alone finds no file.
        await using DfssClient late = Of(cluster, 2, 3, 4);
        Assert.Equal(
            DfssErrorCode.FileNotFound,
            (await Assert.ThrowsAsync<DfssException>(() => late.GetAsync("x", Token))).Code);
        await using DfssClient one = Of(cluster, 1);
        await AssertReceivedAsync(cluster, one, "one");
        Assert.Equal(1, (await late.GetAsync("x", Token)).Record.Epoch);
        RepairResult again = await one.RepairAsync(sent, MoveTo(cluster, 2, 3, 4), progress: null, Token);
        Assert.Equal((0, 1), (again.CopiedChunks, again.File.Record.Epoch));
        await AssertReceivedAsync(cluster, late, "late");
    }

    [Fact]
    public async Task A_move_that_was_only_begun_is_settled_by_tidying_up_a_peer_that_it_was_to_go_to()
    {
        await using Cluster cluster = await Cluster.StartAsync(4);
        StoredFile sent = await SendAsync(cluster, seed: 1);
        await DecideMoveAsync(cluster, sent, [2, 3], isDecided: false);
        OptimizeOptions atOnce = new() { GracePeriod = TimeSpan.Zero };

        OptimizeResult settled = await cluster.Client.OptimizeAsync(cluster.Addresses[2], atOnce, Token);

        Assert.Equal((1, 0, 0), (settled.SettledNames, settled.UndecidedNames, settled.ChunksKept));
        Assert.Equal(ChunkCount + 1, settled.ChunksDeleted);
        await AssertReceivedAsync(cluster, cluster.Client, "received");
        Assert.Equal(
            (0, 1),
            ((await cluster.Client.GetAsync("x", Token)).Record.Epoch,
                (await cluster.Client.GetAsync("x", Token)).Record.Version));
    }

    [Fact]
    public async Task A_name_that_is_replaced_while_it_moves_stays_and_says_so()
    {
        await using Cluster cluster = await Cluster.StartAsync(4);
        StoredFile sent = await SendAsync(cluster, seed: 1);
        await using DfssClient client = Of(cluster, 0, 1);

        DfssException error = await Assert.ThrowsAsync<DfssException>(() => client.RepairAsync(
            sent,
            MoveTo(cluster, 2, 3) with
            {
                Confirm = async (_, _) => (await SendAsync(cluster, seed: 2, Send with { Force = true })).IsCurrent,
            },
            progress: null,
            Token));

        Assert.Equal((DfssErrorCode.Conflict, "'x' is at version 2, not at version 1."), (error.Code, error.Reason));
        StoredFile now = await client.GetAsync("x", Token);
        Assert.Equal((2, 0), (now.Record.Version, now.Record.Epoch));
        RepairResult moved = await client.RepairAsync(now, MoveTo(cluster, 2, 3), progress: null, Token);
        Assert.Equal((3, 1), (moved.File.Record.Version, moved.File.Record.Epoch));
        await AssertReceivedAsync(cluster, client, "received");
    }

    [Fact]
    public async Task A_send_whose_name_moves_meanwhile_changes_nothing_and_goes_to_the_new_peers_when_run_again()
    {
        await using Cluster cluster = await Cluster.StartAsync(4);
        StoredFile sent = await SendAsync(cluster, seed: 1);
        await using DfssClient mover = Of(cluster, 0, 1);
        await using DfssClient sender = Of(cluster, 0, 1);
        string second = cluster.Folder.CreateFile("second", ChunkCount * ChunkSize, seed: 2);
        bool hasMoved = false;
        CallbackProgress progress = new(step =>
        {
            if (step.Phase == TransferPhase.Committing && !hasMoved)
            {
                hasMoved = true;
                mover.RepairAsync(sent, MoveTo(cluster, 2, 3), progress: null, Token).Wait(Token);
            }
        });

        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => sender.SendAsync(second, "x", Send with { Force = true }, progress, Token));

        Assert.Equal(DfssErrorCode.Conflict, error.Code);
        Assert.Contains(
            "'x' was moved to other peers meanwhile. Nothing was changed.", error.Reason, StringComparison.Ordinal);
        await AssertReceivedAsync(cluster, sender, "moved");
        StoredFile replaced = await sender.SendAsync(second, "x", Send with { Force = true }, progress: null, Token);
        Assert.Equal((3, 1), (replaced.Record.Version, replaced.Record.Epoch));
    }

    [Fact]
    public async Task A_peer_to_move_to_that_is_down_is_named_and_nothing_is_changed()
    {
        await using Cluster cluster = await Cluster.StartAsync(4);
        StoredFile sent = await SendAsync(cluster, seed: 1);
        await cluster.Peers[3].StopAsync();
        await using DfssClient client = Of(cluster, 0, 1);

        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => client.RepairAsync(sent, MoveTo(cluster, 2, 3), progress: null, Token));

        Assert.Equal(DfssErrorCode.PeerUnreachable, error.Code);
        Assert.StartsWith(
            "'x' was not moved: 1 of the 2 peers to move it to cannot be reached. ", error.Reason,
            StringComparison.Ordinal);
        Assert.Contains(cluster.Addresses[3].ToString(), error.Reason, StringComparison.Ordinal);
        Assert.Equal(0, (await client.GetPeerInfoAsync(cluster.Addresses[2], Token)).Chunks);
        await AssertReceivedAsync(cluster, client, "received");
    }

    [Fact]
    public async Task A_peer_without_room_is_named_and_the_file_stays()
    {
        ConcurrentQueue<string> warnings = new();
        await using Cluster cluster = await Cluster.StartAsync(3);
        await using DfssPeer small = await DfssPeer.StartAsync(
            new PeerOptions { Port = 0, StorePath = cluster.Folder["small"], QuotaBytes = 3 * ChunkSize }, Token);
        StoredFile sent = await SendAsync(cluster, seed: 1);
        await using DfssClient client = new(
            [cluster.Addresses[0]], TransferOptions.Default with { MaxAttempts = 1, Warning = warnings.Enqueue });
        RepairOptions move = new() { MoveTo = [cluster.Addresses[2], Cluster.AddressOf(small)] };

        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => client.RepairAsync(sent, move, progress: null, Token));

        Assert.Equal(DfssErrorCode.TooFewReplicas, error.Code);
        Assert.StartsWith(
            "'x' was not moved: each chunk of 'x' needs 2 peers to move to, and some have 1. ", error.Reason,
            StringComparison.Ordinal);
        Assert.Contains(Cluster.AddressOf(small).ToString(), error.Reason, StringComparison.Ordinal);
        Assert.Equal(
            (1, 0),
            ((await client.GetAsync("x", Token)).Record.Version, (await client.GetAsync("x", Token)).Record.Epoch));
        await AssertReceivedAsync(cluster, client, "received");
    }

    private static DfssClient Of(Cluster cluster, params int[] peers) =>
        new([.. peers.Select(peer => cluster.Addresses[peer])], TransferOptions.Default);

    private static RepairOptions MoveTo(Cluster cluster, params int[] peers) =>
        new() { MoveTo = [.. peers.Select(peer => cluster.Addresses[peer])] };

    /// <summary>Sends to the first two peers.</summary>
    private static async Task<StoredFile> SendAsync(Cluster cluster, int seed, SendOptions? options = null)
    {
        await using DfssClient client = Of(cluster, 0, 1);
        return await client.SendAsync(
            cluster.Folder.CreateFile("source", ChunkCount * ChunkSize, seed), "x", options ?? Send,
            progress: null, Token);
    }

    private static async Task AssertReceivedAsync(Cluster cluster, DfssClient client, string destination)
    {
        string path = cluster.Folder[destination];
        await client.ReceiveAsync(
            await client.GetAsync("x", Token), path, ReceiveOptions.Default, progress: null, Token);
        Assert.Equal(
            await File.ReadAllBytesAsync(cluster.Folder["source"], Token), await File.ReadAllBytesAsync(path, Token));
    }

    /// <summary>
    /// What a move does up to the decision at the home it leaves, or up to the seals before it, and then no more.
    /// </summary>
    private static async Task DecideMoveAsync(Cluster cluster, StoredFile file, int[] peers, bool isDecided = true)
    {
        FileRecord record = file.Record;
        await using PeerDirectory directory = new(TransferOptions.Default, ClientChannelOptions.Default);
        Home home = await Home.ReachAsync(RecordHome.Of(record), directory, Token);
        List<HomeMember> members = [];
        foreach (int peer in peers)
        {
            members.Add((await directory.ConnectAsync(cluster.Addresses[peer], Token)).Member);
        }

        Home next = await Home.ReachAsync(new RecordHome(members, new HomeEpoch(1, First: null)), directory, Token);
        byte[] encoded = new byte[FileManifest.HeaderBytes + (ChunkCount * ChunkId.SizeBytes)];
        Assert.Equal(encoded.Length, await home[0]!.Chunks.GetAsync(record.FileId.ToChunkId(), encoded, Token));
        FileManifest manifest = FileManifest.Decode(encoded);
        byte[] chunk = new byte[ChunkSize];
        for (int member = 0; member < next.Count; member++)
        {
            await next[member]!.Chunks.PutAsync(record.FileId.ToChunkId(), encoded, Token);
            for (int i = 0; i < ChunkCount; i++)
            {
                await home[0]!.Chunks.GetAsync(manifest[i], chunk, Token);
                await next[member]!.Chunks.PutAsync(manifest[i], chunk, Token);
            }
        }

        ChunkBitmap all = ChunkBitmap.Create(ChunkCount, _ => true);
        Home voting = home.WithGuests(next);
        if (!isDecided)
        {
            Ballot ballot = new(7, Guid.NewGuid());
            for (int member = 0; member < home.Count; member++)
            {
                await home[member]!.Records.PrepareAsync([new PrepareRequest("x", ballot)], Token);
            }

            for (int member = 0; member < next.Count; member++)
            {
                SealRequest seal = new("x", ballot, record.FileId, all) { Home = home.Members };
                Assert.Equal(RegisterStatus.Done, (await next[member]!.Records.SealAsync([seal], Token))[0].Status);
            }

            return;
        }

        RegisterDriver driver = new(voting, TransferOptions.Default);
        Proposer proposer = new("x", voting.Place, WriteCondition.ReplaceVersion(1), Guid.NewGuid(), Guid.NewGuid);
        await driver.RunAsync(proposer, () => proposer.State == ProposerState.Prepared, Token);
        proposer.Propose(
            current =>
                current!.Record with { State = FileRecordState.Moved, Home = next.Members, FormerHome = home.Members },
            new SealPlan(record.FileId, ChunkCount, [default, default, .. peers.Select(_ => all)], MinimumReplicas: 2)
            {
                Sealers = [false, false, .. peers.Select(_ => true)],
            });
        await driver.RunAsync(proposer, () => false, Token);
        Assert.Equal(ProposerState.Chosen, proposer.State);
    }
}
