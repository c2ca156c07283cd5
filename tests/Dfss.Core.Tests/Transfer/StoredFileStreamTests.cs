using System.IO.Compression;
using System.Security.Cryptography;
using Dfss.Encryption;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>A stored file as a stream: every byte right, wherever it is read, and no chunk more than needed.</summary>
public sealed class StoredFileStreamTests
{
    /// <summary>Above what goes in batches.</summary>
    private const int ChunkSize = 2 * DfssLimits.MinChunkSize;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(ChunkSize)]
    [InlineData((7 * ChunkSize) + 5)]
    public async Task It_has_the_bytes_of_the_file_read_in_order(int length)
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        string source = cluster.Folder.CreateFile("source", length, seed: 1);
        StoredFile sent = await SendAsync(cluster, source);

        await using Stream stream = await cluster.Client.OpenAsync(sent, OpenOptions.Default, Token);
        byte[] hash = await SHA256.HashDataAsync(stream, Token);
        stream.Position = 0;

        Assert.Equal(length, stream.Length);
        Assert.Equal(SHA256.HashData(await File.ReadAllBytesAsync(source, Token)), hash);
        Assert.Equal(hash, SHA256.HashData(stream));
        Assert.Equal((true, true, false), (stream.CanRead, stream.CanSeek, stream.CanWrite));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Reads_anywhere_give_what_a_file_gives(bool isEncrypted)
    {
        EncryptionKey key = EncryptionKey.Create();
        await using Cluster cluster = await Cluster.StartAsync(2);
        string source = cluster.Folder.CreateFile("source", (40 * ChunkSize) + 11, seed: 2);
        StoredFile sent = await SendAsync(cluster, source, isEncrypted ? [Recipient.Of(key)] : []);
        await using FileStream local = File.OpenRead(source);
        await using Stream stream = await cluster.Client.OpenAsync(
            sent, new OpenOptions { Keys = isEncrypted ? new KeyRing([key], []) : null }, Token);
        Random random = new(3);
        byte[] expected = new byte[3 * ChunkSize];
        byte[] actual = new byte[3 * ChunkSize];

        for (int i = 0; i < 100; i++)
        {
            int count = random.Next(expected.Length);
            long from = local.Seek(random.NextInt64(local.Length + ChunkSize), SeekOrigin.Begin);
            Assert.Equal(from, stream.Seek(from - stream.Position, SeekOrigin.Current));
            int read = await local.ReadAtLeastAsync(
                expected.AsMemory(0, count), count, throwOnEndOfStream: false, Token);

            Assert.Equal(read, i % 2 == 0
                ? stream.ReadAtLeast(actual.AsSpan(0, count), count, throwOnEndOfStream: false)
                : await stream.ReadAtLeastAsync(actual.AsMemory(0, count), count, throwOnEndOfStream: false, Token));
            Assert.Equal(expected[..read], actual[..read]);
        }
    }

    [Fact]
    public async Task An_entry_of_a_stored_archive_is_read_without_the_others()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        string source = cluster.Folder["a.zip"];
        byte[] wanted = RandomNumberGenerator.GetBytes(2 * ChunkSize);
        await using (ZipArchive made = await ZipFile.OpenAsync(source, ZipArchiveMode.Create, Token))
        {
            for (int i = 0; i < 20; i++)
            {
                await using Stream entry = await made.CreateEntry($"{i}.bin", CompressionLevel.NoCompression)
                    .OpenAsync(Token);
                await entry.WriteAsync(i == 12 ? wanted : RandomNumberGenerator.GetBytes(2 * ChunkSize), Token);
            }
        }

        await SendAsync(cluster, source);
        List<string> requests = [];
        await using DfssClient reader = new(
            cluster.Addresses, new TransferOptions { Debug = text => Add(requests, text) });
        await using ZipArchive archive = new(
            await reader.OpenAsync(await reader.GetAsync("x", Token), OpenOptions.Default, Token));
        await using Stream found = await archive.GetEntry("12.bin")!.OpenAsync(Token);
        byte[] content = new byte[wanted.Length];
        await found.ReadExactlyAsync(content, Token);

        Assert.Equal(wanted, content);
        int fetched = requests.Count(text => text.Contains("get_chunk", StringComparison.Ordinal));
        Assert.InRange(fetched, 4, 10);
    }

    [Fact]
    public async Task It_stays_at_its_version_when_the_name_is_replaced()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        string source = cluster.Folder.CreateFile("source", 5 * ChunkSize, seed: 4);
        StoredFile sent = await SendAsync(cluster, source);
        await using Stream stream = await cluster.Client.OpenAsync(sent, OpenOptions.Default, Token);
        stream.ReadByte();

        await SendAsync(cluster, cluster.Folder.CreateFile("other", 3 * ChunkSize, seed: 5));
        stream.Position = 0;

        Assert.Equal(
            SHA256.HashData(await File.ReadAllBytesAsync(source, Token)), await SHA256.HashDataAsync(stream, Token));
    }

    [Fact]
    public async Task It_goes_on_at_the_peers_that_the_file_moved_to()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        string source = cluster.Folder.CreateFile("source", 30 * ChunkSize, seed: 6);
        await using DfssClient first = new([cluster.Addresses[0]], TransferOptions.Default);
        StoredFile sent = await first.SendAsync(source, "x", Sending([]), progress: null, Token);
        await using DfssClient reader = new(cluster.Addresses, TransferOptions.Default);
        await using Stream stream = await reader.OpenAsync(sent, OpenOptions.Default, Token);
        stream.ReadByte();

        await cluster.Client.RepairAsync(
            sent, new RepairOptions { MoveTo = [.. cluster.Addresses.Skip(1)] }, progress: null, Token);
        await cluster.Client.OptimizeAsync(
            cluster.Addresses[0], new OptimizeOptions { GracePeriod = TimeSpan.Zero }, Token);
        stream.Position = 0;

        Assert.Equal(
            SHA256.HashData(await File.ReadAllBytesAsync(source, Token)), await SHA256.HashDataAsync(stream, Token));
    }

    [Fact]
    public async Task A_chunk_that_is_corrupt_everywhere_is_an_error_that_names_it_and_other_chunks_are_read()
    {
        await using HeldFile held = new(holders: 2, chunks: 3, replicas: 2);
        foreach (FakeHolder holder in held.Holders)
        {
            holder.Instead = id => id == held.ChunkIds[1] ? new byte[HeldFile.ChunkSize] : null;
        }

        await using DfssClient client = held.CreateClient();
        await using Stream stream = await client.OpenAsync(held.File, OpenOptions.Default, Token);
        stream.Position = HeldFile.ChunkSize;

        DfssException error = await Assert.ThrowsAsync<DfssException>(
            async () => await stream.ReadExactlyAsync(new byte[1], Token));
        Assert.Equal((DfssErrorCode.ChunkCorrupt, held.ChunkIds[1]), (error.Code, error.ChunkId));
        Assert.Equal(HeldFile.ChunkSize, stream.Position);
        stream.Position = 2 * HeldFile.ChunkSize;
        await stream.ReadExactlyAsync(new byte[1], Token);
    }

    [Fact]
    public async Task A_chunk_that_could_not_be_fetched_ahead_is_fetched_when_it_is_read()
    {
        await using HeldFile held = new(holders: 1, chunks: 3, replicas: 1);
        held.Holders[0].Instead = id => id == held.ChunkIds[2] && held.Holders[0].CountOf(id) == 1
            ? new byte[HeldFile.ChunkSize]
            : null;
        await using DfssClient client = held.CreateClient();
        await using Stream stream = await client.OpenAsync(held.File, OpenOptions.Default, Token);

        await stream.ReadExactlyAsync(new byte[3 * HeldFile.ChunkSize], Token);

        Assert.Equal(2, held.Holders[0].CountOf(held.ChunkIds[2]));
    }

    [Fact]
    public async Task A_read_that_waits_ends_when_it_is_cancelled_and_the_next_one_has_the_bytes()
    {
        await using HeldFile held = new(holders: 1, chunks: 2, replicas: 1);
        TaskCompletionSource go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        held.Holders[0].Before = (id, token) => id == held.ChunkIds[0] ? go.Task.WaitAsync(token) : Task.CompletedTask;
        await using DfssClient client = held.CreateClient();
        await using Stream stream = await client.OpenAsync(held.File, OpenOptions.Default, Token);
        using CancellationTokenSource cancellation = new();
        byte[] buffer = new byte[16];

        Task<int> read = stream.ReadAsync(buffer, cancellation.Token).AsTask();
        await HeldFile.UntilAsync(() => held.Holders[0].CountOf(held.ChunkIds[0]) == 1);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        go.SetResult();

        Assert.Equal(16, await stream.ReadAsync(buffer, Token));
        Assert.Equal(1, held.Holders[0].CountOf(held.ChunkIds[0]));
    }

    [Fact]
    public async Task Chunks_are_fetched_ahead_only_while_it_is_read_in_order()
    {
        await using HeldFile held = new(holders: 1, chunks: 12, replicas: 1);
        await using DfssClient client = held.CreateClient();
        await using Stream stream = await client.OpenAsync(held.File, OpenOptions.Default, Token);

        foreach (int index in (int[])[11, 3, 7])
        {
            stream.Position = (long)index * HeldFile.ChunkSize;
            stream.ReadByte();
        }

        Assert.Equal(
            [held.ManifestId, held.ChunkIds[11], held.ChunkIds[3], held.ChunkIds[7]], held.Holders[0].Asked);
        stream.Position = 8L * HeldFile.ChunkSize;
        stream.ReadByte();
        await HeldFile.UntilAsync(() => held.Holders[0].CountOf(held.ChunkIds[9]) == 1);
    }

    [Fact]
    public async Task Disposed_it_ends_its_client_if_it_is_to()
    {
        await using HeldFile held = new(holders: 1, chunks: 1, replicas: 1);
        Stream stream = await held.CreateClient().OpenAsync(
            held.File, new OpenOptions { DisposesClient = true }, Token);
        stream.ReadByte();

        stream.Dispose();
        await held.Holders[0].WhenDeserted.WaitAsync(Token);

        Assert.Throws<ObjectDisposedException>(() => stream.ReadByte());
        Assert.False(stream.CanRead);
    }

    private static void Add(List<string> texts, string text)
    {
        lock (texts)
        {
            texts.Add(text);
        }
    }

    private static SendOptions Sending(IReadOnlyList<Recipient> recipients) =>
        new() { ChunkSize = ChunkSize, Force = true, Recipients = recipients };

    private static Task<StoredFile> SendAsync(
        Cluster cluster, string source, IReadOnlyList<Recipient>? recipients = null) =>
        cluster.Client.SendAsync(source, "x", Sending(recipients ?? []), progress: null, Token);
}
