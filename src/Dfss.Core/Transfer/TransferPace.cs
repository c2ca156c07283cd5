namespace Dfss.Transfer;

/// <summary>How fast a transfer may go: by the limit of its client, and by its gate.</summary>
internal sealed class TransferPace(RateLimit limit, TransferGate? gate)
{
    /// <summary>
    /// Does something, with memory for a chunk perhaps, while the transfer is not suspended. What is suspended while it
    /// waits for its turn is begun once more, so that it holds no memory meanwhile: other transfers need it.
    /// </summary>
    public async Task RunAsync(Func<CancellationToken, Task> act, CancellationToken cancellationToken)
    {
        while (true)
        {
            await (gate?.WaitAsync(cancellationToken) ?? Task.CompletedTask).ConfigureAwait(false);
            try
            {
                await act(cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (TransferSuspendedException)
            {
                // It waits at the gate.
            }
        }
    }

    /// <summary>Waits for the turn of this many bytes.</summary>
    /// <exception cref="TransferSuspendedException">
    /// The transfer is suspended. To be called in <see cref="RunAsync"/>, unless there is no gate.
    /// </exception>
    public async ValueTask WaitAsync(long bytes, CancellationToken cancellationToken)
    {
        if (gate is null)
        {
            await limit.WaitAsync(bytes, cancellationToken).ConfigureAwait(false);
            return;
        }

        CancellationToken closing = gate.Closing;
        using CancellationTokenSource either =
            CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, closing);
        long granted;
        try
        {
            granted = await limit.WaitAsync(bytes, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (
            closing.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TransferSuspendedException();
        }

        // The turn came in the moment of the suspension, before the wait was cancelled. It is waited for once more
        // afterwards.
        if (closing.IsCancellationRequested)
        {
            limit.Return(granted);
            throw new TransferSuspendedException();
        }
    }
}

/// <summary>A chunk does not go on as long as its transfer is suspended.</summary>
internal sealed class TransferSuspendedException : Exception;
