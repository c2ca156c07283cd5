using System.IO.Compression;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Dfss.Encryption;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>A stream that is sent as it comes.</summary>
public sealed class StreamSendTests
{
    private const int ChunkSize = DfssLimits.MinChunkSize;

    private static readonly EncryptionKey Key = EncryptionKey.Create();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<int, bool, bool, int> Shapes => new(
        from length in new[] { 0, 1, ChunkSize - 1, ChunkSize, (40 * ChunkSize) + 17 }
        from canSeek in new[] { false, true }
        from isEncrypted in new[] { false, true }
        from throttle in new[] { 1, 16 }
        select (length, canSeek, isEncrypted, throttle));

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task A_stream_comes_back_as_it_was_sent(int length, bool canSeek, bool isEncrypted, int throttle)
    {
        await using Cluster cluster = await Cluster.StartAsync(
            2, options: new TransferOptions { ThrottleLimit = throttle });
        byte[] content = RandomNumberGenerator.GetBytes(length);
        MemoryStream memory = new([9, 9, 9, .. content]) { Position = 3 };

        StoredFile sent = await cluster.Client.SendAsync(
            canSeek ? memory : PipeReader.Create(memory).AsStream(), "x", Sending(isEncrypted), progress: null, Token);
        StoredFile found = await cluster.Client.GetAsync("x", Token);

        Assert.Equal((length, 2), (found.Record.ContentLength, sent.PresentReplicas));
        Assert.True((await cluster.Client.TestAsync(found, deep: true, progress: null, Token)).IsHealthy);
        Assert.Equal(content, await ReadAsync(cluster, found, isEncrypted));
    }

    [Fact]
    public async Task It_is_the_file_that_the_same_bytes_in_a_local_file_are()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        string source = cluster.Folder.CreateFile("source", (5 * ChunkSize) + 1, seed: 1);
        StoredFile file = await cluster.Client.SendAsync(source, "file", Sending(), progress: null, Token);
        await using FileStream stream = File.OpenRead(source);

        StoredFile streamed = await cluster.Client.SendAsync(
            PipeReader.Create(stream).AsStream(), "x", Sending(), progress: null, Token);

        Assert.Equal(file.Record.FileId, streamed.Record.FileId);
    }

    [Fact]
    public async Task Chunks_are_put_while_the_stream_goes_on_and_the_name_is_there_only_at_its_end()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        Pipe pipe = new();
        Task<StoredFile> sending = cluster.Client.SendAsync(
            pipe.Reader.AsStream(), "x", Sending(), progress: null, Token);

        for (int i = 0; i < 8; i++)
        {
            await pipe.Writer.WriteAsync(RandomNumberGenerator.GetBytes(ChunkSize), Token);
        }

        while ((await cluster.Client.GetPeerInfoAsync(cluster.Addresses[0], Token)).Chunks < 7)
        {
            Assert.False(sending.IsCompleted);
        }

        DfssException missing = await Assert.ThrowsAsync<DfssException>(() => cluster.Client.GetAsync("x", Token));
        Assert.Equal(DfssErrorCode.FileNotFound, missing.Code);
        await pipe.Writer.CompleteAsync();
        Assert.Equal(8 * ChunkSize, (await sending).Record.Length);
        Assert.Equal(8 * ChunkSize, (await cluster.Client.GetAsync("x", Token)).Record.Length);
    }

    [Fact]
    public async Task A_stream_that_fails_or_is_cancelled_changes_nothing()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        Pipe failing = new();
        await failing.Writer.WriteAsync(new byte[1000], Token);
        await failing.Writer.CompleteAsync(new IOException("The source is gone."));
        using CancellationTokenSource cancellation = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task<StoredFile> cancelled = cluster.Client.SendAsync(
            new Pipe().Reader.AsStream(), "x", Sending(), progress: null, cancellation.Token);

        DfssException error = await Assert.ThrowsAsync<DfssException>(() => cluster.Client.SendAsync(
            failing.Reader.AsStream(), "x", Sending(), progress: null, Token));
        await cancellation.CancelAsync();

        Assert.Equal(DfssErrorCode.SourceUnreadable, error.Code);
        Assert.Contains("'x'", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal(
            DfssErrorCode.FileNotFound,
            (await Assert.ThrowsAsync<DfssException>(() => cluster.Client.GetAsync("x", Token))).Code);
    }

    [Fact]
    public async Task A_stream_that_cannot_be_decoded_is_unreadable()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        await using GZipStream broken = new(new MemoryStream(new byte[100]), CompressionMode.Decompress);
        DfssException error = await Assert.ThrowsAsync<DfssException>(() => cluster.Client.SendAsync(
            broken, "x", Sending(), progress: null, Token));
        Assert.Equal(DfssErrorCode.SourceUnreadable, error.Code);
    }

    [Fact]
    public async Task A_read_that_cannot_be_cancelled_is_left_behind()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        using CancellationTokenSource cancellation = CancellationTokenSource.CreateLinkedTokenSource(Token);
        StuckStream stream = new();
        Task<StoredFile> sending = cluster.Client.SendAsync(
            stream, "x", Sending(), progress: null, cancellation.Token);
        await stream.Reached.Task.WaitAsync(Token);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending.WaitAsync(Token));
    }

    [Fact]
    public async Task A_stream_that_says_a_wrong_length_changes_nothing()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        foreach (int length in (int[])[2 * ChunkSize, (5 * ChunkSize) - 1])
        {
            DfssException error = await Assert.ThrowsAsync<DfssException>(() => cluster.Client.SendAsync(
                new WrongLength(new byte[3 * ChunkSize], length), "x", Sending(), progress: null, Token));
            Assert.Equal(DfssErrorCode.SourceChanged, error.Code);
        }
    }

    [Fact]
    public async Task A_name_that_exists_is_an_error_before_the_stream_has_ended()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        await cluster.Client.SendAsync(new MemoryStream([1]), "x", Sending(), progress: null, Token);

        DfssException error = await Assert.ThrowsAsync<DfssException>(() => cluster.Client.SendAsync(
            new Pipe().Reader.AsStream(), "x", Sending(), progress: null, Token));

        Assert.Equal(DfssErrorCode.FileExists, error.Code);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_peer_that_is_lost_on_the_way_is_replaced_and_its_chunks_are_read_from_the_others(
        bool isEncrypted)
    {
        await using Cluster cluster = await Cluster.StartAsync(
            3, options: new TransferOptions { MaxAttempts = 1, RetryDelay = TimeSpan.FromMilliseconds(1) });
        byte[] content = RandomNumberGenerator.GetBytes(30 * ChunkSize);
        StoppingStream stream = new(content, 15 * ChunkSize, () => cluster.Peers[2].DisposeAsync());

        StoredFile sent = await cluster.Client.SendAsync(stream, "x", Sending(isEncrypted), progress: null, Token);

        Assert.Equal(2, sent.PresentReplicas);
        Assert.All(
            (await cluster.Client.TestAsync(sent, deep: true, progress: null, Token)).Chunks,
            chunk => Assert.Equal(2, chunk.Holders.Count));
        Assert.Equal(content, await ReadAsync(cluster, sent, isEncrypted));
    }

    [Fact]
    public async Task What_is_encrypted_and_of_unknown_length_is_limited()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        Stream stream = PipeReader.Create(new MemoryStream(new byte[SourceStream.MaxHeldBytes + 1])).AsStream();

        DfssException error = await Assert.ThrowsAsync<DfssException>(() => cluster.Client.SendAsync(
            stream, "x", Sending(isEncrypted: true), progress: null, Token));

        Assert.Equal(DfssErrorCode.InvalidArgument, error.Code);
    }

    private static SendOptions Sending(bool isEncrypted = false) => new()
    {
        ChunkSize = ChunkSize,
        Recipients = isEncrypted ? [Recipient.Of(Key)] : [],
    };

    private static async Task<byte[]> ReadAsync(Cluster cluster, StoredFile file, bool isEncrypted)
    {
        await using Stream stream = await cluster.Client.OpenAsync(
            file, new OpenOptions { Keys = isEncrypted ? new KeyRing([Key], []) : null }, Token);
        MemoryStream copy = new();
        await stream.CopyToAsync(copy, Token);
        return copy.ToArray();
    }

    private sealed class WrongLength(byte[] content, long length) : MemoryStream(content)
    {
        public override long Length => length;
    }

    /// <summary>A stream such as a console's: its read ends when something is typed.</summary>
    private sealed class StuckStream : MemoryStream
    {
        private readonly TaskCompletionSource<int> never = new();

        public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override bool CanSeek => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Reached.TrySetResult();
            return new ValueTask<int>(never.Task);
        }
    }

    /// <summary>Stops something once so many bytes were read, before it goes on.</summary>
    private sealed class StoppingStream(byte[] content, int after, Func<ValueTask> stopAsync) : MemoryStream(content)
    {
        private bool hasStopped;

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Position >= after && !hasStopped)
            {
                hasStopped = true;
                await stopAsync();
            }

            return await base.ReadAsync(buffer, cancellationToken);
        }
    }
}
