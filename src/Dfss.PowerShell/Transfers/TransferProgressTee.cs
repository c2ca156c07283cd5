using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>The progress of a transfer for Get-DfssTransfer and for the progress bar.</summary>
/// <param name="transfer">The transfer.</param>
/// <param name="shown">The progress bar; null for none.</param>
internal sealed class TransferProgressTee(TrackedTransfer transfer, IProgress<TransferProgress>? shown)
    : IProgress<TransferProgress>
{
    /// <summary>The gate of the transfer whose progress this is; null if it is not tracked.</summary>
    internal static TransferGate? GateOf(IProgress<TransferProgress>? progress) =>
        (progress as TransferProgressTee)?.Gate;

    private TransferGate Gate => transfer.Gate;

    /// <inheritdoc/>
    public void Report(TransferProgress value)
    {
        transfer.Report(value);
        shown?.Report(value);
    }
}
