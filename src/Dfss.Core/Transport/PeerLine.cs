namespace Dfss.Transport;

/// <summary>
/// One of a link's two connections: made when first needed, and again at the next need after it broke or the peer began to drain it.
/// </summary>
/// <param name="connect">Makes a connection.</param>
/// <param name="clock">Tells how long an attempt took.</param>
internal sealed class PeerLine(Func<CancellationToken, Task<ClientChannel>> connect, TimeProvider clock) : IAsyncDisposable
{
    /// <summary>5 s: what a failed attempt is remembered for at most.</summary>
    private static readonly TimeSpan MemoryLimit = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim connecting = new(1, 1);
    private readonly List<ClientChannel> retired = [];
    private volatile ClientChannel? current;
    private DfssException? lastFailure;
    private long lastFailed;
    private TimeSpan lastTook;
    private int failures;
    private bool isDisposed;
    private int waiting;

    /// <summary>Calls under way.</summary>
    public int Waiting => Volatile.Read(ref waiting);

    /// <summary>When a byte last moved, as the clock's timestamp; 0 for never.</summary>
    public long LastByte => current?.LastByte ?? 0;

    /// <summary>
    /// The connection, made where there is none. Callers wait for one attempt and share its failure; cancelled, the next in line makes its
    /// own. An attempt that failed after some time is not made again for as long, 5 s at most: its failure is told at once.
    /// </summary>
    public async ValueTask<ClientChannel> OpenAsync(CancellationToken cancellationToken)
    {
        if (current is { IsUsable: true } open)
        {
            return open;
        }

        int failuresBefore = Volatile.Read(ref failures);
        await connecting.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            if (current is { IsUsable: true } opened)
            {
                return opened;
            }

            if (lastFailure is { } known && (failures != failuresBefore || clock.GetElapsedTime(lastFailed) < lastTook))
            {
                throw known.Retold();
            }

            ClientChannel made = await ConnectAsync(cancellationToken).ConfigureAwait(false);
            retired.RemoveAll(channel => channel.IsClosed);
            if (current is { } old)
            {
                // It may drain still: answers of calls under way come over it.
                retired.Add(old);
            }

            current = made;
            return made;
        }
        finally
        {
            connecting.Release();
        }
    }

    /// <summary>Makes one call.</summary>
    public async ValueTask<Response> CallAsync(PeerCall call, CancellationToken cancellationToken)
    {
        ClientChannel channel = await OpenAsync(cancellationToken).ConfigureAwait(false);
        Interlocked.Increment(ref waiting);
        try
        {
            return await channel.CallAsync(call, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }

    /// <summary>Breaks the connection: calls under way fail with this reason.</summary>
    public void Abort(DfssException reason) => current?.Abort(reason);

    public async ValueTask DisposeAsync()
    {
        await connecting.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            isDisposed = true;
            if (current is { } open)
            {
                await open.DisposeAsync().ConfigureAwait(false);
            }

            foreach (ClientChannel channel in retired)
            {
                await channel.DisposeAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            connecting.Release();
        }
    }

    private async Task<ClientChannel> ConnectAsync(CancellationToken cancellationToken)
    {
        long began = clock.GetTimestamp();
        try
        {
            ClientChannel made = await connect(cancellationToken).ConfigureAwait(false);
            lastFailure = null;
            return made;
        }
        catch (DfssException failure)
        {
            TimeSpan took = clock.GetElapsedTime(began);
            lastTook = took < MemoryLimit ? took : MemoryLimit;
            lastFailed = clock.GetTimestamp();
            lastFailure = failure;
            Interlocked.Increment(ref failures);
            throw;
        }
    }
}
