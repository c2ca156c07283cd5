using System.Diagnostics;
using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// Compares local files with stored ones by the SHA-256 of each chunk. The local file is read; of the stored one only
/// the list of its chunks crosses the network.
/// </summary>
[Cmdlet(VerbsData.Compare, "DfssFile", DefaultParameterSetName = PathSet)]
[OutputType(typeof(DfssFileComparison))]
public sealed class CompareDfssFileCommand : LocalFileCmdlet
{
    /// <inheritdoc/>
    private protected override string Activity => "Comparing";

    /// <inheritdoc/>
    private protected override Task ProcessFileAsync(LocalFile file, CancellationToken cancellationToken) =>
        EnqueueAsync(
            new FileWork(file.Name, file.Path, file.Length, (progress, token) => CompareAsync(file, progress, token)),
            cancellationToken);

    private async Task<Action> CompareAsync(LocalFile file, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        StoredFile stored = await Client.GetAsync(file.Name, cancellationToken).ConfigureAwait(false);
        FileComparison comparison = await Client.CompareAsync(file.Path, stored, progress,
            cancellationToken).ConfigureAwait(false);
        SayDone($"Compared '{file.Path}' with", stored, started);
        return () => WriteObject(new DfssFileComparison(file.Path, file.Name, comparison));
    }
}
