using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>One file under way, for a <see cref="ProgressReporter"/>, under whose lock its numbers change.</summary>
internal sealed class ProgressFile(ProgressReporter reporter, string name, long totalBytes, TimeSpan began)
    : IProgress<TransferProgress>
{
    internal string Name => name;

    /// <summary>When it began, on the reporter's clock.</summary>
    internal TimeSpan Began => began;

    internal TransferPhase Phase { get; set; } = TransferPhase.Negotiating;

    /// <summary>The percentage of the phase that is done; null if the bytes show it.</summary>
    internal int? PhasePercent { get; set; }

    /// <summary>The phase, and its percentage if the bytes do not show it.</summary>
    internal string PhaseText =>
        PhasePercent is int percent ? FormattableString.Invariant($"{Phase} {percent} %") : Phase.ToString();

    internal long TotalBytes { get; set; } = totalBytes;

    internal long TransferredBytes { get; set; }

    /// <inheritdoc/>
    public void Report(TransferProgress value) => reporter.Update(this, value);
}
