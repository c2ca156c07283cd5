using System.Runtime.CompilerServices;

namespace Dfss.Transport;

/// <summary>
/// One of a link's two connections. It is opened when it is first needed, and reopened at the next call after it broke
/// or the peer began to drain it.
/// </summary>
/// <param name="connect">Opens a connection.</param>
/// <param name="wasReached">Whether the peer has been reached before.</param>
/// <param name="clock">Measures how long an attempt took.</param>
internal sealed class PeerLine(
    Func<CancellationToken, Task<ClientChannel>> connect, Func<bool> wasReached, TimeProvider clock) : IAsyncDisposable
{
    private readonly SemaphoreSlim connecting = new(1, 1);
    private readonly List<ClientChannel> retired = [];
    private volatile ClientChannel? current;
    private DfssException? lastFailure;
    private FailureMemory? memory;
    private int failures;
    private bool isDisposed;
    private int waiting;
    private long attemptBegan;

    /// <summary>The number of calls under way.</summary>
    public int Waiting => Volatile.Read(ref waiting);

    /// <summary>
    /// How long the peer has owed an answer without a byte moving: to an attempt to connect, or to a call; null if it
    /// owes none.
    /// </summary>
    public TimeSpan? AwaitedFor => Volatile.Read(ref attemptBegan) is not 0 and long began
        ? clock.GetElapsedTime(began)
        : Waiting > 0 ? clock.GetElapsedTime(LastByte) : null;

    /// <summary>Whether there is a connection that takes calls.</summary>
    public bool IsOpen => current is { IsUsable: true };

    /// <summary>When a byte last moved, as the clock's timestamp; 0 for never.</summary>
    public long LastByte => current?.LastByte ?? 0;

    /// <summary>
    /// The connection, opened if there is none. Concurrent callers wait for one attempt and share its failure; if that
    /// attempt is cancelled, the next caller in the queue makes its own. After a failed attempt, callers get its
    /// failure at once for 5 s. Of a peer that was reached before, which may be restarting, they get it for as long as
    /// the attempt took, at most 5 s.
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

            if (lastFailure is { } known && (failures != failuresBefore || memory?.IsOver(clock) == false))
            {
                throw known.Copy();
            }

            ClientChannel made = await ConnectAsync(cancellationToken).ConfigureAwait(false);
            retired.RemoveAll(channel => channel.IsClosed);
            if (current is { } old)
            {
                // It may still drain: the answers to calls under way arrive on it.
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
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
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
        Volatile.Write(ref attemptBegan, began);
        try
        {
            ClientChannel made = await connect(cancellationToken).ConfigureAwait(false);
            lastFailure = null;
            memory = null;
            return made;
        }
        catch (DfssException failure)
        {
            memory = FailureMemory.Note(memory, clock, wasReached() ? clock.GetElapsedTime(began) : null);
            lastFailure = failure;
            Interlocked.Increment(ref failures);
            throw;
        }
        finally
        {
            Volatile.Write(ref attemptBegan, 0);
        }
    }
}
