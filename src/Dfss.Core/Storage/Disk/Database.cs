using Microsoft.Data.Sqlite;

namespace Dfss.Storage;

/// <summary>A change of a <see cref="Database"/>, made in one transaction with the other waiting changes.</summary>
internal abstract class DatabaseWrite
{
    /// <summary>
    /// Makes the change, on the database's own thread. May run twice, if another change in the transaction failed for
    /// lack of space.
    /// </summary>
    public abstract void Run(DatabaseSession session);

    /// <summary>Called once: the change is on stable storage (null), or is not and never will be.</summary>
    public abstract void Finish(DfssException? error);
}

/// <summary>
/// One SQLite file in WAL mode with synchronous=FULL. All writes go through one thread, and waiting ones share one
/// transaction and so one sync of the disk (group commit). Reads run on the callers' threads, on connections of their
/// own, and see what has been committed.
/// </summary>
/// <remarks>
/// A commit that fails for lack of space is rolled back, and its changes are tried one by one. Any other failure is
/// final: pages that the kernel could not write may be gone from its cache too, and a later commit would build on them.
/// So it sets the store's fail-stop latch, as does an unexpected exception: the thread, and with it the process,
/// continues.
/// </remarks>
internal sealed class Database : IAsyncDisposable
{
    // SQLITE_FULL.
    private const int DatabaseFull = 13;

    private readonly string path;
    private readonly string storePath;
    private readonly FailStopLatch fault;
    private readonly DatabaseSession writer;
    private readonly Stack<DatabaseSession> readers = [];
    private readonly object gate = new();
    private readonly TaskCompletionSource writerEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private List<DatabaseWrite> waiting = [];
    private bool isClosing;

    /// <summary>
    /// Opens or creates the file; content that a crash left in the log is moved into the file at once.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="schema">Statements that create the missing tables.</param>
    /// <param name="fault">The store's fail-stop latch.</param>
    public Database(string path, string schema, FailStopLatch fault)
    {
        this.path = path;
        storePath = Path.GetDirectoryName(path)!;
        this.fault = fault;
        writer = Guarded(() => DatabaseSession.OpenWriter(path, schema));
        new Thread(WriteUntilClosed) { IsBackground = true, Name = $"dfss {Path.GetFileName(path)}" }.Start();
    }

    /// <summary>Queues a change. Its <see cref="DatabaseWrite.Finish"/> gets the result.</summary>
    public void Enqueue(DatabaseWrite write)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isClosing, this);
            waiting.Add(write);
            Monitor.Pulse(gate);
        }
    }

    /// <summary>Makes a change and waits until it is on stable storage.</summary>
    public Task<T> WriteAsync<T>(Func<DatabaseSession, T> change)
    {
        var write = new AwaitedWrite<T>(change);
        Enqueue(write);
        return write.Result;
    }

    /// <summary>Reads what has been committed.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFailed"/>.</exception>
    public T Read<T>(Func<DatabaseSession, T> query)
    {
        DatabaseSession? session;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isClosing, this);
            readers.TryPop(out session);
        }

        session ??= Guarded(() => DatabaseSession.OpenReader(path));
        try
        {
            return Guarded(() => query(session));
        }
        finally
        {
            Return(session);
        }
    }

    /// <summary>Writes what waits, and closes.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            isClosing = true;
            Monitor.Pulse(gate);
        }

        await writerEnded.Task.ConfigureAwait(false);
        foreach (DatabaseSession reader in readers)
        {
            reader.Dispose();
        }

        readers.Clear();
        writer.Dispose();
    }

    private void Return(DatabaseSession session)
    {
        lock (gate)
        {
            if (!isClosing)
            {
                readers.Push(session);
                return;
            }
        }

        session.Dispose();
    }

    private void WriteUntilClosed()
    {
        while (true)
        {
            List<DatabaseWrite> batch;
            lock (gate)
            {
                while (waiting.Count == 0 && !isClosing)
                {
                    Monitor.Wait(gate);
                }

                if (waiting.Count == 0)
                {
                    break;
                }

                batch = waiting;
                waiting = [];
            }

            Commit(batch);
        }

        writerEnded.SetResult();
    }

    private void Commit(List<DatabaseWrite> batch)
    {
        DfssException? error = TryCommit(batch);
        if (error is { Code: DfssErrorCode.StoreFull } && batch.Count > 1)
        {
            // One of them may not fit; it must not fail the others.
            foreach (DatabaseWrite write in batch)
            {
                Finish(write, TryCommit([write]));
            }

            return;
        }

        foreach (DatabaseWrite write in batch)
        {
            Finish(write, error);
        }
    }

    /// <summary>A fault in one write's end keeps it from no other write.</summary>
    private void Finish(DatabaseWrite write, DfssException? error)
    {
        try
        {
            write.Finish(error);
        }
        catch (Exception exception)
        {
            // The edge of the thread: an exception here would end the process. It is unknown which steps were not done.
            fault.Set(exception);
        }
    }

    private DfssException? TryCommit(List<DatabaseWrite> batch)
    {
        if (fault.Cause is { } cause)
        {
            return fault.Refusal(cause);
        }

        try
        {
            writer.Execute("BEGIN IMMEDIATE");
            foreach (DatabaseWrite write in batch)
            {
                write.Run(writer);
            }

            writer.Execute("COMMIT");
            return null;
        }
        catch (SqliteException exception) when (writer.IsOutOfSpace(exception))
        {
            writer.RollBack();
            return StoreErrors.Full(storePath, exception);
        }
        catch (Exception exception)
        {
            // Any other failure of SQLite, and the edge of the thread: an exception here would end the process.
            fault.Set(exception);
            writer.RollBack();
            return exception is SqliteException
                ? StoreErrors.Failed(storePath, exception)
                : StoreErrors.Fault(storePath, exception);
        }
    }

    /// <summary>Runs a query; what SQLite says of its failure is told as the store's.</summary>
    private T Guarded<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (SqliteException exception)
        {
            throw exception.SqliteErrorCode == DatabaseFull
                ? StoreErrors.Full(storePath, exception)
                : StoreErrors.Failed(storePath, exception);
        }
    }

    private sealed class AwaitedWrite<T>(Func<DatabaseSession, T> change) : DatabaseWrite
    {
        private readonly TaskCompletionSource<T> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? result;

        public Task<T> Result => completion.Task;

        public override void Run(DatabaseSession session) => result = change(session);

        public override void Finish(DfssException? error)
        {
            if (error is null)
            {
                completion.SetResult(result!);
            }
            else
            {
                completion.SetException(error);
            }
        }
    }
}
