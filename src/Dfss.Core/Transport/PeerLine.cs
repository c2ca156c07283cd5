namespace Dfss.Transport;

/// <summary>
/// One of a link's two connections: made when first needed, and again at the next need after it broke or the peer began to drain it.
/// </summary>
/// <param name="connect">Makes a connection.</param>
internal sealed class PeerLine(Func<CancellationToken, Task<ClientChannel>> connect) : IAsyncDisposable
{
    private readonly SemaphoreSlim connecting = new(1, 1);
    private readonly List<ClientChannel> retired = [];
    private volatile ClientChannel? current;
    private bool isDisposed;
    private int waiting;

    /// <summary>Calls under way.</summary>
    public int Waiting => Volatile.Read(ref waiting);

    /// <summary>When a byte last moved, as the clock's timestamp; 0 for never.</summary>
    public long LastByte => current?.LastByte ?? 0;

    /// <summary>The connection, made where there is none. Callers wait for one attempt; cancelled, the next in line makes its own.</summary>
    public async ValueTask<ClientChannel> OpenAsync(CancellationToken cancellationToken)
    {
        if (current is { IsUsable: true } open)
        {
            return open;
        }

        await connecting.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            if (current is { IsUsable: true } opened)
            {
                return opened;
            }

            ClientChannel made = await connect(cancellationToken).ConfigureAwait(false);
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
}
