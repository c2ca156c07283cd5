using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <content>The work on one file.</content>
internal sealed partial class FilePump
{
    /// <summary>Works on one file when its turn has come.</summary>
    /// <returns>The action that writes its result, or its error, to the pipeline.</returns>
    /// <exception cref="PeersGoneException">No further file can succeed either.</exception>
    private async Task<Action> WorkAsync(FileWork file, SemaphoreSlim turns)
    {
        await turns.WaitAsync(ending.Token).ConfigureAwait(false);
        IProgress<TransferProgress>? shown = progress?.Track(file.Name, file.Length);
        try
        {
            return file.Description is null
                ? await RunAsync(file, shown, ending.Token).ConfigureAwait(false)
                : await RunTrackedAsync(file, file.Description, shown).ConfigureAwait(false);
        }
        catch (DfssException exception)
        {
            if (!ErrorRecords.IsAboutThePeers(exception)
                || (!exception.IsOfDestination && CanOthersSucceed(file.Home, file.IsObject)))
            {
                ErrorRecord error = ErrorRecords.Create(file.Tell(exception), file.Target);
                return () => cmdlet.Fail(error);
            }

            await ending.CancelAsync().ConfigureAwait(false);
            throw new PeersGoneException(file, exception);
        }
        finally
        {
            if (shown is not null)
            {
                progress!.Finish(shown);
            }

            turns.Release();
        }
    }

    private async Task<Action> RunAsync(
        FileWork file, IProgress<TransferProgress>? tracked, CancellationToken cancellationToken)
    {
        Action write = await file.RunAsync(tracked, cancellationToken).ConfigureAwait(false);
        return () =>
        {
            // Counted first: a downstream command may end the pipeline although the file is done.
            filesDone++;
            bytesDone += file.Length;
            write();
        };
    }

    /// <summary>Works on a file as a transfer that Get-DfssTransfer shows.</summary>
    private async Task<Action> RunTrackedAsync(
        FileWork file, TransferDescription description, IProgress<TransferProgress>? shown)
    {
        using TrackedTransfer transfer = ProcessTransfers.Registry.Begin(description, cmdlet.Client);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ending.Token, transfer.StopToken);
        try
        {
            Action write = await RunAsync(
                file, new TransferProgressTee(transfer, shown), stop.Token).ConfigureAwait(false);
            transfer.Succeed();
            return write;
        }
        catch (DfssException exception)
        {
            transfer.Fail(file.Tell(exception));
            throw;
        }
        catch (OperationCanceledException) when (
            transfer.StopToken.IsCancellationRequested && !ending.IsCancellationRequested)
        {
            return () => cmdlet.Fail(ErrorRecords.Create(
                "TransferStopped", ErrorCategory.OperationStopped, file.Target,
                $"The transfer of '{file.Name}' was stopped. What was moved is kept.",
                "Run the command again, or, for a file of over 8 MiB, Resume-DfssTransfer: it goes on from "
                    + "where it was."));
        }
    }
}
