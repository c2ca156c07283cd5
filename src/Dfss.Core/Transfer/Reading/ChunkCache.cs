namespace Dfss.Transfer;

/// <summary>
/// The chunks of a stored file around the place where it is read: the last ones used, and, while it is read in order,
/// the next ones, which are fetched ahead. For one reader at a time.
/// </summary>
internal sealed class ChunkCache(StoredContent content) : IAsyncDisposable
{
    /// <summary>6 MiB: the memory of one stream beside what it has in flight, 4 MiB of it fetched ahead.</summary>
    private const int BudgetBytes = 6 << 20;

    /// <summary>2: the chunk that is read and the next one, whatever their size.</summary>
    private const int LeastChunks = 2;

    private readonly int capacity = Math.Max(LeastChunks, BudgetBytes / content.ChunkSize);
    private readonly CancellationTokenSource disposed = new();

    /// <summary>By the time of the last use, the oldest first.</summary>
    private readonly List<CachedChunk> chunks = [];
    private readonly Stack<byte[]> free = new();
    private int lastIndex = -1;
    private int ahead;

    /// <summary>The content of a chunk; valid until the next call.</summary>
    /// <exception cref="DfssException">ChunkNotFound, ChunkCorrupt, PeerUnreachable, FileTampered, FileChanged,
    /// ...</exception>
    public async ValueTask<ReadOnlyMemory<byte>> GetAsync(int index, CancellationToken cancellationToken)
    {
        if (index == lastIndex)
        {
            return chunks[^1].Content;
        }

        // The first chunk alone: an archive is opened by its last one. Then as TCP does, twice as many each time.
        ahead = lastIndex >= 0 && index == lastIndex + 1 ? Math.Clamp(ahead * 2, 1, Math.Max(1, capacity - 2)) : 0;
        lastIndex = -1;
        // What was fetched ahead may have failed long before it is read: it is then fetched once more.
        for (bool isAhead = chunks.Exists(chunk => chunk.Index == index); ; isAhead = false)
        {
            CachedChunk chunk = await UseAsync(index).ConfigureAwait(false);
            for (int next = index + 1; next <= index + ahead && next < content.ChunkCount; next++)
            {
                await UseAsync(next).ConfigureAwait(false);
            }

            chunks.Remove(chunk);
            chunks.Add(chunk);
            try
            {
                await chunk.Filling.WaitAsync(cancellationToken).ConfigureAwait(false);
                lastIndex = index;
                return chunk.Content;
            }
            catch (DfssException)
            {
                // It is tried again when it is read again.
                await DropAsync(chunk).ConfigureAwait(false);
                if (!isAhead)
                {
                    throw;
                }
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await disposed.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(chunks.Select(chunk => chunk.Filling))
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        chunks.ForEach(chunk => chunk.Dispose());
        chunks.Clear();
        free.Clear();
        disposed.Dispose();
    }

    /// <summary>The chunk as the one used last; fetched if it is not there.</summary>
    private async ValueTask<CachedChunk> UseAsync(int index)
    {
        if (chunks.Find(chunk => chunk.Index == index) is { } found)
        {
            chunks.Remove(found);
            chunks.Add(found);
            return found;
        }

        while (chunks.Count >= capacity)
        {
            await DropAsync(chunks[0]).ConfigureAwait(false);
        }

        byte[] memory = free.TryPop(out byte[]? old)
            ? old
            : new byte[(int)Math.Min(content.ChunkSize, content.Length)];
        CachedChunk chunk = new(index, memory.AsMemory(0, content.LengthOf(index)), memory, disposed.Token);
        chunk.Filling = content.ReadAsync(index, chunk.Content, chunk.Stopping);
        chunks.Add(chunk);
        return chunk;
    }

    /// <summary>Gives up a chunk. Its fetch ends first, as it writes into the memory.</summary>
    private async ValueTask DropAsync(CachedChunk chunk)
    {
        chunks.Remove(chunk);
        await chunk.StopAsync().ConfigureAwait(false);
        chunk.Dispose();
        free.Push(chunk.Memory);
    }

    private sealed class CachedChunk(
        int index, Memory<byte> content, byte[] memory, CancellationToken stop) : IDisposable
    {
        private readonly CancellationTokenSource stopping = CancellationTokenSource.CreateLinkedTokenSource(stop);

        public int Index => index;

        public Memory<byte> Content => content;

        public byte[] Memory => memory;

        public CancellationToken Stopping => stopping.Token;

        /// <summary>Its fetch.</summary>
        public Task Filling { get; set; } = Task.CompletedTask;

        public async ValueTask StopAsync()
        {
            if (!Filling.IsCompleted)
            {
                await stopping.CancelAsync().ConfigureAwait(false);
            }

            await Filling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        public void Dispose() => stopping.Dispose();
    }
}
