namespace Dfss.Commands;

/// <content>The results, in the order of the input.</content>
internal sealed partial class FilePump
{
    /// <summary>
    /// Writes the results in the order of the input, as long as they are ready, or become so in time.
    /// </summary>
    /// <param name="waitLimit">Ends the wait for results that are not ready.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    private async Task WriteAsync(CancellationToken waitLimit, CancellationToken cancellationToken)
    {
        StartGroup();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(waitLimit, cancellationToken);
        while (works.TryPeek(out Task<Action>? next))
        {
            await ((Task)next).WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            if (!next.IsCompleted && !ending.IsCancellationRequested)
            {
                waitingSince = time.GetTimestamp();
                return;
            }

            await WriteNextAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Writes the next result when it is ready. If the peers cannot be reached the command ends, but not before it has
    /// written the results of the other files.
    /// </summary>
    private async Task WriteNextAsync(CancellationToken cancellationToken)
    {
        if (await TryWriteAsync(cancellationToken).ConfigureAwait(false) is not { } gone)
        {
            return;
        }

        while (works.Count > 0)
        {
            await TryWriteAsync(cancellationToken).ConfigureAwait(false);
        }

        string message = FormattableString.Invariant(
            $"{gone.Failure.Reason} {activity} ended with '{gone.File.Name}'; files done before: {filesDone}.");
        throw new CmdletException(ErrorRecords.Create(gone.Failure.Copy(message), cmdlet.EndingTarget(gone.Failure)));
    }

    /// <summary>Writes the next result when it is ready.</summary>
    /// <returns>The reason why all works end; null if the next one did not end them.</returns>
    private async Task<PeersGoneException?> TryWriteAsync(CancellationToken cancellationToken)
    {
        // In the queue until its result is known: a work that is still running is ended with the others.
        Task<Action> work = works.Peek();
        await ((Task)work).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        _ = works.Dequeue();
        try
        {
            Action write = await work.ConfigureAwait(false);
            await cmdlet.InvokeAsync(write).ConfigureAwait(false);
            return null;
        }
        catch (PeersGoneException exception)
        {
            return exception;
        }
        catch (OperationCanceledException) when (
            work.IsCanceled && ending.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // Another file's work has ended all; its exception is reported.
            return null;
        }
    }
}
