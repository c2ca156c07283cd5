using Microsoft.Data.Sqlite;

namespace Dfss.Storage;

/// <summary>Small chunks as rows of chunks.db. A put keeps the bytes in memory, where they can be read at once, and
/// queues the row; the database's thread writes what has gathered in one transaction. So a hundred small puts cost one
/// sync, a flush waits for one, and until then a put promises no more than a file in the page cache would.</summary>
#pragma warning disable CA1001 // A semaphore whose wait handle is never used has nothing to dispose.
internal sealed class SmallChunkTable(Database database)
#pragma warning restore CA1001
{
    /// <summary>64 KiB: a row up to there is written faster than a file with its sync and rename; above it the copies
    /// weigh more.</summary>
    public const int MaxLength = 64 << 10;

    // At most 512 * 64 KiB = 32 MiB in memory.
    private const int MaxWaiting = 512;

    /// <summary>The statement that makes it.</summary>
    public const string Schema =
        "CREATE TABLE IF NOT EXISTS chunk (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, content BLOB NOT NULL)";

    private readonly SemaphoreSlim room = new(MaxWaiting);
    private readonly Lock gate = new();
    private readonly Dictionary<ChunkId, byte[]> waiting = [];
    private long waitingBytes;
    private DfssException? untold;
    private long chunks;
    private long bytes;

    /// <summary>Chunks and bytes in the table and on their way there; until <see cref="CountRows"/> has ended, those
    /// that came since the start.</summary>
    public (long Chunks, long Bytes) Count
    {
        get
        {
            lock (gate)
            {
                return (
                    waiting.Count + Math.Max(0, Interlocked.Read(ref chunks)),
                    waitingBytes + Math.Max(0, Interlocked.Read(ref bytes)));
            }
        }
    }

    /// <summary>Chunks and bytes that are not yet on the disk.</summary>
    public (int Chunks, long Bytes) Waiting
    {
        get
        {
            lock (gate)
            {
                return (waiting.Count, waitingBytes);
            }
        }
    }

    /// <summary>Holds fast what is in the table now, for <see cref="CountRows"/>. Before the first change.</summary>
    public DatabaseSession BeginCount() => database.OpenSnapshot("SELECT 1 FROM chunk LIMIT 1");

    /// <summary>Adds what the snapshot holds to the count; whatever changes meanwhile counts itself.</summary>
    public void CountRows(DatabaseSession snapshot, CancellationToken cancellationToken)
    {
        long last = long.MinValue;
        long total = 0, length = 0;
        bool isMore = true;
        while (isMore)
        {
            cancellationToken.ThrowIfCancellationRequested();
            (isMore, last, total, length) = database.Guarded(() => CountPage(snapshot, last, total, length));
        }

        Interlocked.Add(ref chunks, total);
        Interlocked.Add(ref bytes, length);
    }

    /// <summary>Keeps a verified chunk that is not there. Readable on return.</summary>
    public async ValueTask<PutResult> PutAsync(
        ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        await room.WaitAsync(cancellationToken).ConfigureAwait(false);
        bool isTaken = false;
        try
        {
            isTaken = TryTake(id, content.ToArray());
            return isTaken ? PutResult.Stored : PutResult.AlreadyPresent;
        }
        finally
        {
            if (!isTaken)
            {
                room.Release();
            }
        }
    }

    /// <summary>Waits until every chunk put before is on stable storage.</summary>
    /// <exception cref="DfssException">Since the last flush some could not be made durable; they are missing
    /// again.</exception>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        bool isIdle;
        lock (gate)
        {
            isIdle = waiting.Count == 0;
        }

        if (!isIdle)
        {
            // The queue keeps its order: once this has been written, so has everything before it.
            await database.WriteAsync(_ => true).WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        DfssException? error;
        lock (gate)
        {
            (error, untold) = (untold, null);
        }

        if (error is not null)
        {
            throw error.Copy();
        }
    }

    /// <summary>Reads a chunk; null where it is absent.</summary>
    public byte[]? Get(ChunkId id)
    {
        lock (gate)
        {
            if (waiting.TryGetValue(id, out byte[]? content))
            {
                return content;
            }
        }

        return database.Read(
            session => (byte[]?)session.Prepare(
                "SELECT content FROM chunk WHERE id = $1", id.ToByteArray()).ExecuteScalar());
    }

    /// <summary>The length of a chunk; null where it is absent.</summary>
    public int? LengthOf(ChunkId id)
    {
        lock (gate)
        {
            if (waiting.TryGetValue(id, out byte[]? content))
            {
                return content.Length;
            }
        }

        return DurableLengthOf(id);
    }

    /// <summary>The length of a chunk that is on stable storage: reads see only what has been committed.</summary>
    public int? DurableLengthOf(ChunkId id) => (int?)(long?)database.Read(
        // length() of a blob reads the row's header only.
        session => session.Prepare(
            "SELECT length(content) FROM chunk WHERE id = $1", id.ToByteArray()).ExecuteScalar());

    /// <summary>The ids that begin with this byte.</summary>
    public List<ChunkId> Enumerate(int firstByte)
    {
        List<ChunkId> ids = database.Read(session => ReadIds(session, (byte)firstByte));
        lock (gate)
        {
            ids.AddRange(waiting.Keys.Where(id => id.ToByteArray()[0] == firstByte));
        }

        return ids;
    }

    /// <summary>Removes a chunk.</summary>
    public async Task DeleteAsync(ChunkId id)
    {
        // Absent stays absent without a commit. What waits is written first, then removed: the queue keeps its order.
        if (LengthOf(id) is not { } length)
        {
            return;
        }

        int removed = await database.WriteAsync(
            session => session.Execute("DELETE FROM chunk WHERE id = $1", id.ToByteArray())).ConfigureAwait(false);
        Interlocked.Add(ref chunks, -removed);
        Interlocked.Add(ref bytes, -removed * (long)length);
    }

    /// <summary>Removes a chunk if it has just this content; false where it has another, or is absent.</summary>
    public async Task<bool> TryDeleteAsync(ChunkId id, ReadOnlyMemory<byte> content)
    {
        byte[] copy = content.ToArray();
        int removed = await database.WriteAsync(session => session.Execute(
            "DELETE FROM chunk WHERE id = $1 AND content = $2", id.ToByteArray(), copy)).ConfigureAwait(false);
        Interlocked.Add(ref chunks, -removed);
        Interlocked.Add(ref bytes, -removed * (long)copy.Length);
        return removed > 0;
    }

    private static List<ChunkId> ReadIds(DatabaseSession session, byte firstByte)
    {
        List<ChunkId> ids = [];
        byte[] beyond = new byte[ChunkId.SizeBytes + 1];
        Array.Fill(beyond, byte.MaxValue);
        beyond[0] = firstByte;
        using SqliteDataReader rows = session.Prepare(
            "SELECT id FROM chunk WHERE id >= $1 AND id < $2", new[] { firstByte }, beyond).ExecuteReader();
        while (rows.Read())
        {
            ids.Add(new ChunkId(rows.GetFieldValue<byte[]>(0)));
        }

        return ids;
    }

    private static (bool IsMore, long Last, long Chunks, long Bytes) CountPage(
        DatabaseSession snapshot, long last, long chunks, long bytes)
    {
        using SqliteDataReader row = snapshot.Prepare(
            "SELECT max(number), count(*), sum(length(content)) FROM "
            + "(SELECT number, content FROM chunk WHERE number > $1 ORDER BY number LIMIT 4096)", last).ExecuteReader();
        row.Read();
        return row.IsDBNull(0)
            ? (false, last, chunks, bytes)
            : (true, row.GetInt64(0), chunks + row.GetInt64(1), bytes + row.GetInt64(2));
    }

    /// <summary>Queues the row and makes it visible in one step: a caller that finds it here and then flushes queues
    /// behind it.</summary>
    private bool TryTake(ChunkId id, byte[] content)
    {
        lock (gate)
        {
            if (waiting.ContainsKey(id))
            {
                return false;
            }

            database.Enqueue(new Insert(this, id, content));
            waiting.Add(id, content);
            waitingBytes += content.Length;
            return true;
        }
    }

    private void Finish(ChunkId id, int length, bool isNew, DfssException? error)
    {
        lock (gate)
        {
            if (error is null && isNew)
            {
                Interlocked.Increment(ref chunks);
                Interlocked.Add(ref bytes, length);
            }

            // Together: a flush that finds nothing waiting must find the failure.
            untold = error ?? untold;
            waiting.Remove(id);
            waitingBytes -= length;
        }

        room.Release();
    }

    private sealed class Insert(SmallChunkTable table, ChunkId id, byte[] content) : DatabaseWrite
    {
        private bool isNew;

        public override void Run(DatabaseSession session) => isNew = session.Execute(
            "INSERT INTO chunk (id, content) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING", id.ToByteArray(),
            content) > 0;

        public override void Finish(DfssException? error) => table.Finish(id, content.Length, isNew, error);
    }
}
