using System.Collections.Concurrent;
using Dfss.Storage;
using Dfss.Testing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>A store whose steps are recorded, and fail as a test says.</summary>
public abstract class SegmentFaultRig : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly Lock gate = new();

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    protected string Store => folder.Path;

    internal List<DurableStep> Steps { get; } = [];

    internal Func<DurableStep, Exception?> Fails { get; set; } = _ => null;

    internal Func<DurableStep, Exception?> ReadFails { get; set; } = _ => null;

    internal ConcurrentQueue<string> Log { get; } = new();

    public void Dispose()
    {
        folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected static bool IsOfIndex(DurableStep step) => step.Action == DurableAction.CreateFile
        && step.Path.EndsWith(".index.tmp", StringComparison.Ordinal);

    private protected static async Task DeleteAsync(LocalStore store, params ChunkId[] ids)
    {
        foreach (ChunkId id in ids)
        {
            await store.Chunks.DeleteAsync(id, Token);
        }

        // Nothing else is that old.
        await store.Collector.CollectAsync(TimeSpan.FromHours(1), Token);
    }

    private protected static async Task<ChunkId[]> PutAsync(
        LocalStore store, int first, int count, int length = TestChunks.Large)
    {
        (ChunkId Id, byte[] Content)[] chunks = [
            .. Enumerable.Range(first, count).Select(i => TestChunks.Make(i, length))];
        foreach ((ChunkId id, byte[] content) in chunks)
        {
            await store.Chunks.PutAsync(id, content, Token);
        }

        await store.Chunks.FlushAsync(Token);
        return [.. chunks.Select(chunk => chunk.Id)];
    }

    private protected static async Task AssertWholeAsync(LocalStore store, ChunkId[] ids)
    {
        foreach (ChunkId id in ids)
        {
            Assert.NotNull(((IDurableChunkStore)store.Chunks).GetDurableLength(id));
            Assert.Equal(ChunkState.Good, await store.Verifier.VerifyAsync(id, Token));
        }
    }

    private protected async Task<ChunkId[]> PutAndCloseAsync(int first, int count, int length)
    {
        await using LocalStore store = await OpenAsync();
        return await PutAsync(store, first, count, length);
    }

    private protected Task<LocalStore> OpenAsync() => LocalStore.OpenAsync(
        Store, new LocalStoreOptions { Log = Log.Enqueue, TimeProvider = new FakeTimeProvider() },
        new DurableFile(BeforeStep), Token);

    /// <summary>Opens it; what its recovery cannot do, it does not try again.</summary>
    private protected async Task<LocalStore> OpenRecoveredAsync()
    {
        LocalStore store = await OpenAsync();
        await store.Recovery.ContinueWith(_ => { }, Token, TaskContinuationOptions.None, TaskScheduler.Default);
        return store;
    }

    /// <summary>From here on nothing reaches the disk, as if the process had been killed.</summary>
    private protected void Kill() => Fails = _ => new IOException("The process was killed.");

    /// <summary>Removes the indexes, as a damaged disk may.</summary>
    private protected void RemoveIndexes() =>
        Array.ForEach(Directory.GetFiles(StoreFiles.FolderOf(Store), "*.index"), File.Delete);

    /// <summary>Appends bytes to the only segment, as a write that was torn leaves them.</summary>
    private protected async Task AppendAsync(byte[] bytes)
    {
        await using FileStream file = File.OpenWrite(StoreFiles.Segments(Store).Single());
        file.Seek(0, SeekOrigin.End);
        await file.WriteAsync(bytes, Token);
    }

    private protected static byte[] RecordHeader(ChunkId id, int length)
    {
        byte[] header = new byte[SegmentFormat.RecordHeaderBytes];
        SegmentFormat.WriteRecordHeader(header, id, length);
        return header;
    }

    private void BeforeStep(DurableStep step)
    {
        if (step.Action == DurableAction.ReadFile)
        {
            if (ReadFails(step) is { } unread)
            {
                throw unread;
            }

            return;
        }

        lock (gate)
        {
            Steps.Add(step);
        }

        if (Fails(step) is { } failure)
        {
            throw failure;
        }
    }
}
