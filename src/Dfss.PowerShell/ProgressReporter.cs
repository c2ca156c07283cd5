using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// The progress of all files of one command: one record with bytes, rate and time left, and below it up to
/// <see cref="MaxChildren"/> files, those longest under way. A timer draws it, so that a stall shows too: at most five
/// times a second, and only after the last picture was shown. A command that is done before the first fifth of a second
/// shows nothing. Safe for use from many threads.
/// </summary>
/// <param name="activity">What the command does, the title of the progress.</param>
/// <param name="show">Shows a picture that it has made when it can be shown; the task ends then.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class ProgressReporter(
    string activity, Func<Func<IReadOnlyList<ProgressRecord>>, Task> show, TimeProvider timeProvider) : IAsyncDisposable
{
    /// <summary>4: more bars than that hide the prompt and are not read.</summary>
    internal const int MaxChildren = 4;

    private const int RecordsPerCommand = 1 + MaxChildren;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    /// <summary>0.5 s: small files come and go faster, and their bars would only flicker.</summary>
    private static readonly TimeSpan ChildDelay = TimeSpan.FromMilliseconds(500);

    private static int commands;

    // Unique among the running commands of this process: some hosts distinguish bars by this number alone.
    private readonly int activityId =
        (int)((uint)Interlocked.Increment(ref commands) % (int.MaxValue / RecordsPerCommand)) * RecordsPerCommand;

    private readonly Lock gate = new();
    private readonly List<ProgressFile> underWay = [];
    private readonly ProgressFile?[] children = new ProgressFile?[MaxChildren];
    private readonly TransferRate rate = new();
    private readonly long started = timeProvider.GetTimestamp();
    private ITimer? timer;
    private Task drawing = Task.CompletedTask;
    private bool isDisposed;
    private bool isComplete;
    private long totalBytes;
    private long transferredBytes;
    private long movedBytes;
    private int totalFiles;
    private int finishedFiles;

    /// <summary>The first picture comes a fifth of a second from now.</summary>
    internal void Start()
    {
        lock (gate)
        {
            timer = timeProvider.CreateTimer(
                static state => ((ProgressReporter)state!).Tick(), this, Interval, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Makes room for a file in the totals.</summary>
    internal void Expect(long lengthBytes)
    {
        lock (gate)
        {
            totalFiles++;
            totalBytes += Math.Max(0, lengthBytes);
        }
    }

    /// <summary>All files are expected: from now on the totals are known.</summary>
    internal void ExpectNoMore()
    {
        lock (gate)
        {
            isComplete = true;
        }
    }

    /// <summary>An expected file is now under way; takes its progress.</summary>
    internal IProgress<TransferProgress> Track(string name, long lengthBytes)
    {
        var file = new ProgressFile(this, name, Math.Max(0, lengthBytes), Now);
        lock (gate)
        {
            underWay.Add(file);
        }

        return file;
    }

    /// <summary>Updates a tracked file.</summary>
    internal void Update(ProgressFile file, TransferProgress progress)
    {
        lock (gate)
        {
            // The file may have grown or shrunk since it was expected; its transfer has the current length.
            totalBytes += Math.Max(0, progress.TotalBytes) - file.TotalBytes;
            file.TotalBytes = Math.Max(0, progress.TotalBytes);
            long done = Math.Clamp(progress.TransferredBytes, 0, file.TotalBytes);
            transferredBytes += done - file.TransferredBytes;

            // Bytes that are there already are not moved, and are no part of the rate.
            movedBytes += IsLooking(file.Phase) || IsLooking(progress.Phase) ? 0 : done - file.TransferredBytes;
            file.TransferredBytes = done;
            file.Phase = progress.Phase;
            file.PhasePercent = progress.PhasePercent;
        }
    }

    /// <summary>Ends the progress of a tracked file, whether it arrived or failed.</summary>
    internal void Finish(IProgress<TransferProgress> tracked)
    {
        var file = (ProgressFile)tracked;
        lock (gate)
        {
            finishedFiles++;

            // The rest of a failed file is not expected any more; it is no part of the rate.
            totalBytes -= file.TotalBytes - file.TransferredBytes;
            underWay.Remove(file);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Task last;
        lock (gate)
        {
            isDisposed = true;
            timer?.Dispose();
            last = drawing;
        }

        await last.ConfigureAwait(false);
    }

    private TimeSpan Now => timeProvider.GetElapsedTime(started);

    private void Tick()
    {
        lock (gate)
        {
            if (!isDisposed)
            {
                drawing = DrawAsync();
            }
        }
    }

    private async Task DrawAsync()
    {
        // Between two inputs the command cannot show anything: this waits for the next one. The end of the command
        // cancels it.
        await show(CreatePicture).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing);
        lock (gate)
        {
            if (!isDisposed)
            {
                timer!.Change(Interval, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private IReadOnlyList<ProgressRecord> CreatePicture()
    {
        lock (gate)
        {
            TimeSpan now = Now;
            rate.Add(now, movedBytes);
            var picture = new List<ProgressRecord>(RecordsPerCommand) { CreateParent() };

            // The parent shows all about a single file.
            if (totalFiles > 1 || !isComplete)
            {
                AddChildren(picture, now);
            }

            return picture;
        }
    }

    private ProgressRecord CreateParent()
    {
        string atLeast = isComplete ? string.Empty : "at least ";
        string files = totalFiles > 1 || !isComplete
            ? $"{finishedFiles} of {atLeast}{totalFiles} files, "
            : string.Empty;
        string speed = rate.BytesPerSecond is { } moving ? $", {ByteSize.ToText((long)moving)}/s" : string.Empty;
        var record = new ProgressRecord(
            activityId, activity,
            $"{files}{ByteSize.ToText(transferredBytes)} of {atLeast}{ByteSize.ToText(totalBytes)}{speed}")
        {
            CurrentOperation = underWay.Count > 0 ? $"{underWay[0].PhaseText}: {underWay[0].Name}" : null,
            PercentComplete = isComplete ? Percent(transferredBytes, totalBytes) : -1,
        };
        if (isComplete && transferredBytes < totalBytes && rate.BytesPerSecond is > 0 and { } speedNow)
        {
            record.SecondsRemaining = (int)Math.Min(int.MaxValue, (totalBytes - transferredBytes) / speedNow);
        }

        return record;
    }

    private void AddChildren(List<ProgressRecord> picture, TimeSpan now)
    {
        for (int i = 0; i < MaxChildren; i++)
        {
            if (children[i] is null || !underWay.Contains(children[i]!))
            {
                // In the order in which they began, so the first is the one longest under way.
                children[i] = underWay.Find(file => now - file.Began >= ChildDelay && !children.Contains(file));
            }

            if (children[i] is { } file)
            {
                picture.Add(new ProgressRecord(
                    activityId + 1 + i, file.Name,
                    $"{file.PhaseText}, {ByteSize.ToText(file.TransferredBytes)} of {ByteSize.ToText(file.TotalBytes)}")
                {
                    ParentActivityId = activityId,
                    PercentComplete = file.PhasePercent ?? Percent(file.TransferredBytes, file.TotalBytes),
                });
            }
        }
    }

    private static bool IsLooking(TransferPhase phase) => phase is TransferPhase.Comparing or TransferPhase.Verifying;

    /// <summary>The percentage; -1, which a host shows as unknown, of nothing.</summary>
    private static int Percent(long done, long total) =>
        total == 0 ? -1 : (int)Math.Clamp(done * 100.0 / total, 0, 100);
}
