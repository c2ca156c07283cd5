namespace Dfss.Faults;

/// <summary>The faults of a peer, shared by the parts that make them.</summary>
/// <param name="clock">Measures the delay.</param>
internal sealed class FaultSwitch(TimeProvider clock)
{
    private readonly Lock gate = new();
    private volatile PeerFaults current = PeerFaults.None;
    private volatile TaskCompletionSource alive = CreateAlive();
    private long requests;
    private bool isEnded;

    /// <summary>The faults at this moment.</summary>
    public PeerFaults Current => current;

    /// <summary>Ends when the peer is not dead; has ended where it is not.</summary>
    public Task WhenAlive => alive.Task;

    /// <summary>Called when connections are to break.</summary>
    public event Action? Severed;

    /// <summary>Changes the faults.</summary>
    /// <exception cref="ObjectDisposedException">The peer has been stopped.</exception>
    public void Set(PeerFaults next)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isEnded, typeof(FaultyPeer));
            current = next;
            if (next.Outage != PeerOutage.Dead)
            {
                alive.TrySetResult();
            }
            else if (alive.Task.IsCompleted)
            {
                alive = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        if (next.Outage == PeerOutage.Refused)
        {
            Severed?.Invoke();
        }
    }

    /// <summary>Ends all faults for good: a peer that is dead could not stop.</summary>
    public void End()
    {
        lock (gate)
        {
            isEnded = true;
            current = PeerFaults.None;
            alive.TrySetResult();
        }
    }

    /// <summary>Holds a request back for the delay.</summary>
    /// <returns>Whether it is handled; false: its connection is to break.</returns>
    public async ValueTask<bool> AdmitAsync(CancellationToken cancellationToken)
    {
        PeerFaults faults = current;
        long number = Interlocked.Increment(ref requests);
        if (faults.Delay > TimeSpan.Zero)
        {
            await Task.Delay(faults.Delay, clock, cancellationToken).ConfigureAwait(false);
        }

        return faults.DropEvery == 0 || number % faults.DropEvery != 0;
    }

    private static TaskCompletionSource CreateAlive()
    {
        TaskCompletionSource source = new();
        source.SetResult();
        return source;
    }
}
