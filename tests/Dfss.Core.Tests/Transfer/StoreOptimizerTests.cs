using System.Collections.Concurrent;
using Dfss.Records;
using Dfss.Testing;
using Dfss.Tests.Storage;
using Dfss.Transfer;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>
/// Tidying up a peer's store: what no file needs goes, what a send left undecided is decided, and no file is lost by
/// it.
/// </summary>
public sealed class StoreOptimizerTests
{
    private const int ChunkSize = DfssLimits.MinChunkSize;

    private static readonly OptimizeOptions AtOnce = new() { GracePeriod = TimeSpan.Zero };
    private static readonly SendOptions Send = new() { ChunkSize = ChunkSize };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_removal_leaves_goes_and_WhatIf_says_so_before()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        PeerAddress address = cluster.Addresses[0];
        StoredFile gone = await SendAsync(cluster, "gone", chunks: 5);
        await SendAsync(cluster, "kept", chunks: 3);
        await cluster.Client.RemoveAsync(gone, RemoveOptions.Default, Token);

        OptimizeResult within = await cluster.Client.OptimizeAsync(address, OptimizeOptions.Default, Token);
        Assert.Equal((0, 10), (within.ChunksDeleted, within.ChunksKept));
        OptimizeResult told = await cluster.Client.OptimizeAsync(address, AtOnce with { WhatIf = true }, Token);
        OptimizeResult done = await cluster.Client.OptimizeAsync(address, AtOnce, Token);
        Assert.Equal(told, done);
        Assert.Equal((6, 4, 1), (done.ChunksDeleted, done.ChunksKept, done.Files));
        Assert.Equal((5 * ChunkSize) + FileManifest.HeaderBytes + (5 * ChunkId.SizeBytes), done.BytesDeleted);
        Assert.Equal(cluster.Peers[0].StoreId, done.StoreId);
        Assert.Equal(4, (await cluster.Client.GetPeerInfoAsync(address, Token)).Chunks);
        await ReceivesAsync(cluster, "kept");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_send_sealed_and_never_decided_goes_once_its_name_is_decided(bool existsAlready)
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        if (existsAlready)
        {
            await SendAsync(cluster, "name", chunks: 2);
        }

        await LeaveSealedAsync(cluster, "name", chunks: 3);
        long before = await CountAsync(cluster);
        OptimizeResult told = await cluster.Client.OptimizeAsync(
            cluster.Addresses[0], AtOnce with { WhatIf = true }, Token);
        Assert.Equal((0, 1), (told.SettledNames, told.UndecidedNames));
        Assert.Equal(before, await CountAsync(cluster));

        OptimizeResult first = await cluster.Client.OptimizeAsync(cluster.Addresses[0], AtOnce, Token);
        Assert.Equal((1, 0), (first.SettledNames, first.UndecidedNames));
        foreach (PeerAddress address in cluster.Addresses)
        {
            // The decision has reached all of them.
            OptimizeResult other = await cluster.Client.OptimizeAsync(address, AtOnce, Token);
            Assert.Equal((0, 0), (other.SettledNames, other.UndecidedNames));
        }

        Assert.Equal(before - (3 * 4), await CountAsync(cluster));
        if (existsAlready)
        {
            Assert.Equal(1, (await cluster.Client.GetAsync("name", Token)).Record.Version);
            await ReceivesAsync(cluster, "name");
        }
        else
        {
            Assert.Equal(
                DfssErrorCode.FileNotFound,
                (await Assert.ThrowsAsync<DfssException>(() => cluster.Client.GetAsync("name", Token))).Code);
            Assert.Equal(2, (await SendAsync(cluster, "name", chunks: 2)).Record.Version);
        }
    }

    [Fact]
    public async Task A_change_that_a_majority_accepted_is_finished_and_its_file_stays()
    {
        ConcurrentQueue<string> warnings = new();
        await using Cluster cluster = await Cluster.StartAsync(
            3, options: new TransferOptions { Warning = warnings.Enqueue });
        StoredFile sample = await SendAsync(cluster, "sample", chunks: 3);
        (Ballot ballot, FileManifest manifest) = await LeaveSealedAsync(cluster, "name", chunks: 3);
        await using DfssClientParts parts = new();
        FileRecord record = sample.Record with
        {
            Name = "name",
            FileId = manifest.FileId,
            Length = manifest.Length,
            ChunkSize = manifest.ChunkSize,
            Home = await HomeOfAsync(cluster, parts),
            WriterId = Guid.NewGuid(),
        };
        foreach (PeerAddress address in cluster.Addresses.Skip(1))
        {
            PeerHandle peer = await parts.ConnectAsync(address);
            await peer.Records.AcceptAsync([new AcceptRequest("name", ballot, record)], Token);
        }


        OptimizeResult done = await cluster.Client.OptimizeAsync(cluster.Addresses[0], AtOnce, Token);
        Assert.Empty(warnings);
        Assert.Equal((1, 0), (done.SettledNames, done.UndecidedNames));
        foreach (PeerAddress address in cluster.Addresses)
        {
            await cluster.Client.OptimizeAsync(address, AtOnce, Token);
        }

        StoredFile finished = await cluster.Client.GetAsync("name", Token);
        Assert.Equal(manifest.FileId, finished.Record.FileId);
        await cluster.Client.ReceiveAsync(
            finished, cluster.Folder["finished"], ReceiveOptions.Default, progress: null, Token);
    }

    [Fact]
    public async Task What_cannot_be_decided_stays_and_is_reported()
    {
        ConcurrentQueue<string> warnings = new();
        await using Cluster cluster = await Cluster.StartAsync(
            3, options: new TransferOptions { Warning = warnings.Enqueue });
        await LeaveSealedAsync(cluster, "name", chunks: 3);
        await cluster.Peers[1].DisposeAsync();
        await cluster.Peers[2].DisposeAsync();
        OptimizeResult done = await cluster.Client.OptimizeAsync(cluster.Addresses[0], AtOnce, Token);
        Assert.Equal((0, 1, 0, 4), (done.SettledNames, done.UndecidedNames, done.ChunksDeleted, done.ChunksKept));
        Assert.Single(warnings, line => line.Contains("what is sealed under 'name' stays", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Optimizing_in_a_loop_beside_sends_loses_no_file_and_leaves_what_is_needed()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task optimizing = Task.Run(
            async () =>
            {
                for (int i = 0; !over.IsCancellationRequested; i++)
                {
                    await cluster.Client.OptimizeAsync(cluster.Addresses[i % 3], AtOnce, Token);
                }
            },
            Token);
        // Few chunks that many files share, so that one's removal could take another's.
        await Parallel.ForAsync(
            0, 40, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Token }, async (i, _) =>
            {
                StoredFile file = await SendUntilKeptAsync(cluster, $"{i}", chunks: 1 + (i % 4), seed: i % 3);
                if (i % 2 == 1)
                {
                    await cluster.Client.RemoveAsync(file, RemoveOptions.Default, Token);
                }
            });
        await over.CancelAsync();
        await optimizing;
        for (int i = 0; i < 40; i += 2)
        {
            await ReceivesAsync(cluster, $"{i}");
        }
    }

    private static async Task<StoredFile> SendAsync(Cluster cluster, string name, int chunks, int? seed = null) =>
        await cluster.Client.SendAsync(
            cluster.Folder.CreateFile(name, chunks * ChunkSize, seed ?? name.Length + chunks), name, Send,
            progress: null, Token);

    /// <summary>
    /// Without any grace, chunks may be gone again before each of a send's seals, and the send gives up; never wrongly
    /// succeeds.
    /// </summary>
    private static async Task<StoredFile> SendUntilKeptAsync(Cluster cluster, string name, int chunks, int seed)
    {
        while (true)
        {
            try
            {
                return await SendAsync(cluster, name, chunks, seed);
            }
            catch (DfssException error)
                when (error.Code is DfssErrorCode.StoreFailed or DfssErrorCode.Conflict or DfssErrorCode.NoMajority)
            {
                await cluster.Client.GetPeerInfoAsync(cluster.Addresses[0], Token);
            }
        }
    }

    private static async Task ReceivesAsync(Cluster cluster, string name)
    {
        StoredFile file = await cluster.Client.GetAsync(name, Token);
        string path = cluster.Folder[$"{name}.back"];
        await cluster.Client.ReceiveAsync(file, path, ReceiveOptions.Default, progress: null, Token);
        Assert.Equal(
            await File.ReadAllBytesAsync(cluster.Folder[name], Token), await File.ReadAllBytesAsync(path, Token));
    }

    private static async Task<long> CountAsync(Cluster cluster)
    {
        long count = 0;
        foreach (PeerAddress address in cluster.Addresses)
        {
            count += (await cluster.Client.GetPeerInfoAsync(address, Token)).Chunks;
        }

        return count;
    }

    private static async Task<IReadOnlyList<HomeMember>> HomeOfAsync(Cluster cluster, DfssClientParts parts)
    {
        List<HomeMember> members = [];
        foreach (PeerAddress address in cluster.Addresses)
        {
            members.Add((await parts.ConnectAsync(address)).Member);
        }

        return members;
    }

    /// <summary>Does what a send does before its accept, at every peer, and then no more.</summary>
    private static async Task<(Ballot Ballot, FileManifest Manifest)> LeaveSealedAsync(
        Cluster cluster, string name, int chunks)
    {
        await using DfssClientParts parts = new();
        IReadOnlyList<HomeMember> home = await HomeOfAsync(cluster, parts);
        (ChunkId Id, byte[] Content)[] content =
            [.. Enumerable.Range(0, chunks).Select(i => TestChunks.Make(1000 + i, ChunkSize))];
        FileManifest manifest = FileManifest.Create(
            (long)chunks * ChunkSize, ChunkSize, [.. content.Select(chunk => chunk.Id)]);
        Ballot ballot = new(7, Guid.NewGuid());
        foreach (PeerAddress address in cluster.Addresses)
        {
            PeerHandle peer = await parts.ConnectAsync(address);
            foreach ((ChunkId id, byte[] bytes) in content)
            {
                await peer.Chunks.PutAsync(id, bytes, Token);
            }

            await peer.Chunks.PutAsync(manifest.FileId.ToChunkId(), manifest.Encoded, Token);
            SealRequest seal =
                new(name, ballot, manifest.FileId, ChunkBitmap.Create(chunks, _ => true)) { Home = home };
            Assert.Equal(RegisterStatus.Done, (await peer.Records.SealAsync([seal], Token))[0].Status);
        }

        return (ballot, manifest);
    }

    /// <summary>Connections without a client.</summary>
    private sealed class DfssClientParts : IAsyncDisposable
    {
        private readonly PeerDirectory directory = new(TransferOptions.Default, ClientChannelOptions.Default);

        public Task<PeerHandle> ConnectAsync(PeerAddress address) => directory.ConnectAsync(address, Token);

        public ValueTask DisposeAsync() => directory.DisposeAsync();
    }
}
