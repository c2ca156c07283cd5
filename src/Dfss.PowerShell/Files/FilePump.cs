using System.Diagnostics;
using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// The work of a cmdlet on many files, several at once. Input is read ahead, from the pipeline as from a parameter, and
/// the files that wait start together: <see cref="FilesAtOnce"/> at a time, and small ones
/// <see cref="SmallFilesAtOnce"/>. They start when the input ends, when <see cref="MaxWaitingFiles"/> files wait, when
/// an input of the pipeline comes more than <see cref="MaxReadAhead"/> after the first of them, and when it comes more
/// than <see cref="SlowInput"/> after the one before it, or after the command began. Results come in the order of the
/// input, each as soon as it and those before it are ready; a file that waits for its turn to be written does not delay
/// the others. An error of one file is non-terminating. If the peers cannot be reached, and no other file can be at
/// peers that answer, the command ends.
/// </summary>
/// <param name="cmdlet">The cmdlet.</param>
/// <param name="activity">The title of the progress bar.</param>
/// <param name="smallAtOnce">How many small files, or files of which nothing is transferred, go at once.</param>
/// <param name="time">The clock that distinguishes fast from slow input.</param>
internal sealed class FilePump(
    ClientCmdlet cmdlet, string activity, int smallAtOnce, TimeProvider time) : IAsyncDisposable
{
    /// <summary>
    /// 16: a file of some chunks keeps the peers busy by itself; more at once cover the round trips at its start and
    /// end. Memory is bounded by the client's chunk budget, however many go at once.
    /// </summary>
    internal const int FilesAtOnce = 16;

    /// <summary>
    /// 256 more of up to <see cref="SmallFileBytes"/>: their requests to a peer are batched, so that many cost little
    /// more than one.
    /// </summary>
    internal const int SmallFilesAtOnce = 256;

    /// <summary>64 KiB: files up to there go in batches.</summary>
    internal const long SmallFileBytes = 64L << 10;

    /// <summary>2,048: eight rounds of <see cref="SmallFilesAtOnce"/>, so that the pause between two read-aheads does
    /// not count.</summary>
    internal const int MaxWaitingFiles = 2048;

    /// <summary>
    /// 1 s: the longest time that the network is idle while a command before this one gives many inputs. As short as
    /// that, it adds little to a transfer; as long as that, several large files start together.
    /// </summary>
    internal static readonly TimeSpan MaxReadAhead = TimeSpan.FromSeconds(1);

    /// <summary>
    /// 200 ms: slower input comes from a user or from events, which wait for each result; working on files one by one
    /// costs nothing then.
    /// </summary>
    internal static readonly TimeSpan SlowInput = TimeSpan.FromMilliseconds(200);

    private readonly List<FileWork> waiting = [];
    private long readyForInput;
    private long waitingSince;
    private readonly long started = Stopwatch.GetTimestamp();
    private ProgressReporter? progress;
    private int filesDone;
    private long bytesDone;

    /// <summary>Takes a file's work; it runs now or soon, at the latest when the input ends.</summary>
    internal async Task EnqueueAsync(FileWork work, CancellationToken cancellationToken)
    {
        progress?.Expect(work.Length);
        if (waiting.Count == 0)
        {
            waitingSince = time.GetTimestamp();
        }

        waiting.Add(work with { IsObject = cmdlet.ParameterSetName == StoredFileCmdlet.InputObjectSet });
        if (waiting.Count >= MaxWaitingFiles)
        {
            await WorkThroughAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Takes a change of a record, which transfers nothing.</summary>
    /// <param name="file">The file.</param>
    /// <param name="done">The verb of the verbose message.</param>
    /// <param name="passesThru">Whether the changed file is written.</param>
    /// <param name="changeAsync">Makes the change.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    internal Task EnqueueChangeAsync(
        StoredFile file, string done, bool passesThru, Func<CancellationToken, Task<StoredFile>> changeAsync,
        CancellationToken cancellationToken)
    {
        async Task<Action> ChangeAsync(CancellationToken token)
        {
            long startedAt = Stopwatch.GetTimestamp();
            StoredFile changed = await changeAsync(token).ConfigureAwait(false);
            StoredFile shown = changed.Record.Name == file.Record.Name ? changed with { Name = file.Name } : changed;
            SayDone(done, shown, startedAt);
            return passesThru ? () => cmdlet.WriteObject(new DfssFileInfo(shown)) : static () => { };
        }

        return EnqueueAsync(
            new FileWork(file.Name, file.Name, Length: 0, (_, token) => ChangeAsync(token))
            {
                StoredName = file.Record.Name,
                Home = file.Record.Home,
            },
            cancellationToken);
    }

    /// <summary>Runs before the first input.</summary>
    internal async Task BeginAsync()
    {
        if (await cmdlet.InvokeAsync(cmdlet.IsProgressWanted).ConfigureAwait(false))
        {
            progress = new ProgressReporter(activity, cmdlet.ShowProgressAsync, TimeProvider.System);
            progress.Start();
        }

        readyForInput = time.GetTimestamp();
    }

    /// <summary>Runs for each input.</summary>
    /// <param name="takeInputAsync">Enqueues the files of the input.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    internal async Task ProcessAsync(Func<CancellationToken, Task> takeInputAsync, CancellationToken cancellationToken)
    {
        // Only the time of the input counts, not the work of this command and those after it on the file before.
        bool isSlow = cmdlet.MyInvocation.ExpectingInput && time.GetElapsedTime(readyForInput) > SlowInput;
        await takeInputAsync(cancellationToken).ConfigureAwait(false);
        if (isSlow
            || (waiting.Count > 0 && cmdlet.MyInvocation.ExpectingInput
                && time.GetElapsedTime(waitingSince) > MaxReadAhead))
        {
            await WorkThroughAsync(cancellationToken).ConfigureAwait(false);
        }

        readyForInput = time.GetTimestamp();
    }

    /// <summary>Runs after the last input.</summary>
    /// <param name="takeRestAsync">Enqueues the files that had to wait for the end of the input.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    internal async Task EndAsync(Func<CancellationToken, Task> takeRestAsync, CancellationToken cancellationToken)
    {
        await takeRestAsync(cancellationToken).ConfigureAwait(false);
        progress?.ExpectNoMore();
        await WorkThroughAsync(cancellationToken).ConfigureAwait(false);
        string summary = FormattableString.Invariant($"{activity}: {filesDone} {(filesDone == 1 ? "file" : "files")}, ")
            + $"{DescribeRate(bytesDone, started)}.";
        await cmdlet.InvokeAsync(() => cmdlet.WriteInformation(summary, ["Dfss"])).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => progress?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>Writes to the verbose stream what was done with a file, at which peers, and how long it took.</summary>
    internal void SayDone(string what, StoredFile file, long startedAt)
    {
        if (cmdlet.Client.Options.Verbose is { } say)
        {
            string peers = string.Join(", ", file.Record.Home.Select(member => member.DisplayName));
            say(FormattableString.Invariant($"{what} '{file.Name}' version {file.Record.Version}: ")
                + $"{DescribeRate(file.Record.ContentLength, startedAt)}, peers {peers}.");
        }
    }

    private static string DescribeRate(long bytes, long startedAt) => FormattableString.Invariant(
        $"{ByteSize.ToText(bytes)} in {Stopwatch.GetElapsedTime(startedAt).TotalSeconds:0.00} s");

    private async Task WorkThroughAsync(CancellationToken cancellationToken)
    {
        FileWork[] files = [.. waiting];
        waiting.Clear();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var slots = new SemaphoreSlim(FilesAtOnce);
        using var smallSlots = new SemaphoreSlim(smallAtOnce);
        Task<Action>[] works = [.. files.Select(file => Task.Run(
            () => WorkAsync(file, file.Length <= SmallFileBytes ? smallSlots : slots, ending),
            CancellationToken.None))];
        try
        {
            await WriteInOrderAsync(works, ending.Token, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // If all results are written, nothing runs any more; otherwise the running work ends here, and not later.
            await ending.CancelAsync().ConfigureAwait(false);
            await ((Task)Task.WhenAll(works)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>
    /// Writes the results in the order of the input. If the peers cannot be reached the command ends, but not before it
    /// has written the results of the other files.
    /// </summary>
    private async Task WriteInOrderAsync(
        Task<Action>[] works, CancellationToken ending, CancellationToken cancellationToken)
    {
        PeersGoneException? last = null;
        foreach (Task<Action> work in works)
        {
            try
            {
                Action write = await work.ConfigureAwait(false);
                await cmdlet.InvokeAsync(write).ConfigureAwait(false);
            }
            catch (PeersGoneException exception)
            {
                last ??= exception;
            }
            catch (OperationCanceledException) when (
                work.IsCanceled && ending.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                // Another file's work has ended all; its exception is reported.
            }
        }

        if (last is not null)
        {
            string message = FormattableString.Invariant(
                $"{last.Failure.Reason} {activity} ended with '{last.File.Name}'; files done before: {filesDone}.");
            throw new CmdletException(
                ErrorRecords.Create(last.Failure.Copy(message), cmdlet.EndingTarget(last.Failure)));
        }
    }

    /// <summary>Works on one file when its turn has come.</summary>
    /// <returns>The action that writes its result, or its error, to the pipeline.</returns>
    /// <exception cref="PeersGoneException">No further file can succeed either.</exception>
    private async Task<Action> WorkAsync(FileWork file, SemaphoreSlim slots, CancellationTokenSource ending)
    {
        await slots.WaitAsync(ending.Token).ConfigureAwait(false);
        IProgress<TransferProgress>? tracked = progress?.Track(file.Name, file.Length);
        try
        {
            Action write = await file.RunAsync(tracked, ending.Token).ConfigureAwait(false);
            return () =>
            {
                // Counted first: a downstream command may end the pipeline although the file is done.
                filesDone++;
                bytesDone += file.Length;
                write();
            };
        }
        catch (DfssException exception)
        {
            if (!ErrorRecords.IsAboutThePeers(exception) || CanOthersSucceed(file))
            {
                ErrorRecord error = ErrorRecords.Create(file.Tell(exception), file.Target);
                return () => cmdlet.WriteError(error);
            }

            await ending.CancelAsync().ConfigureAwait(false);
            throw new PeersGoneException(file, exception);
        }
        finally
        {
            if (tracked is not null)
            {
                progress!.Finish(tracked);
            }

            slots.Release();
        }
    }

    /// <summary>
    /// Whether other files may be at peers that answer although those of this file do not: files that come as objects
    /// name their own peers, and a peer that is named for the command may be none of this file's.
    /// </summary>
    private bool CanOthersSucceed(FileWork file) => cmdlet.Client.Peers.Count == 0
        || (file.Home is { } home
            && (file.IsObject
                || cmdlet.Client.Peers.Any(peer => !home.Any(
                    member => member.Addresses.Contains(peer.ToString(), StringComparer.OrdinalIgnoreCase)))));

    /// <summary>Ends the work on all files: the peers cannot be spoken with.</summary>
    private sealed class PeersGoneException(FileWork file, DfssException failure) : Exception(failure.Message, failure)
    {
        internal FileWork File => file;

        internal DfssException Failure => failure;
    }
}
