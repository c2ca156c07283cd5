using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// The progress of all files of one command in one record: bytes, rate and time left, at most five times a second. Safe
/// for use from many threads. A command that is done before the first fifth of a second shows nothing.
/// </summary>
internal sealed class ProgressReporter(string activity, Action<ProgressRecord> show, TimeProvider timeProvider)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly Lock gate = new();
    private readonly long started = timeProvider.GetTimestamp();
    private TimeSpan nextUpdate = Interval;
    private TimeSpan? firstByte;
    private long totalBytes;
    private long transferredBytes;
    private int totalFiles;
    private int finishedFiles;

    /// <summary>Makes room for a file in the totals.</summary>
    internal void Expect(long lengthBytes)
    {
        lock (gate)
        {
            totalFiles++;
            totalBytes += Math.Max(0, lengthBytes);
        }
    }

    /// <summary>Takes one expected file's progress.</summary>
    internal IProgress<TransferProgress> Track(string name, long lengthBytes) =>
        new Tracker(this, name, Math.Max(0, lengthBytes));

    private void Update(Tracker file, TransferProgress progress)
    {
        lock (gate)
        {
            // The file may have grown or shrunk since it was expected; its transfer knows.
            totalBytes += Math.Max(0, progress.TotalBytes) - file.TotalBytes;
            file.TotalBytes = Math.Max(0, progress.TotalBytes);
            long done = Math.Clamp(progress.TransferredBytes, 0, file.TotalBytes);
            transferredBytes += done - file.TransferredBytes;
            file.TransferredBytes = done;
            TimeSpan now = timeProvider.GetElapsedTime(started);
            if (transferredBytes > 0)
            {
                firstByte ??= now;
            }

            if (now >= nextUpdate)
            {
                nextUpdate = now + Interval;
                show(CreateRecord(now, file.Name, progress.Phase));
            }
        }
    }

    /// <summary>Says that a tracked file is done with, whether it arrived or failed.</summary>
    internal void Finish(IProgress<TransferProgress> tracked)
    {
        var file = (Tracker)tracked;
        lock (gate)
        {
            finishedFiles++;
            transferredBytes += file.TotalBytes - file.TransferredBytes;
            file.TransferredBytes = file.TotalBytes;
        }
    }

    private ProgressRecord CreateRecord(TimeSpan now, string name, TransferPhase phase)
    {
        string files = totalFiles > 1 ? $"{finishedFiles} of {totalFiles} files, " : string.Empty;
        TimeSpan moving = now - (firstByte ?? now);
        double rate = moving > Interval ? transferredBytes / moving.TotalSeconds : 0;
        string speed = rate > 0 ? $", {ByteSize.ToText((long)rate)}/s" : string.Empty;
        var record = new ProgressRecord(
            activityId: 0, activity,
            $"{files}{ByteSize.ToText(transferredBytes)} of {ByteSize.ToText(totalBytes)}{speed}")
        {
            CurrentOperation = $"{phase}: {name}",
            PercentComplete = totalBytes == 0 ? -1 : (int)Math.Clamp(transferredBytes * 100.0 / totalBytes, 0, 100),
        };
        if (rate > 0)
        {
            record.SecondsRemaining = (int)Math.Min(int.MaxValue, (totalBytes - transferredBytes) / rate);
        }

        return record;
    }

    private sealed class Tracker(ProgressReporter reporter, string name, long totalBytes) : IProgress<TransferProgress>
    {
        internal string Name => name;

        internal long TotalBytes { get; set; } = totalBytes;

        internal long TransferredBytes { get; set; }

        public void Report(TransferProgress value) => reporter.Update(this, value);
    }
}
