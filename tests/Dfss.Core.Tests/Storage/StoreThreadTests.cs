using System.Collections.Concurrent;
using Dfss.Storage;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>
/// An exception that nothing expects, on a store's own threads: the store goes to fail-stop, the process goes on.
/// </summary>
public sealed class StoreThreadTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task On_the_thread_of_a_database_it_fails_every_waiting_write_and_stops_the_store()
    {
        using TemporaryFolder folder = new();
        Directory.CreateDirectory(folder.Path);
        ConcurrentQueue<string> log = new();
        FailStopLatch fault = new(folder.Path, log.Enqueue);
        await using Database database = new(
            Path.Combine(folder.Path, "a.db"), "CREATE TABLE IF NOT EXISTS a (b)", fault);
        TaskCompletionSource isHeld = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using ManualResetEventSlim goOn = new();
        Task<int> first = database.WriteAsync(_ =>
        {
            isHeld.SetResult();
            goOn.Wait(Token);
            return 1;
        });
        await isHeld.Task.WaitAsync(Token);
        Task<int> bad = database.WriteAsync<int>(_ => throw new InvalidOperationException("broken"));
        Task<int> beside = database.WriteAsync(session => session.Execute("INSERT INTO a VALUES (1)"));
        goOn.Set();
        Assert.Equal(1, await first);
        foreach (Task<int> failed in new[] { bad, beside, database.WriteAsync(_ => 2) })
        {
            DfssException error = await Assert.ThrowsAsync<DfssException>(() => failed.WaitAsync(Token));
            Assert.Equal(DfssErrorCode.StoreFailed, error.Code);
            Assert.Contains("met a fault: broken", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(0L, database.Read(session => session.Prepare("SELECT count(*) FROM a").ExecuteScalar()));
        Assert.Contains(nameof(StoreThreadTests), Assert.Single(log), StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_the_end_of_a_write_it_keeps_no_other_write_waiting()
    {
        using TemporaryFolder folder = new();
        Directory.CreateDirectory(folder.Path);
        FailStopLatch fault = new(folder.Path, log: null);
        await using Database database = new(
            Path.Combine(folder.Path, "a.db"), "CREATE TABLE IF NOT EXISTS a (b)", fault);
        database.Enqueue(new BadEnd());
        await Assert.ThrowsAnyAsync<DfssException>(async () =>
        {
            while (true)
            {
                await database.WriteAsync(_ => 1).WaitAsync(Token);
            }
        });
        Assert.IsType<InvalidOperationException>(fault.Cause);
    }

    [Theory]
    [InlineData(nameof(DurableAction.SyncFile))]
    [InlineData(nameof(DurableAction.SyncDirectory))]
    public async Task On_a_thread_that_syncs_chunks_it_fails_the_flush_and_stops_the_store(string action)
    {
        using TemporaryFolder folder = new();
        bool isBroken = false;
        DurableFile files = new(step =>
        {
            if (isBroken && step.Action.ToString() == action)
            {
                throw new InvalidOperationException("broken");
            }
        });
        TaskCompletionSource logged = new(TaskCreationOptions.RunContinuationsAsynchronously);
        void Log(string line)
        {
            if (line.Contains("takes no more writes and votes", StringComparison.Ordinal))
            {
                logged.TrySetResult();
            }
        }

        await using LocalStore store = await LocalStore.OpenAsync(
            folder.Path, new LocalStoreOptions { Log = Log }, files, Token);
        await store.Recovery;
        isBroken = true;
        (ChunkId id, byte[] content) = TestChunks.Make(1, TestChunks.Large);
        await store.Chunks.PutAsync(id, content, Token);
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => store.Chunks.FlushAsync(Token).AsTask().WaitAsync(Token));
        Assert.Equal(DfssErrorCode.StoreFailed, error.Code);
        Assert.Equal("broken", store.Fault?.Message);
        // Another thread writes the line, after it has stopped the store.
        await logged.Task.WaitAsync(TimeSpan.FromSeconds(60), Token);
        error = await Assert.ThrowsAsync<DfssException>(() => store.Chunks.PutAsync(id, content, Token).AsTask());
        Assert.Equal(DfssErrorCode.StoreFailed, error.Code);
    }

    private sealed class BadEnd : DatabaseWrite
    {
        public override void Run(DatabaseSession session)
        {
        }

        public override void Finish(DfssException? error) => throw new InvalidOperationException("bad end");
    }
}
