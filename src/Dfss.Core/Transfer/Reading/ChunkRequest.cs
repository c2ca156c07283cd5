namespace Dfss.Transfer;

/// <summary>One request to one member for one chunk: the request, its memory, and its answer. It owns the
/// memory.</summary>
internal sealed class ChunkRequest : IDisposable
{
    private readonly Home home;
    private readonly NamedChunk chunk;
    private readonly TimeProvider clock;
    private readonly CancellationTokenSource cancellation;
    private ChunkBuffer? buffer;
    private PeerHandle? peer;

    private ChunkRequest(
        Home home, int member, NamedChunk chunk, ChunkBuffer buffer, TimeProvider clock,
        CancellationToken cancellationToken)
    {
        this.home = home;
        this.chunk = chunk;
        this.clock = clock;
        this.buffer = buffer;
        Member = member;
        Length = buffer.Memory.Length;
        AskedAt = clock.GetTimestamp();
        cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Answer = AskAsync(buffer.Memory);
    }

    /// <summary>The member: its index in the home.</summary>
    public int Member { get; }

    /// <summary>The chunk's length.</summary>
    public int Length { get; }

    /// <summary>When it was sent, as the clock's timestamp.</summary>
    public long AskedAt { get; }

    /// <summary>
    /// The answer. A cancelled request throws. In both cases nothing writes into the memory afterwards.
    /// </summary>
    public Task<ChunkAnswer> Answer { get; }

    /// <summary>The store asked; null while it is not reached.</summary>
    public PeerHandle? Peer => Volatile.Read(ref peer);

    /// <summary>How long ago this store sent or took its last byte; null while it is not reached.</summary>
    public TimeSpan? Silence => Peer?.Link.Silence;

    /// <summary>Asks.</summary>
    public static ChunkRequest Ask(
        Home home, int member, NamedChunk chunk, ChunkBuffer buffer, TimeProvider clock,
        CancellationToken cancellationToken) =>
        new(home, member, chunk, buffer, clock, cancellationToken);

    /// <summary>Whether the store has sent and taken nothing for so long that it counts as stalled.</summary>
    public bool IsStalled() => clock.GetElapsedTime(AskedAt) >= HolderHealth.StallTime
        && (Silence is not { } silence || silence >= HolderHealth.StallTime);

    /// <summary>Cancels the request: its answer is not needed any more.</summary>
    public void Cancel() => cancellation.Cancel();

    /// <summary>Hands the memory over; <see cref="Answer"/> has ended.</summary>
    public ChunkBuffer TakeBuffer() => Interlocked.Exchange(ref buffer, null)!;

    /// <summary>Another request continues in this one's place among the chunks in flight.</summary>
    public void GiveSlotTo(ChunkBuffer other) => buffer?.GiveSlotTo(other);

    /// <summary>This request continues in the place of another's memory among the chunks in flight.</summary>
    public void TakeSlotOf(ChunkBuffer other)
    {
        if (buffer is not null)
        {
            other.GiveSlotTo(buffer);
        }
    }

    public void Dispose()
    {
        TakeBuffer()?.Dispose();
        cancellation.Dispose();
    }

    private async Task<ChunkAnswer> AskAsync(Memory<byte> destination)
    {
        try
        {
            if (await home.ReachAsync(Member, cancellation.Token).ConfigureAwait(false) is not PeerHandle reached)
            {
                return new ChunkAnswer(Length: null, Error: null);
            }

            Volatile.Write(ref peer, reached);
            int? length = await reached.GetAsync(chunk, destination, cancellation.Token).ConfigureAwait(false);
            return new ChunkAnswer(length, Error: null);
        }
        catch (DfssException error)
        {
            return new ChunkAnswer(Length: null, error);
        }
    }
}

/// <summary>The result of asking one member for a chunk.</summary>
/// <param name="Length">How many bytes of the chunk it gave; null for none.</param>
/// <param name="Error">What went wrong, if anything.</param>
internal readonly record struct ChunkAnswer(int? Length, DfssException? Error);
