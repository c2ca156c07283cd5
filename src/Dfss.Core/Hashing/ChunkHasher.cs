namespace Dfss.Hashing;

/// <summary>Hashes chunks for many callers. A chunk that arrives while a slot is free is hashed at once, by its caller.
/// Chunks that arrive while all slots are busy wait; what waits when a slot becomes free is hashed together. So the
/// more chunks there are to hash, the less each costs, and no chunk waits for another to arrive.</summary>
/// <param name="slots">How many batches are hashed at a time.</param>
/// <param name="find">The implementation to use.</param>
/// <param name="unmeasuredBytes">So many bytes are hashed by the platform first: less is not worth a
/// measurement.</param>
internal sealed class ChunkHasher(int slots, Func<WideSha256> find, long unmeasuredBytes)
{
    /// <summary>64 KiB, some 30 microseconds: for less, to wait and to be resumed costs more than lanes gain.</summary>
    public const int MinBytes = 64 << 10;

    /// <summary>128 MiB, which the platform hashes in some 70 ms: to compile and to measure the lanes takes 25
    /// ms.</summary>
    private const long UnmeasuredBytes = 128 << 20;

    private readonly Lock gate = new();
    private readonly Queue<Waiting> queue = new();
    private int busy;
    private long bytes;

    /// <summary>The hasher of the process. All processors but one may hash at a time: while some are idle, a chunk is
    /// hashed sooner alone than in lanes that fill later. Chunks wait, and share lanes, where all are busy.</summary>
    public static ChunkHasher Shared { get; } = new(
        Math.Max(1, Environment.ProcessorCount - 1), () => WideSha256.Current, UnmeasuredBytes);

    /// <summary>The id of a chunk. The content must not change until the task has ended. The task cannot be cancelled,
    /// because it lasts milliseconds.</summary>
    public ValueTask<ChunkId> HashAsync(ReadOnlyMemory<byte> content)
    {
        if (content.Length < MinBytes
            || Interlocked.Add(ref bytes, content.Length) <= unmeasuredBytes
            || !find().HasLanes)
        {
            return new(ChunkId.Of(content.Span));
        }

        lock (gate)
        {
            if (busy == slots)
            {
                Waiting waiting = new(content);
                queue.Enqueue(waiting);
                return new(waiting.Task);
            }

            busy++;
        }

        try
        {
            return new(ChunkId.Of(content.Span));
        }
        finally
        {
            PassSlot();
        }
    }

    /// <summary>Gives the slot to what waits, on another thread: the caller continues with its own chunk.</summary>
    private void PassSlot()
    {
        lock (gate)
        {
            if (queue.Count == 0)
            {
                busy--;
                return;
            }
        }

        ThreadPool.UnsafeQueueUserWorkItem(static hasher => hasher.HashWaiting(), this, preferLocal: false);
    }

    private void HashWaiting()
    {
        Waiting[] batch;
        lock (gate)
        {
            batch = new Waiting[Math.Min(queue.Count, Sha256Lanes.MaxCount)];
            for (int i = 0; i < batch.Length; i++)
            {
                batch[i] = queue.Dequeue();
            }
        }

        ChunkId[] ids = new ChunkId[batch.Length];
        try
        {
            find().Hash(Array.ConvertAll(batch, waiting => waiting.Content), ids);
        }
        catch (Exception error)
        {
            // The callers get it; a fault of one batch must not keep the slot.
            Array.ForEach(batch, waiting => waiting.SetException(error));
            return;
        }
        finally
        {
            PassSlot();
        }

        for (int i = 0; i < batch.Length; i++)
        {
            batch[i].SetResult(ids[i]);
        }
    }

    private sealed class Waiting(ReadOnlyMemory<byte> content)
        : TaskCompletionSource<ChunkId>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public ReadOnlyMemory<byte> Content => content;
    }
}
