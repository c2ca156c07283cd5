using System.Diagnostics;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// The work of a cmdlet on many files, several at once: <see cref="FilesAtOnce"/> at a time, and small ones
/// <see cref="SmallFilesAtOnce"/>. The work starts when the file is read, that on small files in groups, and goes on
/// while the commands before this one make the next inputs; at most <see cref="MaxFiles"/> files have no result yet.
/// PowerShell lets a command write only while the command takes an input, or after the last one. Results are written
/// then, in the order of the input: after the last input; when <see cref="MaxFiles"/> files have none; and when an
/// input took more than <see cref="SlowInput"/>, or comes more than <see cref="MaxReadAhead"/> after the first file
/// without a result. For results that are not ready, the command then waits a quarter of that time: a result that is
/// soon ready does not wait for the next input, and slow input takes a quarter longer at most. An error of one file is
/// non-terminating. If the peers cannot be reached, and no other file can be at peers that answer, the command ends.
/// </summary>
/// <param name="cmdlet">The cmdlet.</param>
/// <param name="activity">The title of the progress bar.</param>
/// <param name="smallAtOnce">How many small files, or files of which nothing is transferred, go at once.</param>
/// <param name="time">The clock that distinguishes fast from slow input.</param>
internal sealed partial class FilePump(
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

    /// <summary>2,048: eight rounds of <see cref="SmallFilesAtOnce"/>, so that a command whose results are awaited
    /// seldom runs out of files.</summary>
    internal const int MaxFiles = 2048;

    /// <summary>1 s: the longest time for which results that are ready wait while inputs come fast.</summary>
    internal static readonly TimeSpan MaxReadAhead = TimeSpan.FromSeconds(1);

    /// <summary>
    /// 200 ms: slower input comes from a user or from events, which wait for each result.
    /// </summary>
    internal static readonly TimeSpan SlowInput = TimeSpan.FromMilliseconds(200);

    /// <summary>4: the command waits a quarter of the time that the input took.</summary>
    private const int WaitShare = 4;

    /// <summary>1 h: longer than the work on most files takes; a timer takes no more than 49 days.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromHours(1);

    // The files without a result, in the order of the input: first those whose work has started.
    private readonly Queue<Task<Action>> works = new();
    private readonly List<FileWork> group = [];
    private readonly CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(cmdlet.StopToken);
    private readonly SemaphoreSlim slots = new(FilesAtOnce);
    private readonly SemaphoreSlim smallSlots = new(smallAtOnce);
    private readonly long started = Stopwatch.GetTimestamp();
    private long readyForInput;
    private long waitingSince;
    private ProgressReporter? progress;
    private int filesDone;
    private int filesUnchanged;
    private long bytesDone;

    /// <summary>
    /// Takes a file's work. That of small files starts in groups, so that their requests go together.
    /// </summary>
    internal async Task EnqueueAsync(FileWork work, CancellationToken cancellationToken)
    {
        progress?.Expect(work.Length);
        if (works.Count + group.Count == 0)
        {
            waitingSince = time.GetTimestamp();
        }

        while (works.Count + group.Count >= MaxFiles)
        {
            StartGroup();
            await WriteNextAsync(cancellationToken).ConfigureAwait(false);
        }

        group.Add(work with { IsObject = cmdlet.InputSet == StoredFileCmdlet.InputObjectSet });
        if (group.Count == SmallFilesAtOnce || work.Length > SmallFileBytes)
        {
            StartGroup();
        }
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
    internal Task ProcessAsync(Func<CancellationToken, Task> takeInputAsync, CancellationToken cancellationToken) =>
        EndOnFailureAsync(async () =>
        {
            // Only the time of the input counts, not the work of this command and those after it on the file before.
            TimeSpan took = time.GetElapsedTime(readyForInput);
            TimeSpan waited = works.Count + group.Count > 0 ? time.GetElapsedTime(waitingSince) : TimeSpan.Zero;
            bool isDue = cmdlet.ExpectsInput && (took > SlowInput || waited > MaxReadAhead);
            using CancellationTokenSource? waitLimit =
                isDue ? new CancellationTokenSource(WaitAfter(took > waited ? took : waited), time) : null;
            await takeInputAsync(cancellationToken).ConfigureAwait(false);
            if (waitLimit is not null || ending.IsCancellationRequested)
            {
                await WriteAsync(waitLimit?.Token ?? CancellationToken.None, cancellationToken).ConfigureAwait(false);
            }

            readyForInput = time.GetTimestamp();
        });

    /// <summary>Runs after the last input.</summary>
    /// <param name="takeRestAsync">Enqueues the files that had to wait for the end of the input.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    internal Task EndAsync(Func<CancellationToken, Task> takeRestAsync, CancellationToken cancellationToken) =>
        EndOnFailureAsync(async () =>
        {
            await takeRestAsync(cancellationToken).ConfigureAwait(false);
            progress?.ExpectNoMore();
            await WriteAsync(waitLimit: CancellationToken.None, cancellationToken).ConfigureAwait(false);
            await cmdlet.InvokeAsync(() => cmdlet.WriteInformation(Summarize(), ["Dfss"])).ConfigureAwait(false);
        });

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await EndWorksAsync().ConfigureAwait(false);
        if (progress is not null)
        {
            await progress.DisposeAsync().ConfigureAwait(false);
        }

        ending.Dispose();
        slots.Dispose();
        smallSlots.Dispose();
    }

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

    /// <summary>The action for a file of which nothing is transferred after all: it does not count as done.</summary>
    /// <param name="length">The length that its work was enqueued with.</param>
    /// <param name="write">Writes its result.</param>
    /// <param name="isUnchanged">Whether the reason is that both sides have it already.</param>
    internal Action PassOver(long length, Action write, bool isUnchanged = false) => () =>
    {
        filesDone--;
        bytesDone -= length;
        filesUnchanged += isUnchanged ? 1 : 0;
        write();
    };

    private string Summarize()
    {
        string files = filesDone == 1 ? "file" : "files";
        string rate = bytesDone > 0 ? $", {DescribeRate(bytesDone, started)}" : $" in {DescribeTime(started)}";
        string unchanged = filesUnchanged > 0 ? FormattableString.Invariant($"; {filesUnchanged} unchanged") : "";
        return FormattableString.Invariant($"{activity}: {filesDone} {files}") + $"{rate}{unchanged}.";
    }

    /// <summary>How much went in how long.</summary>
    internal static string DescribeRate(long bytes, long startedAt) =>
        $"{ByteSize.ToText(bytes)} in {DescribeTime(startedAt)}";

    private static string DescribeTime(long startedAt) => FormattableString.Invariant(
        $"{Stopwatch.GetElapsedTime(startedAt).TotalSeconds:0.00} s");

    private static TimeSpan WaitAfter(TimeSpan input) => input / WaitShare < MaxWait ? input / WaitShare : MaxWait;

    /// <summary>Runs a part of the command. If that fails, no work goes on after it.</summary>
    private async Task EndOnFailureAsync(Func<Task> runAsync)
    {
        try
        {
            await runAsync().ConfigureAwait(false);
        }
        catch
        {
            await EndWorksAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task EndWorksAsync()
    {
        await ending.CancelAsync().ConfigureAwait(false);
        await ((Task)Task.WhenAll(works)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void StartGroup()
    {
        foreach (FileWork file in group)
        {
            SemaphoreSlim turns = file.Length <= SmallFileBytes ? smallSlots : slots;
            works.Enqueue(Task.Run(() => WorkAsync(file, turns), CancellationToken.None));
        }

        group.Clear();
    }

    /// <summary>
    /// Whether other files may be at peers that answer although those of this file do not: files that come as objects
    /// name their own peers, and a peer that is named for the command may be none of this file's.
    /// </summary>
    /// <param name="home">The peers of the file; null for a local file that is sent.</param>
    /// <param name="isObject">Whether the file came as an object.</param>
    internal bool CanOthersSucceed(IReadOnlyList<HomeMember>? home, bool isObject) => cmdlet.Client.Peers.Count == 0
        || (home is not null
            && (isObject
                || cmdlet.Client.Peers.Any(peer => !home.Any(
                    member => member.Addresses.Contains(peer.ToString(), StringComparer.OrdinalIgnoreCase)))));
}
