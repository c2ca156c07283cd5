using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// A cmdlet that works on many files, several at once. Input is read ahead, at most <see cref="MaxWaitingFiles"/> files
/// or
/// <see cref="MaxWaitingBytes"/> bytes, then worked through <see cref="FilesAtOnce"/> at a time; results come as they
/// are ready.
/// One bad file is a non-terminating error. Peers that cannot be spoken with end the command.
/// </summary>
public abstract class TransferCmdlet : ClientCmdlet
{
    /// <summary>
    /// 4: a small file is mostly round trips and one flush at the peer, and four of them overlap well.
    /// </summary>
    internal const int FilesAtOnce = 4;

    /// <summary>
    /// 64: sixteen rounds of <see cref="FilesAtOnce"/>, so that the pause between two read-aheads does not count.
    /// </summary>
    internal const int MaxWaitingFiles = 64;

    /// <summary>32 MiB: some tenths of a second on a fast link; a larger file starts at once.</summary>
    internal const long MaxWaitingBytes = 32L << 20;

    private readonly List<FileWork> waiting = [];
    private long waitingBytes;
    private ProgressReporter? progress;

    /// <summary>Chunks in flight at one moment, over all files and peers.</summary>
    [Parameter(HelpMessage = "Chunks in flight at one moment, over all files and peers (1-256).")]
    [ValidateRange(1, 256)]
    public int ThrottleLimit { get; set; } = TransferOptions.DefaultThrottleLimit;

    /// <summary>What the progress bar says is being done.</summary>
    private protected abstract string Activity { get; }

    /// <inheritdoc/>
    private protected override TransferOptions CreateOptions() =>
        base.CreateOptions() with { ThrottleLimit = ThrottleLimit };

    /// <summary>Takes a file's work; it runs now or soon, at the latest when the input ends.</summary>
    private protected async Task EnqueueAsync(FileWork work, CancellationToken cancellationToken)
    {
        progress ??= new ProgressReporter(Activity, ShowProgress, TimeProvider.System);
        progress.Expect(work.Length);
        waiting.Add(work);
        waitingBytes += work.Length;
        if (waiting.Count >= MaxWaitingFiles || waitingBytes >= MaxWaitingBytes)
        {
            await WorkThroughAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    private protected override Task EndAsync(CancellationToken cancellationToken) =>
        WorkThroughAsync(cancellationToken);

    private async Task WorkThroughAsync(CancellationToken cancellationToken)
    {
        FileWork[] files = [.. waiting];
        waiting.Clear();
        waitingBytes = 0;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        CmdletException? lastError = null;
        var options = new ParallelOptions { MaxDegreeOfParallelism = FilesAtOnce, CancellationToken = ending.Token };
        try
        {
            await Parallel.ForEachAsync(files, options, async (file, token) =>
            {
                if (await WorkAsync(file, token).ConfigureAwait(false) is { } error)
                {
                    Interlocked.CompareExchange(ref lastError, error, null);
                    await ending.CancelAsync().ConfigureAwait(false);
                }
            }).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (lastError is not null)
        {
            throw lastError;
        }

        if (lastError is not null)
        {
            throw lastError;
        }
    }

    private async Task<CmdletException?> WorkAsync(FileWork file, CancellationToken cancellationToken)
    {
        IProgress<TransferProgress> tracked = progress!.Track(file.Name, file.Length);
        try
        {
            await file.RunAsync(tracked, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException exception)
        {
            ErrorRecord error = ErrorRecords.Create(exception, file.Target);
            if (ErrorRecords.IsAboutThePeers(exception.Code) && Client.Peers.Count > 0)
            {
                return new CmdletException(error);
            }

            await WriteErrorAsync(error).ConfigureAwait(false);
        }
        finally
        {
            progress.Finish(tracked);
        }

        return null;
    }
}

/// <summary>The work on one file.</summary>
/// <param name="Name">What the user calls the file.</param>
/// <param name="Target">The object that an error is about.</param>
/// <param name="Length">The file's length in bytes, as far as it is known.</param>
/// <param name="RunAsync">Does it, and writes its result.</param>
internal sealed record FileWork(
    string Name, object Target, long Length, Func<IProgress<TransferProgress>, CancellationToken, Task> RunAsync);
