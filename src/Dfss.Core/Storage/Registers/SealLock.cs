namespace Dfss.Storage;

/// <summary>
/// Keeps seals and the sweep of garbage apart: any number of seals at once, or one sweep. A waiting sweep blocks new
/// seals, and seals that waited for it go first afterwards, so that neither starves.
/// </summary>
internal sealed class SealLock
{
    private readonly Lock gate = new();
    private int seals;
    private TaskCompletionSource? sealsGone;
    private TaskCompletionSource? sweepOver;

    /// <summary>Enters as a seal.</summary>
    public async Task<IDisposable> EnterSealAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task wait;
            lock (gate)
            {
                if (sweepOver is null)
                {
                    seals++;
                    return new Holder(LeaveSeal);
                }

                wait = sweepOver.Task;
            }

            await wait.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Enters as the sweep, alone.</summary>
    public async Task<IDisposable> EnterSweepAsync(CancellationToken cancellationToken)
    {
        Task wait;
        while (!TryBlock(out wait))
        {
            await wait.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        try
        {
            await wait.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            LeaveSweep();
            throw;
        }

        return new Holder(LeaveSweep);
    }

    /// <summary>Keeps new seals out; then <paramref name="wait"/> is for those inside. Or, where a sweep is before us,
    /// for that one.</summary>
    private bool TryBlock(out Task wait)
    {
        lock (gate)
        {
            if (sweepOver is not null)
            {
                wait = sweepOver.Task;
                return false;
            }

            sweepOver = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            sealsGone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (seals == 0)
            {
                sealsGone.SetResult();
            }

            wait = sealsGone.Task;
            return true;
        }
    }

    private void LeaveSeal()
    {
        lock (gate)
        {
            if (--seals == 0)
            {
                sealsGone?.TrySetResult();
            }
        }
    }

    private void LeaveSweep()
    {
        lock (gate)
        {
            sweepOver!.SetResult();
            sweepOver = null;
            sealsGone = null;
        }
    }

    private sealed class Holder(Action leave) : IDisposable
    {
        private Action? leave = leave;

        public void Dispose() => Interlocked.Exchange(ref leave, null)?.Invoke();
    }
}
