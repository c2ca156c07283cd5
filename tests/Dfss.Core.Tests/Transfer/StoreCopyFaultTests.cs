using System.Collections.Concurrent;
using Dfss.Protocol;
using Dfss.Testing;
using Dfss.Transfer;
using Xunit;
using static Dfss.Tests.Transfer.SentFiles;

namespace Dfss.Tests.Transfer;

/// <summary>Copies to other peers of which something fails.</summary>
public sealed class StoreCopyFaultTests
{
    private const int ChunkSize = 2 * DfssLimits.MinChunkSize;

    private static readonly TransferOptions FewAttempts =
        new() { MaxAttempts = 1, RetryDelay = TimeSpan.FromMilliseconds(1), ThrottleLimit = 1 };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_copy_that_was_interrupted_sends_only_the_rest_when_it_is_run_again()
    {
        await using Cluster source = await Cluster.StartAsync(2);
        await using HeldPeer peer = await HeldPeer.StartAsync();
        ConcurrentQueue<int> sent = new();
        StoredFile x = await source.Client.SendAsync(
            source.Folder.CreateFile("source", 12 * ChunkSize, seed: 1), "x",
            new SendOptions { ChunkSize = ChunkSize }, progress: null, Token);

        // The process is gone: the client, and all that it knew.
        await using (DfssClient first = new([peer.Address], FewAttempts))
        {
            peer.Holds = (operation, _, payload) => IsChunk(operation, payload) && sent.Count == 5;
            using CancellationTokenSource gone = CancellationTokenSource.CreateLinkedTokenSource(Token);
            Task<StoreCopyResult> copying = source.Client.CopyToAsync(
                x, first, "x", StoreCopyOptions.Default, progress: null, gone.Token);
            await peer.Reached.WaitAsync(Token);
            await gone.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => copying);
            await FailsAsync(DfssErrorCode.FileNotFound, () => first.GetAsync("x", Token));
        }

        peer.Release();
        await using DfssClient second = new([peer.Address], FewAttempts);
        StoreCopyResult result = await source.Client.CopyToAsync(
            x, second, "x", StoreCopyOptions.Default, progress: null, Token);

        // Seven chunks and the manifest.
        Assert.Equal(8, result.CopiedChunks);
        string received = source.Folder["received"];
        await second.ReceiveAsync(result.File, received, ReceiveOptions.Default, progress: null, Token);
        Assert.Equal(
            await File.ReadAllBytesAsync(source.Folder["source"], Token),
            await File.ReadAllBytesAsync(received, Token));

        bool IsChunk(string operation, ReadOnlyMemory<byte> payload)
        {
            bool isChunk = operation == Operations.StoreChunk && payload.Length == ChunkSize;
            if (isChunk && sent.Count < 5)
            {
                sent.Enqueue(payload.Length);
                return false;
            }

            return isChunk;
        }
    }

    [Fact]
    public async Task A_corrupt_chunk_comes_from_the_next_holder_and_without_a_good_one_nothing_is_made()
    {
        await using Cluster source = await Cluster.StartAsync(2, onDisk: true, FewAttempts);
        await using Cluster destination = await Cluster.StartAsync(2);
        StoredFile x = await SendAsync(source, "x");
        ChunkId[] chunks =
            [.. (await source.Client.TestAsync(x, deep: false, progress: null, Token)).Chunks.Select(one => one.Id)];
        source.Corrupt(x.Record.Home[0], chunks[0]);
        source.Corrupt(x.Record.Home[1], chunks[1]);

        StoreCopyResult result = await CopyAsync(source, x, destination);

        Assert.True((await destination.Client.TestAsync(result.File, deep: true, progress: null, Token)).IsHealthy);
        await AssertComesBackAsync(destination, result.File);
        StoredFile y = await SendAsync(source, "y", seed: 2);
        ChunkId lost = (await source.Client.TestAsync(y, deep: false, progress: null, Token)).Chunks[2].Id;
        source.Corrupt(y.Record.Home[0], lost);
        source.Corrupt(y.Record.Home[1], lost);
        DfssException failed = await Assert.ThrowsAsync<DfssException>(() => CopyAsync(source, y, destination));
        Assert.Equal((DfssErrorCode.ChunkCorrupt, lost), (failed.Code, failed.ChunkId));
        await FailsAsync(DfssErrorCode.FileNotFound, () => destination.Client.GetAsync("y", Token));
    }

    [Fact]
    public async Task A_peer_of_the_destination_that_is_down_is_left_out()
    {
        List<string> warnings = [];
        await using Cluster source = await Cluster.StartAsync(2);
        await using Cluster destination = await Cluster.StartAsync(
            3, options: FewAttempts with { Warning = warnings.Add });
        StoredFile x = await SendAsync(source, "x");
        await destination.Peers[1].DisposeAsync();

        StoreCopyResult result = await CopyAsync(source, x, destination);

        Assert.Equal(2, result.File.PresentReplicas);
        Assert.Contains(warnings, text => text.Contains("will store nothing of it", StringComparison.Ordinal));
        await AssertComesBackAsync(destination, result.File);
        await destination.Peers[2].DisposeAsync();
        await FailsAsync(DfssErrorCode.NoMajority, () => CopyAsync(source, x, destination, "y"));
    }

    [Fact]
    public async Task A_peer_of_the_source_that_is_down_does_not_matter_while_another_one_has_its_chunks()
    {
        await using Cluster source = await Cluster.StartAsync(3);
        await using Cluster destination = await Cluster.StartAsync(1);
        StoredFile x = await SendAsync(source, "x");
        await source.Peers[0].DisposeAsync();

        StoreCopyResult result = await CopyAsync(source, x, destination);

        await AssertComesBackAsync(destination, result.File);
    }

    [Fact]
    public async Task An_earlier_version_whose_chunks_are_gone_stays_behind_with_a_warning()
    {
        List<string> warnings = [];
        await using Cluster source = await Cluster.StartAsync(1, options: FewAttempts);
        await using Cluster destination = await Cluster.StartAsync(
            1, options: FewAttempts with { Warning = warnings.Add });
        await SendAsync(source, "x", seed: 1);
        await SendAsync(source, "x", seed: 2);
        StoredFile x = await SendAsync(source, "x", seed: 3, Small with { KeepVersions = 5 });
        ChunkId lost = (await source.Client.TestAsync(x.AtVersion(2), deep: false, progress: null, Token)).Chunks[0].Id;
        await source.LoseAsync(x.Record.Home[0], lost);

        StoredFile copy = (await CopyAsync(source, x, destination)).File;

        Assert.Equal(3, copy.Record.Version);
        Assert.Equal([1L], copy.Record.Previous.Select(one => one.Version));
        string warning = Assert.Single(warnings);
        Assert.StartsWith("version 2 of 'x' does not come along: ", warning, StringComparison.Ordinal);
        await AssertComesBackAsync(destination, copy.AtVersion(1), seed: 1);

        // The chunk is back.
        await SendAsync(source, "z", seed: 2);
        StoreCopyOptions force = new() { Force = true };
        StoredFile whole = (await CopyAsync(source, x, destination, options: force)).File;

        Assert.Equal([2L, 1L], whole.Record.Previous.Select(one => one.Version));
        Assert.Equal(4, whole.Record.Version);
        await AssertComesBackAsync(destination, whole.AtVersion(2), seed: 2);
        Assert.True((await CopyAsync(source, x, destination, options: force)).IsUnchanged);
    }

    [Fact]
    public async Task What_a_peer_of_the_destination_loses_before_it_promised_to_keep_it_is_copied_again()
    {
        await using Cluster source = await Cluster.StartAsync(1);
        await using Cluster destination = await Cluster.StartAsync(2);
        await SendAsync(source, "x", seed: 1);
        await SendAsync(source, "x", seed: 2);
        StoredFile x = await SendAsync(source, "x", seed: 3, Small with { KeepVersions = 5 });
        ChunkId[] chunks = await Task.WhenAll(new[] { x, x.AtVersion(2), x.AtVersion(1) }.Select(async file =>
            (await source.Client.TestAsync(file, deep: false, progress: null, Token)).Chunks[0].Id));
        Task deleted = Task.CompletedTask;
        CallbackProgress collecting = new(progress =>
        {
            if (progress.Phase == TransferPhase.Committing)
            {
                // A store in memory does this at once.
                deleted = Task.WhenAll(chunks.Select(
                    chunk => destination.Peers[0].Chunks.DeleteAsync(chunk, Token).AsTask()));
            }
        });

        StoreCopyResult result = await source.Client.CopyToAsync(
            x, destination.Client, "x", StoreCopyOptions.Default, collecting, Token);
        await deleted;

        // Two copies of fifteen chunks, three of these once more, and each manifest at both peers in two rounds.
        Assert.Equal(45, result.CopiedChunks);
        Assert.Equal(2, result.File.PresentReplicas);
        for (int version = 1; version <= 3; version++)
        {
            StoredFile one = version == 3 ? result.File : result.File.AtVersion(version);
            Assert.True((await destination.Client.TestAsync(one, deep: true, progress: null, Token)).IsHealthy);
        }
    }

    private static Task<StoreCopyResult> CopyAsync(
        Cluster source, StoredFile file, Cluster destination, string? name = null, StoreCopyOptions? options = null) =>
        source.Client.CopyToAsync(
            file, destination.Client, name ?? file.Name, options ?? StoreCopyOptions.Default, progress: null, Token);
}
