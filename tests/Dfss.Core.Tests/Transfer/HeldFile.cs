using Dfss.Transfer;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>A file of random chunks that some fake peers hold, all of them, and what a client of them says.</summary>
internal sealed class HeldFile : IAsyncDisposable
{
    /// <summary>Above what goes in batches.</summary>
    public const int ChunkSize = 2 * DfssLimits.MinChunkSize;

    /// <summary>More than any of these tests takes on a busy machine.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private readonly Testing.TemporaryFolder folder = new();
    private readonly byte[] content;

    public HeldFile(int holders, int chunks, int replicas)
    {
        content = new byte[chunks * ChunkSize];
        new Random(1).NextBytes(content);
        ChunkIds = [.. content.Chunk(ChunkSize).Select(chunk => ChunkId.Of(chunk))];
        FileManifest manifest = FileManifest.Create(content.Length, ChunkSize, [.. ChunkIds]);
        Dictionary<ChunkId, byte[]> stored = content.Chunk(ChunkSize).ToDictionary(chunk => ChunkId.Of(chunk));
        ManifestId = manifest.FileId.ToChunkId();
        stored[ManifestId] = manifest.Encoded.ToArray();
        Holders = [.. Enumerable.Range(0, holders).Select(_ => new FakeHolder(stored))];
        File = new StoredFile(
            new FileRecord
            {
                Name = "x",
                Version = 1,
                FileId = manifest.FileId,
                Length = content.Length,
                ChunkSize = ChunkSize,
                Replicas = replicas,
                Home = [.. Holders.Select(holder => holder.Member)],
                WriterId = Guid.NewGuid(),
            },
            IsCurrent: true);
        Options = new TransferOptions
        {
            TimeProvider = Clock,
            Warning = text => Add(Warnings, text),
            Verbose = text => Add(Said, text),
            MaxAttempts = 1,
            ThrottleLimit = 4,
        };
    }

    public IReadOnlyList<ChunkId> ChunkIds { get; }

    public ChunkId ManifestId { get; }

    public IReadOnlyList<FakeHolder> Holders { get; }

    public StoredFile File { get; init; }

    public FakeTimeProvider Clock { get; } = new();

    public TransferOptions Options { get; init; }

    public List<string> Warnings { get; } = [];

    public List<string> Said { get; } = [];

    /// <summary>An empty folder at first.</summary>
    public string Folder => Directory.CreateDirectory(folder["out"]).FullName;

    public string Destination
    {
        get => field ?? Path.Combine(Folder, "in");
        set;
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public DfssClient CreateClient() => new([], Options);

    /// <summary>Receives it, and checks that every byte is right.</summary>
    public async Task ReceiveAsync(DfssClient client)
    {
        await client.ReceiveAsync(File, Destination, new ReceiveOptions { Force = true }, progress: null, Token);
        await AssertReceivedAsync();
    }

    public async Task AssertReceivedAsync() =>
        Assert.Equal(content, await System.IO.File.ReadAllBytesAsync(Destination, Token));

    /// <summary>Moves the virtual clock on, a little at a time, while real sockets do their part in between.</summary>
    public async Task AdvanceUntilAsync(Func<bool> isReached)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (!isReached())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Soon, "It did not happen.");
            Clock.Advance(TimeSpan.FromMilliseconds(250));
            await Task.Delay(20, Token);
        }
    }

    /// <summary>Waits for something that happens without the clock.</summary>
    public static async Task UntilAsync(Func<bool> isReached)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (!isReached())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Soon, "It did not happen.");
            await Task.Delay(1, Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (FakeHolder holder in Holders)
        {
            await holder.DisposeAsync();
        }

        folder.Dispose();
    }

    private static void Add(List<string> lines, string text)
    {
        lock (lines)
        {
            lines.Add(text);
        }
    }
}
