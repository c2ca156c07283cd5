using Dfss.Records;
using Dfss.Storage;
using Dfss.Testing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>
/// Quota and minimum free space: what is refused, before a byte is written, and what goes on all the same.
/// </summary>
public sealed class StoreSpaceTests : IDisposable
{
    private const long Quota = 2_000_000;

    private readonly TemporaryFolder folder = new();
    private long free = 1L << 40;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(TestChunks.Small, false)]
    [InlineData(TestChunks.Large, false)]
    [InlineData(TestChunks.Large, true)]
    public async Task A_put_over_the_quota_is_refused_with_the_figures_and_what_is_there_is_there(
        int length, bool inMemory)
    {
        await using LocalStore store = await OpenAsync(inMemory);
        long limit = Quota - (Quota / 64);
        int fitting = (int)(limit / length);
        for (int i = 0; i < fitting; i++)
        {
            Assert.Equal(PutResult.Stored, await PutAsync(store, i, length));
        }

        DfssException full = await Assert.ThrowsAsync<DfssException>(() => PutAsync(store, fitting, length));
        Assert.Equal(DfssErrorCode.StoreFull, full.Code);
        Assert.Contains("its quota is 2,000,000 bytes", full.Message, StringComparison.Ordinal);
        Assert.Contains("-Quota", full.Advice!, StringComparison.Ordinal);
        await store.Chunks.FlushAsync(Token);
        Assert.Equal((fitting, (long)fitting * length), (store.GetUsage().Chunks, store.GetUsage().StoredBytes));
        Assert.Equal(PutResult.AlreadyPresent, await PutAsync(store, 0, length));

        // What goes makes room.
        await store.Chunks.DeleteAsync(TestChunks.Make(0, length).Id, Token);
        Assert.Equal(PutResult.Stored, await PutAsync(store, fitting, length));
    }

    [Fact]
    public async Task A_disk_without_inodes_is_reported_with_the_figures()
    {
        Assert.SkipWhen(SmallDisk.Obstacle is not null, SmallDisk.Obstacle ?? string.Empty);
        using SmallDisk disk = new(Path.Combine(folder.Path, "disk"), "size=64m,nr_inodes=2000");
        await using LocalStore store = await LocalStore.OpenAsync(
            Path.Combine(disk.MountPoint, "store"), new LocalStoreOptions { MinimumFreeBytes = 0 }, Token);
        await Assert.ThrowsAsync<IOException>(async () =>
        {
            for (int i = 0; i <= 2000; i++)
            {
                await File.WriteAllBytesAsync(Path.Combine(disk.MountPoint, $"other{i}"), [], Token);
            }
        });
        DfssException full = await Assert.ThrowsAsync<DfssException>(() => PutAsync(store, 1, TestChunks.Large));
        Assert.Equal(DfssErrorCode.StoreFull, full.Code);
        Assert.Contains(
            "no inodes left: its file system holds at most 2,000 files and folders", full.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void More_peers_than_a_file_can_have_are_an_error_with_advice()
    {
        HomeMember[] members = [.. Enumerable.Range(0, 65).Select(_ => new HomeMember(StoreId.Create(), ["a:1"]))];
        DfssException error = Assert.Throws<DfssException>(() => Dfss.Transfer.HomeFinder.ThrowIfTooMany(members));
        Assert.Contains("at most 64 of them with -Peer", error.Advice!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Puts_at_the_same_time_do_not_overshoot_together()
    {
        await using LocalStore store = await OpenAsync();
        int refused = 0;
        await Parallel.ForAsync(
            0, 200, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Token }, async (i, _) =>
            {
                try
                {
                    await PutAsync(store, i, i % 2 == 0 ? TestChunks.Large : 50_000);
                }
                catch (DfssException error) when (error.Code == DfssErrorCode.StoreFull)
                {
                    Interlocked.Increment(ref refused);
                }
            });
        await store.Chunks.FlushAsync(Token);
        Assert.InRange(store.GetUsage().StoredBytes, Quota / 2, Quota - (Quota / 64));
        Assert.InRange(refused, 160, 190);
    }

    [Fact]
    public async Task A_full_store_still_takes_manifests_and_seals_and_votes()
    {
        await using LocalStore store = await OpenAsync();
        List<ChunkId> ids = [];
        DfssException? full = null;
        for (int i = 0; full is null; i++)
        {
            full = await Record.ExceptionAsync(() => PutAsync(store, i, DfssLimits.MinChunkSize)) as DfssException;
            ids.Add(TestChunks.Make(i, DfssLimits.MinChunkSize).Id);
        }

        FileManifest manifest = Registers.Manifest([.. ids[..^1]]);
        await store.Chunks.PutAsync(manifest.FileId.ToChunkId(), manifest.Encoded, Token);
        Assert.Equal(
            RegisterStatus.Done, (await store.Records.SealAsync([Registers.Seal("a", 1, manifest)], Token))[0].Status);
        Assert.Equal(
            RegisterStatus.Done,
            (await store.Records.AcceptAsync([Registers.Accept("a", 1, manifest.FileId)], Token))[0].Status);

        // Not without end.
        DfssException error = await Assert.ThrowsAsync<DfssException>(async () =>
        {
            for (int i = 0; ; i++)
            {
                FileManifest other = Registers.Manifest([.. Enumerable.Repeat(TestChunks.Make(i, 10).Id, 100)]);
                await store.Chunks.PutAsync(other.FileId.ToChunkId(), other.Encoded, Token);
            }
        });
        Assert.Equal(DfssErrorCode.StoreFull, error.Code);
        Assert.InRange(store.GetUsage().StoredBytes, Quota - 10_000, Quota);
    }

    [Theory]
    [InlineData(TestChunks.Small)]
    [InlineData(TestChunks.Large)]
    public async Task A_put_that_would_leave_too_little_free_is_refused_and_a_manifest_may_take_half_of_it(int length)
    {
        await using LocalStore store = await OpenAsync(minimumFree: 1_000_000, quota: null);
        free = 1_000_000 + length;
        Assert.Equal(PutResult.Stored, await PutAsync(store, 1, length));
        await store.Chunks.FlushAsync(Token);
        free--;
        DfssException full = await Assert.ThrowsAsync<DfssException>(() => PutAsync(store, 2, length));
        Assert.Equal(DfssErrorCode.StoreFull, full.Code);
        Assert.Contains("1,000,000 are to stay free", full.Message, StringComparison.Ordinal);

        FileManifest manifest = Registers.Manifest(TestChunks.Make(1, length).Id);
        free = 500_000 + manifest.Encoded.Length;
        await store.Chunks.PutAsync(manifest.FileId.ToChunkId(), manifest.Encoded, Token);
        await store.Chunks.FlushAsync(Token);
        free--;
        FileManifest other = Registers.Manifest(TestChunks.Make(2, length).Id);
        await Assert.ThrowsAsync<DfssException>(
            () => store.Chunks.PutAsync(other.FileId.ToChunkId(), other.Encoded, Token).AsTask());
        Assert.Equal(length, await store.Chunks.GetAsync(TestChunks.Make(1, length).Id, new byte[length], Token));
    }

    [Fact]
    public async Task What_was_stored_before_a_start_counts_at_once()
    {
        await using (LocalStore before = await OpenAsync())
        {
            for (int i = 0; i < 19; i++)
            {
                await PutAsync(before, i, TestChunks.Large);
            }

            await before.Chunks.FlushAsync(Token);
        }

        await using LocalStore store = await OpenAsync();
        DfssException full = await Assert.ThrowsAsync<DfssException>(() => PutAsync(store, 100, TestChunks.Large));
        Assert.Equal(DfssErrorCode.StoreFull, full.Code);
        Assert.Equal(PutResult.AlreadyPresent, await PutAsync(store, 3, TestChunks.Large));
    }

    [Fact]
    public async Task A_corrupt_chunk_that_could_not_be_kept_counts_once_and_no_more()
    {
        FaultyDisk disk = new();
        await using LocalStore store = await LocalStore.OpenAsync(
            folder.Path, new LocalStoreOptions { QuotaBytes = Quota, FindSpace = _ => (free, 1L << 40) },
            disk.Files, Token);
        ChunkId id = TestChunks.Make(1, TestChunks.Large).Id;
        await PutAsync(store, 1, TestChunks.Large);
        await store.Chunks.FlushAsync(Token);
        StoreFiles.Corrupt(folder.Path, id);
        disk.Fails = step => step.Action == DurableAction.CreateFile;
        Assert.Equal(ChunkState.Corrupt, await store.Verifier.VerifyAsync(id, Token));
        Assert.Equal(ChunkState.Missing, await store.Verifier.VerifyAsync(id, Token));
        Assert.Equal((0, 0L), (store.GetUsage().Chunks, store.GetUsage().StoredBytes));
        disk.Fails = _ => false;
        await PutAsync(store, 1, TestChunks.Large);
        Assert.Equal((1, (long)TestChunks.Large), (store.GetUsage().Chunks, store.GetUsage().StoredBytes));
    }

    [Fact]
    public async Task A_disk_with_ample_space_is_asked_once_for_many_chunks()
    {
        int asked = 0;
        await using LocalStore store = await LocalStore.OpenAsync(
            folder.Path,
            new LocalStoreOptions
            {
                FindSpace = _ =>
                {
                    Interlocked.Increment(ref asked);
                    return (free, 1L << 40);
                },
            },
            Token);
        asked = 0;
        for (int i = 0; i < 100; i++)
        {
            await PutAsync(store, i, TestChunks.Small);
        }

        Assert.Equal(1, asked);
    }

    [Fact]
    public void The_default_leaves_a_twentieth_of_a_small_disk_and_256_MiB_of_others()
    {
        Assert.Equal(1 << 20, StoreSpace.DefaultMinimumFree(20 << 20));
        Assert.Equal(256 << 20, StoreSpace.DefaultMinimumFree(1L << 40));
    }

    private static async Task<PutResult> PutAsync(LocalStore store, int seed, int length)
    {
        (ChunkId id, byte[] content) = TestChunks.Make(seed, length);
        return await store.Chunks.PutAsync(id, content, Token);
    }

    private Task<LocalStore> OpenAsync(bool inMemory = false, long? quota = Quota, long? minimumFree = null) =>
        LocalStore.OpenAsync(
            inMemory ? null : folder.Path,
            new LocalStoreOptions
            {
                QuotaBytes = quota,
                MinimumFreeBytes = minimumFree,
                FindSpace = _ => (free, 1L << 40),
                TimeProvider = new FakeTimeProvider(),
            },
            Token);
}
