using System.Collections.Concurrent;
using Dfss.Encryption;
using Dfss.Protocol;
using Dfss.Testing;
using Dfss.Tests.Faults;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>
/// Encrypted transfers that were broken off and are begun again: what was stored stays as it is, and under one key no
/// nonce is ever drawn twice.
/// </summary>
public sealed class EncryptedResumeTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int ChunkSize = 2 * DfssLimits.MinChunkSize;
    private const int PieceSize = ChunkSize - KeyEnvelope.ChunkOverheadBytes;
    private const int ChunkCount = 80;
    private const int Copies = 2;
    private const int InFlight = 4;

    private readonly TemporaryFolder folder = new();
    private readonly List<HeldPeer> peers = [];
    private readonly ConcurrentBag<string> said = [];
    private readonly EncryptionKey owner = EncryptionKey.Create();

    /// <summary>Of each chunk that has come to a peer, by its id: its nonce. And how often it came.</summary>
    private readonly ConcurrentDictionary<ChunkId, string> nonces = [];
    private readonly ConcurrentBag<ChunkId> puts = [];

    private string source = string.Empty;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private KeyRing Keys => new([owner], []);

    private string Journals => folder["state", "sends"];

    public async ValueTask InitializeAsync()
    {
        source = folder.CreateFile("source", (ChunkCount * PieceSize) - 7, seed: 1);
        File.SetLastWriteTimeUtc(source, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        for (int i = 0; i < Copies; i++)
        {
            peers.Add(await HeldPeer.StartAsync());
            peers[i].Holds = Note;
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
    public async Task Broken_off_again_and_again_it_keeps_what_is_stored_and_uses_no_nonce_twice()
    {
        const int Breaks = 10;
        Random random = new(FaultSeed.Take(output));
        for (int i = 0; i < Breaks; i++)
        {
            await BreakAsync(random.NextInt64(ChunkCount * PieceSize));
        }

        StoredFile sent = await SendAsync();

        output.WriteLine($"{nonces.Count} chunks were made of {ChunkCount}, and {puts.Count} puts came");
        Assert.Equal(nonces.Count, nonces.Values.Distinct().Count());
        Assert.InRange(nonces.Count, ChunkCount, ChunkCount + (Breaks * InFlight));
        Assert.InRange(puts.Count, Copies * ChunkCount, Copies * (ChunkCount + (Breaks * InFlight)));
        Assert.Empty(Directory.GetFiles(Journals));
        await AssertStoredAsync(sent);
    }

    [Fact]
    public async Task What_the_journal_lists_keeps_its_ids_and_the_files_key()
    {
        await BreakAsync(ChunkCount * PieceSize / 2);
        string journal = Assert.Single(Directory.GetFiles(Journals));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(journal));
        }

        HashSet<ChunkId> before = [.. nonces.Keys];
        StoredFile sent = await SendAsync();

        Assert.Contains(said, text => text.Contains("resumes", StringComparison.Ordinal));
        Assert.InRange(nonces.Count, ChunkCount, ChunkCount + InFlight);
        Assert.InRange(before.Count, (ChunkCount / 2) - 1, ChunkCount - 1);
        await AssertStoredAsync(sent);
    }

    [Theory]
    [InlineData("others")]
    [InlineData("no recipient")]
    [InlineData("edited")]
    [InlineData("restarted")]
    public async Task For_other_recipients_or_another_source_it_starts_over_with_a_new_key(string how)
    {
        await BreakAsync(ChunkCount * PieceSize / 2);
        HashSet<ChunkId> before = [.. nonces.Keys];
        EncryptionKey other = EncryptionKey.Create();
        SendOptions options = how switch
        {
            "others" => Sending with { Recipients = [Recipient.Of(owner), Recipient.Of(other)] },
            "no recipient" => Sending with { Recipients = [] },
            "restarted" => Sending with { Restart = true },
            _ => Sending,
        };
        if (how == "edited")
        {
            await using FileStream file = new(source, FileMode.Open, FileAccess.ReadWrite);
            file.Write("edited"u8);
            file.Close();
            File.SetLastWriteTimeUtc(source, new DateTime(2020, 1, 2, 0, 0, 0, DateTimeKind.Utc));
        }

        StoredFile sent = await SendAsync(options);

        AssertAllAreNew(before);
        await AssertStoredAsync(sent, how == "no recipient" ? null : Keys);
    }

    [Fact]
    public async Task A_chunk_that_is_missing_at_a_peer_is_encrypted_again()
    {
        await BreakAsync(ChunkCount * PieceSize / 2);
        HashSet<ChunkId> before = [.. nonces.Keys];
        await peers[1].DisposeAsync();
        peers[1] = await HeldPeer.StartAsync();
        peers[1].Holds = Note;

        StoredFile sent = await SendAsync();

        // The second peer has none of them: not one could be kept with both its copies.
        Assert.Equal(nonces.Count, nonces.Values.Distinct().Count());
        AssertAllAreNew(before);
        await AssertStoredAsync(sent);
    }

    /// <summary>
    /// The third peer fails at the manifest, when it holds two thirds of the chunks: they go to the others, as they
    /// are.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Chunks_of_a_peer_that_is_left_out_are_put_elsewhere_as_they_were(bool isResumed)
    {
        peers.Add(await HeldPeer.StartAsync());
        peers[2].Holds = Note;
        if (isResumed)
        {
            await BreakAsync(ChunkCount * PieceSize / 2);
        }

        peers[2].Fails = (operation, _, _) => operation == Operations.StoreChunks;
        peers[2].FailsAtOnce = true;
        StoredFile sent = await SendAsync();

        Assert.InRange(nonces.Count, ChunkCount, ChunkCount + (isResumed ? InFlight : 0));
        Assert.Equal(nonces.Count, nonces.Values.Distinct().Count());
        Assert.InRange(puts.Count, (Copies * ChunkCount) + (ChunkCount / 2), 3 * (ChunkCount + InFlight));
        await peers[2].DisposeAsync();
        peers.RemoveAt(2);
        await AssertStoredAsync(sent);
    }

    [Fact]
    public async Task A_receive_that_was_broken_off_fetches_only_what_is_missing_and_trusts_nothing_that_was_changed()
    {
        StoredFile sent = await SendAsync();
        string target = folder["received"];
        using CancellationTokenSource broken = CancellationTokenSource.CreateLinkedTokenSource(Token);
        CallbackProgress progress = new(state =>
        {
            if (state.TransferredBytes > ChunkCount * PieceSize / 2)
            {
                broken.Cancel();
            }
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => ReceiveAsync(sent, target, Keys, progress, broken.Token));
        string part = target + ".dfss-part";
        byte[] had = await File.ReadAllBytesAsync(part, Token);
        int corruptHolders = Enumerable.Range(0, ChunkCount)
            .First(index => had[(ChunkCount * PieceSize) - 7 + 64 + (13 * index)] == 1);
        had[(corruptHolders * PieceSize) + 5] ^= 1;
        await File.WriteAllBytesAsync(part, had, Token);
        said.Clear();

        await ReceiveAsync(sent, target, Keys, progress: null, Token);

        string told = Assert.Single(said, text => text.Contains("from an earlier receive", StringComparison.Ordinal));
        int kept = int.Parse(told.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(kept, (ChunkCount / 2) - 2, ChunkCount - 1);
        Assert.EndsWith($"of {kept + 1} that it had written.", told, StringComparison.Ordinal);
        Assert.Equal(await File.ReadAllBytesAsync(source, Token), await File.ReadAllBytesAsync(target, Token));
        Assert.False(File.Exists(part));
    }

    /// <summary>
    /// Not one chunk was kept. What a send had on its way when it was broken off may have come since.
    /// </summary>
    private void AssertAllAreNew(HashSet<ChunkId> before) =>
        Assert.InRange(nonces.Keys.Except(before).Count(), ChunkCount, ChunkCount + InFlight);

    private SendOptions Sending => new() { ChunkSize = ChunkSize, Recipients = [Recipient.Of(owner)] };

    private bool Note(string operation, MessageMap arguments, ReadOnlyMemory<byte> payload)
    {
        if (operation == Operations.StoreChunk)
        {
            ChunkId id = ChunkId.Of(payload.Span);
            string nonce = Convert.ToHexString(payload.Span[..ChunkCipher.NonceBytes]);
            Assert.Equal(nonce, nonces.GetOrAdd(id, nonce));
            puts.Add(id);
        }

        return false;
    }

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

    private TransferOptions Options =>
        new() { ThrottleLimit = InFlight, StateFolder = folder["state"], Verbose = said.Add };

    private DfssClient Connect() => new([.. peers.Select(peer => peer.Address)], Options);

    private async Task<StoredFile> SendAsync(
        SendOptions? options = null, IProgress<TransferProgress>? progress = null,
        CancellationToken? cancellationToken = null)
    {
        await using DfssClient client = Connect();
        return await client.SendAsync(source, "x", options ?? Sending, progress, cancellationToken ?? Token);
    }

    private async Task ReceiveAsync(
        StoredFile file, string target, KeyRing? keys, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        await using DfssClient client = Connect();
        await client.ReceiveAsync(file, target, new ReceiveOptions { Keys = keys }, progress, cancellationToken);
    }

    private Task AssertStoredAsync(StoredFile sent) => AssertStoredAsync(sent, Keys);

    private async Task AssertStoredAsync(StoredFile sent, KeyRing? keys)
    {
        await ReceiveAsync(sent, folder["whole"], keys, progress: null, Token);
        Assert.Equal(await File.ReadAllBytesAsync(source, Token), await File.ReadAllBytesAsync(folder["whole"], Token));
        Assert.DoesNotContain(said, text => text.Contains(owner.ToSecretText(), StringComparison.Ordinal));
    }
}
