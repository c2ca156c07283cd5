using System.Collections.Concurrent;
using Dfss.Protocol;
using Dfss.Testing;
using Dfss.Tests.Faults;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>
/// Sends that were broken off and are begun again, with a journal: what goes over the line, and what is read.
/// </summary>
public sealed class ResumedSendTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int ChunkSize = 2 * DfssLimits.MinChunkSize;
    private const int ChunkCount = 80;
    private const int Copies = 2;
    private const int InFlight = 4;

    private readonly TemporaryFolder folder = new();
    private readonly List<HeldPeer> peers = [];
    private readonly ConcurrentBag<string> said = [];

    /// <summary>The bytes of each put that has come to a peer, whatever became of it.</summary>
    private readonly ConcurrentBag<int> puts = [];

    private string source = string.Empty;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private TransferOptions Options => new()
    {
        ThrottleLimit = InFlight,
        StateFolder = folder["state"],
        Verbose = said.Add,
    };

    public async ValueTask InitializeAsync()
    {
        source = folder.CreateFile("source", (ChunkCount * ChunkSize) - 7, seed: 1);
        File.SetLastWriteTimeUtc(source, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        for (int i = 0; i < Copies; i++)
        {
            peers.Add(await HeldPeer.StartAsync());
            peers[i].Holds = Record;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (HeldPeer peer in peers)
        {
            await peer.DisposeAsync();
        }

        folder.Dispose();
    }

    [Fact]
    public async Task Broken_off_ten_times_it_sends_no_more_again_than_was_in_flight()
    {
        const int Breaks = 10;
        Random random = new(FaultSeed.Take(output));
        for (int i = 0; i < Breaks; i++)
        {
            await BreakAsync(random.NextInt64(ChunkCount * ChunkSize));
        }

        await SendAsync();

        long worth = Copies * (new FileInfo(source).Length + ManifestBytes);
        long again = Breaks * Copies * ((long)InFlight * ChunkSize + ManifestBytes);
        output.WriteLine($"{puts.Sum(bytes => (long)bytes)} bytes were put; one file's worth is {worth}");
        Assert.InRange(puts.Sum(bytes => (long)bytes), worth, worth + again);
        await AssertStoredAsync();
        Assert.Empty(Directory.GetFiles(folder["state", "sends"]));
    }

    [Fact]
    public async Task Broken_off_when_the_manifest_is_put_it_reads_nothing_again_and_compares()
    {
        await BreakAtManifestAsync();
        puts.Clear();
        List<TransferPhase> phases = [];

        await SendAsync(progress: new CallbackProgress(state =>
        {
            lock (phases)
            {
                phases.Add(state.Phase);
            }
        }));

        Assert.Contains(Says(known: ChunkCount, read: 0), said);
        Assert.Equal(
            [TransferPhase.Negotiating, TransferPhase.Comparing, TransferPhase.Transferring, TransferPhase.Committing],
            phases.Distinct());
        Assert.InRange(puts.Sum(bytes => (long)bytes), 0, Copies * ManifestBytes);
        await AssertStoredAsync();
    }

    [Fact]
    public async Task Restart_reads_it_again_and_sends_nothing_that_is_there()
    {
        await BreakAtManifestAsync();
        puts.Clear();

        await SendAsync(new SendOptions { ChunkSize = ChunkSize, Restart = true });

        Assert.DoesNotContain(said, text => text.Contains("resumes", StringComparison.Ordinal));
        Assert.InRange(puts.Sum(bytes => (long)bytes), 0, Copies * ManifestBytes);
        await AssertStoredAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_source_edited_meanwhile_is_read_again_even_if_its_time_was_set_back(bool isSetBack)
    {
        await BreakAtManifestAsync();
        DateTime written = File.GetLastWriteTimeUtc(source);
        await using (FileStream file = new(source, FileMode.Open, FileAccess.ReadWrite))
        {
            file.Write("edited"u8);
        }

        if (isSetBack)
        {
            File.SetLastWriteTimeUtc(source, written);
        }

        await SendAsync();

        Assert.DoesNotContain(said, text => text.Contains("resumes", StringComparison.Ordinal));
        await AssertStoredAsync();
    }

    [Fact]
    public async Task An_id_that_is_not_the_sources_is_never_sent_as_true()
    {
        await BreakAtManifestAsync();
        string path = Assert.Single(Directory.GetFiles(folder["state", "sends"]));
        ForgeLastRecord(path);

        DfssException error = await Assert.ThrowsAsync<DfssException>(() => SendAsync());

        Assert.Equal(DfssErrorCode.SourceChanged, error.Code);
        Assert.False(File.Exists(path));
        await SendAsync();
        await AssertStoredAsync();
    }

    [Fact]
    public async Task Two_sends_of_one_source_at_once_both_succeed()
    {
        await BreakAsync(ChunkCount * ChunkSize / 2);
        await Task.WhenAll(SendAsync(name: "x"), SendAsync(name: "y"));
        await AssertStoredAsync("x");
        await AssertStoredAsync("y");
    }

    private static int ManifestBytes => FileManifest.HeaderBytes + (ChunkCount * ChunkId.SizeBytes);

    private string Says(int known, int read) =>
        $"'{source}' resumes: of its {ChunkCount} chunks {known} are known from before, and {read} are read.";

    private bool Record(string operation, MessageMap arguments, ReadOnlyMemory<byte> payload)
    {
        if (operation == Operations.StoreChunk)
        {
            puts.Add(payload.Length);
        }
        else if (operation == Operations.StoreChunks)
        {
            puts.Add(payload.Length - (arguments.Required("lengths").AsArray().Count * ChunkId.SizeBytes));
        }

        return false;
    }

    /// <summary>Sends, and breaks off when so many bytes have been told to be there.</summary>
    private async Task BreakAsync(long bytes)
    {
        using CancellationTokenSource broken = CancellationTokenSource.CreateLinkedTokenSource(Token);
        CallbackProgress progress = new(state =>
        {
            if (state.TransferredBytes >= bytes && state.Phase != TransferPhase.Negotiating)
            {
                broken.Cancel();
            }
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => SendAsync(progress: progress, cancellationToken: broken.Token));
    }

    /// <summary>
    /// Sends, and breaks off when the manifest is put, the last before the seal: all chunks are there.
    /// </summary>
    private async Task BreakAtManifestAsync()
    {
        using CancellationTokenSource broken = CancellationTokenSource.CreateLinkedTokenSource(Token);
        peers.ForEach(peer => peer.Holds = (operation, arguments, payload) =>
        {
            Record(operation, arguments, payload);
            if (operation == Operations.StoreChunks)
            {
                broken.Cancel();
            }

            return false;
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => SendAsync(cancellationToken: broken.Token));
        peers.ForEach(peer => peer.Holds = Record);
    }

    private async Task SendAsync(
        SendOptions? options = null,
        string name = "x",
        IProgress<TransferProgress>? progress = null,
        CancellationToken? cancellationToken = null)
    {
        await using DfssClient client = new([.. peers.Select(peer => peer.Address)], Options);
        await client.SendAsync(
            source, name, options ?? new SendOptions { ChunkSize = ChunkSize }, progress, cancellationToken ?? Token);
    }

    private async Task AssertStoredAsync(string name = "x")
    {
        await using DfssClient client = new([.. peers.Select(peer => peer.Address)], TransferOptions.Default);
        await client.ReceiveAsync(
            await client.GetAsync(name, Token), folder["received-" + name], ReceiveOptions.Default,
            progress: null, Token);
        Assert.Equal(
            await File.ReadAllBytesAsync(source, Token),
            await File.ReadAllBytesAsync(folder["received-" + name], Token));
    }

    /// <summary>
    /// Puts another id in the place of the last one, with a good check, as only a fault of memory could.
    /// </summary>
    private void ForgeLastRecord(string path)
    {
        byte[] journal = File.ReadAllBytes(path);
        using SourceFile opened = SourceFile.Open(source);
        SendJournalFormat format = SendJournalFormat.TryRead(journal, source, opened.Status!.Value, ChunkSize)!;
        Span<byte> last = journal.AsSpan(^SendJournalFormat.RecordBytes..);
        int index = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(last);
        format.WriteRecord(index, ChunkId.Of("another"u8), last);
        File.WriteAllBytes(path, journal);
    }
}
