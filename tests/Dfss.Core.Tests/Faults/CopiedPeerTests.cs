using Dfss.Testing;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Faults;

/// <summary>Real peer processes of stores that were copied with cp -a.</summary>
public sealed class CopiedPeerTests : IAsyncDisposable
{
    private const int Rounds = 5;

    private readonly TemporaryFolder folder = new();
    private readonly List<PeerProcess> peers = [];
    private int files;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        foreach (PeerProcess peer in peers)
        {
            await peer.DisposeAsync();
        }

        folder.Dispose();
    }

    [Fact]
    public async Task A_copy_does_not_start_beside_the_original_without_StoreCopied()
    {
        PeerProcess[] originals = await StartOriginalsAsync(count: 1);
        PeerProcess original = originals[0];
        string copy = CopiedFolder.Copy(original.StorePath, folder["copy"]);

        InvalidOperationException refused = await Assert.ThrowsAsync<InvalidOperationException>(
            () => PeerProcess.StartAsync(copy));

        Assert.Contains("StoreRelocated: ", refused.Message, StringComparison.Ordinal);
        PeerProcess told = await StartAsync(copy, new PeerSettings { StoreRelocation = StoreRelocation.Copied });
        StoredFile sent = await SendAsync([original, told], "x", force: false);
        Assert.Equal(2, sent.Record.Home.Count);
        Assert.Equal(0, await told.StopAsync());
        await StartAsync(copy);
    }

    [Fact]
    public async Task A_moved_store_starts_with_StoreMoved()
    {
        PeerProcess[] originals = await StartOriginalsAsync(count: 1);
        StoredFile sent = await SendAsync(originals, "x", force: false);
        Assert.Equal(0, await originals[0].StopAsync());
        string moved = CopiedFolder.Copy(originals[0].StorePath, folder["moved"]);
        PeerProcess peer = await StartAsync(moved, new PeerSettings { StoreRelocation = StoreRelocation.Moved });
        await ReceiveAsync(peer, sent);
        await peer.KillAsync();
        await ReceiveAsync(await StartAsync(moved), sent);
    }

    /// <summary>
    /// One or all of three stores run twice, and two writers race, of which each names other peers of the same stores.
    /// What both have acknowledged are different versions, and the last is what is read.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Of_two_writers_at_stores_that_run_twice_no_acknowledged_version_is_lost(int copied)
    {
        PeerProcess[] originals = await StartOriginalsAsync(count: 3);
        await SendAsync(originals, "x", force: false);
        PeerProcess[] others = [.. originals];
        for (int i = 0; i < copied; i++)
        {
            others[i] = await StartAsync(CopiedFolder.CopyUnnoticed(originals[i].StorePath, folder[$"copy{i}"]));
        }

        Dictionary<long, FileId> acknowledged = [];
        int refused = 0;
        for (int round = 0; round < Rounds; round++)
        {
            foreach (Task<StoredFile> write in new[]
            {
                SendAsync(originals, "x", force: true), SendAsync(others, "x", force: true)
            })
            {
                try
                {
                    FileRecord record = (await write).Record;
                    Assert.True(
                        acknowledged.TryAdd(record.Version, record.FileId),
                        $"Version {record.Version} was acknowledged twice.");
                }
                catch (DfssException error)
                {
                    refused += error.Code == DfssErrorCode.StoreRunsTwice ? 1 : 0;
                    Assert.Contains(error.Code, new[] { DfssErrorCode.StoreRunsTwice, DfssErrorCode.Conflict });
                }
            }
        }

        // On a busy machine a round may end by a conflict before the stores were recognised.
        Assert.True(refused > 0, "No write was refused.");
        Assert.NotEmpty(acknowledged);
        await using DfssClient reader = new([.. originals.Select(peer => peer.Address)], TransferOptions.Default);
        FileRecord read = (await reader.GetAsync("x", Token)).Record;
        Assert.Equal((acknowledged.Keys.Max(), acknowledged[acknowledged.Keys.Max()]), (read.Version, read.FileId));

        DfssException all = await Assert.ThrowsAsync<DfssException>(
            () => SendAsync([.. originals, .. others], "new", force: false));
        Assert.Equal(DfssErrorCode.StoreRunsTwice, all.Code);
        Assert.Contains(peers, peer => all.Message.Contains($"(process {peer.ProcessId})", StringComparison.Ordinal));
    }

    private async Task<StoredFile> SendAsync(IEnumerable<PeerProcess> known, string name, bool force)
    {
        await using DfssClient client = new(
            [.. known.Select(peer => peer.Address).Distinct()], TransferOptions.Default);
        int number = Interlocked.Increment(ref files);
        string source = folder.CreateFile($"file{number}", 100_000, seed: number);
        return await client.SendAsync(source, name, new SendOptions { Force = force }, progress: null, Token);
    }

    private async Task ReceiveAsync(PeerProcess peer, StoredFile sent)
    {
        await using DfssClient client = new([peer.Address], TransferOptions.Default);
        StoredFile file = await client.GetAsync(sent.Record.Name, Token);
        Assert.Equal(sent.Record.FileId, file.Record.FileId);
        await client.ReceiveAsync(
            file, folder[$"file{Interlocked.Increment(ref files)}"], ReceiveOptions.Default, progress: null, Token);
    }

    private async Task<PeerProcess> StartAsync(string store, PeerSettings? settings = null)
    {
        PeerProcess peer = await PeerProcess.StartAsync(store, port: 0, settings);
        peers.Add(peer);
        return peer;
    }

    private async Task<PeerProcess[]> StartOriginalsAsync(int count)
    {
        Assert.SkipUnless(CopiedFolder.IsSupported && !OperatingSystem.IsWindows(), "Needs cp and signals.");
        for (int i = 0; i < count; i++)
        {
            await StartAsync(folder[$"store{i}"]);
        }

        return [.. peers];
    }
}
