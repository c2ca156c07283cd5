namespace Dfss.Transfer;

/// <summary>
/// A file that a host has open for its client. It is closed when the calls under way have ended: a client that stops
/// does not wait for their answers before it closes the file.
/// </summary>
internal sealed class KeptTarget(IOpenItemTarget target, ItemFacts facts) : IAsyncDisposable
{
    private readonly TaskCompletionSource idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock gate = new();
    private int uses;
    private bool isClosing;

    /// <summary>Begins a call; dispose the use when the call has ended.</summary>
    /// <exception cref="DfssException">InvalidArgument: the file is being closed.</exception>
    public Use Enter()
    {
        lock (gate)
        {
            if (isClosing)
            {
                throw new DfssException(DfssErrorCode.InvalidArgument, "The file is not open any more.");
            }

            uses++;
            return new Use(this);
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            isClosing = true;
            if (uses == 0)
            {
                idle.TrySetResult();
            }
        }

        await idle.Task.ConfigureAwait(false);
        await target.DisposeAsync().ConfigureAwait(false);
    }

    private void Leave()
    {
        lock (gate)
        {
            uses--;
            if (isClosing && uses == 0)
            {
                idle.TrySetResult();
            }
        }
    }

    /// <summary>One call's use of the file.</summary>
    internal readonly struct Use(KeptTarget kept) : IDisposable
    {
        public IOpenItemTarget Target => kept.Opened;

        public ItemFacts Facts => kept.OpenedFacts;

        public void Dispose() => kept.Leave();
    }

    private IOpenItemTarget Opened => target;

    private ItemFacts OpenedFacts => facts;
}
