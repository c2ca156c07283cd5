using Dfss.Protocol;
using Dfss.Records;
using Dfss.Storage;
using Dfss.Testing;
using Dfss.Tests.Storage;
using Dfss.Transfer;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>
/// A peer's registers, at the other end of a connection and asked in batches, keep the contract of all registers.
/// </summary>
public sealed class RemoteRecordStoreTests : RecordStoreContract
{
    private Cluster? cluster;
    private PeerLink? link;

    public override async ValueTask DisposeAsync()
    {
        await link!.DisposeAsync();
        await cluster!.DisposeAsync();
    }

    private protected override async Task<(IRecordStore Records, IChunkStore Chunks)> OpenAsync()
    {
        cluster = await Cluster.StartAsync(1);
        link = new PeerLink(cluster.Addresses[0], ClientChannelOptions.Default);
        return (new BatchingRecordStore(new RemoteRecordStore(link)), new RemoteChunkStore(link));
    }
}

public sealed class BatchingStoreTests
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_refused_chunk_of_a_batch_is_its_own_putters_error_alone()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        await using PeerLink link = new(cluster.Addresses[0], ClientChannelOptions.Default);
        VerifyingChunkStore store = Open(link);
        (ChunkId badId, byte[] bad) = TestChunks.Make(1000, TestChunks.Small);
        bad[0] ^= 1;
        Task<DfssException> refused = Assert.ThrowsAsync<DfssException>(
            async () => await store.PutAsync(badId, bad, Token));
        await Task.WhenAll(Enumerable.Range(0, 500).Select(async seed =>
        {
            (ChunkId id, byte[] content) = TestChunks.Make(seed, TestChunks.Small);
            await store.PutAsync(id, content, Token);
            byte[] read = new byte[content.Length];
            Assert.Equal(content.Length, await store.GetAsync(id, read, Token));
            Assert.Equal(content, read);
        })).WaitAsync(TimeLimit, Token);
        DfssException error = await refused.WaitAsync(TimeLimit, Token);
        Assert.Equal(DfssErrorCode.ChunkCorrupt, error.Code);
        Assert.Contains(badId.ToString(), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_whose_seal_fails_leaves_the_others_sealed()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        await using PeerLink link = new(cluster.Addresses[0], ClientChannelOptions.Default);
        BatchingRecordStore records = new(new RemoteRecordStore(link));
        (ChunkId notAManifest, byte[] content) = TestChunks.Make(1, TestChunks.Small);
        FileManifest manifest = Registers.Manifest();
        RemoteChunkStore chunks = new(link);
        await chunks.PutAsync(notAManifest, content, Token);
        await chunks.PutAsync(manifest.FileId.ToChunkId(), manifest.Encoded, Token);

        // All start before the first is answered, so that most go in one batch with the bad one.
        Task<IReadOnlyList<RegisterAnswer>>[] good = [.. Enumerable.Range(0, 20).Select(i =>
            records.SealAsync([Registers.Seal($"good{i}", 1, manifest)], Token).AsTask())];
        SealRequest wrong = Registers.Seal("bad", 1, manifest) with { FileId = FileId.Parse(notAManifest.ToString()) };
        Task<DfssException> bad = Assert.ThrowsAsync<DfssException>(
            async () => await records.SealAsync([wrong], Token));
        IReadOnlyList<RegisterAnswer>[] answers = await Task.WhenAll(good).WaitAsync(TimeLimit, Token);
        Assert.All(answers, answer => Assert.Equal(RegisterStatus.Done, answer[0].Status));
        Assert.Equal(DfssErrorCode.ChunkCorrupt, (await bad.WaitAsync(TimeLimit, Token)).Code);
    }

    [Fact]
    public async Task A_peer_that_dies_fails_all_waiting_callers_as_unreachable()
    {
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        FakePeer peer = new(async (_, _, token) =>
        {
            asked.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, token);
            return null;
        });
        await using PeerLink link = new(peer.Address, ClientChannelOptions.Default);
        BatchingRecordStore records = new(new RemoteRecordStore(link));
        VerifyingChunkStore chunks = Open(link);
        Task<DfssException>[] errors =
        [
            .. Enumerable.Range(0, 40).Select(i => Assert.ThrowsAsync<DfssException>(
                async () => await records.PrepareAsync([Registers.Prepare($"{i}", 1)], Token))),
            .. Enumerable.Range(0, 40).Select(i => Assert.ThrowsAsync<DfssException>(
                async () => await chunks.GetAsync(TestChunks.Make(i).Id, new byte[10], Token))),
        ];
        await asked.Task.WaitAsync(TimeLimit, Token);
        await peer.DisposeAsync();
        DfssException[] all = await Task.WhenAll(errors).WaitAsync(TimeLimit, Token);
        Assert.All(all, error => Assert.Equal(DfssErrorCode.PeerUnreachable, error.Code));
    }

    [Fact]
    public async Task Batches_stay_within_what_one_message_carries()
    {
        const int Chunks = 3000;
        List<(int Items, int Bytes)> seen = [];
        await using FakePeer peer = new((request, payload, _) =>
        {
            int items = request.Map.Required("lengths").AsArray().Count;
            lock (seen)
            {
                seen.Add((items, payload.Length));
            }

            MessageMap results =
                new() { { "results", MessageValue.From([.. Enumerable.Repeat((MessageValue)0L, items)]) } };
            return new((DfssErrorCode.None, results, null));
        });
        await using PeerLink link = new(peer.Address, ClientChannelOptions.Default);
        VerifyingChunkStore store = Open(link);
        await Task.WhenAll(Enumerable.Range(0, Chunks).Select(async seed =>
        {
            (ChunkId id, byte[] content) = TestChunks.Make(seed, seed % 10 == 0 ? 64 << 10 : 1 + seed);
            Assert.Equal(PutResult.Stored, await store.PutAsync(id, content, Token));
        })).WaitAsync(TimeLimit, Token);
        Assert.Equal(Chunks, seen.Sum(batch => batch.Items));
        Assert.All(seen, batch => Assert.InRange(batch.Items, 1, MessageBatch.MaxItems));
        Assert.All(seen, batch => Assert.InRange(batch.Bytes, 0, DfssLimits.MaxPayloadBytes));
        Assert.True(seen.Count < Chunks / 4, $"{Chunks} chunks went in {seen.Count} requests.");
    }

    [Fact]
    public async Task Chunks_that_one_answer_did_not_hold_are_asked_for_again()
    {
        int calls = 0;
        await using FakePeer peer = new((_, payload, _) =>
        {
            // One chunk of one byte an answer, whatever was asked.
            Interlocked.Increment(ref calls);
            MessageMap results = new() { { "lengths", MessageValue.From([1L]) } };
            return new((DfssErrorCode.None, results, payload[..1]));
        });
        await using PeerLink link = new(peer.Address, ClientChannelOptions.Default);
        BatchingChunkStore store = new(new RemoteChunkStore(link));
        byte[][] read = await Task.WhenAll(Enumerable.Range(0, 20).Select(async seed =>
        {
            byte[] destination = new byte[1];
            Assert.Equal(1, await store.GetAsync(TestChunks.Make(seed).Id, destination, Token));
            return destination;
        })).WaitAsync(TimeLimit, Token);
        Assert.Equal(20, calls);
        Assert.Equal(
            Enumerable.Range(0, 20).Select(seed => TestChunks.Make(seed).Id.ToByteArray()[0]),
            read.Select(bytes => bytes[0]));
    }

    [Fact]
    public async Task A_hundred_small_files_at_once_all_arrive()
    {
        await using Cluster cluster = await Cluster.StartAsync(2, onDisk: true);
        string[] names = [.. Enumerable.Range(0, 100).Select(i => $"small{i:000}")];
        foreach (string name in names)
        {
            await File.WriteAllTextAsync(cluster.Folder[name], name, Token);
        }

        StoredFile[] sent = await Task.WhenAll(names.Select(name => cluster.Client.SendAsync(
            cluster.Folder[name], name, SendOptions.Default, progress: null, Token))).WaitAsync(TimeLimit, Token);
        Assert.Equal(names, sent.Select(file => file.Record.Name));
        await Task.WhenAll(sent.Select(file => cluster.Client.ReceiveAsync(
            file, cluster.Folder[file.Record.Name + ".back"], ReceiveOptions.Default, progress: null, Token)))
                .WaitAsync(TimeLimit, Token);
        Assert.All(names, name => Assert.Equal(name, File.ReadAllText(cluster.Folder[name + ".back"])));
    }

    private static VerifyingChunkStore Open(PeerLink link)
    {
        return new VerifyingChunkStore(new BatchingChunkStore(new RemoteChunkStore(link)));
    }
}
