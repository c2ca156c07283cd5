using System.Diagnostics;
using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// Sends files to peers. A file's result comes when no crash or power cut at a peer can lose any of it. Several files
/// are sent at once; results come in the order of the input.
/// </summary>
[Cmdlet(VerbsCommunications.Send, "DfssFile", DefaultParameterSetName = PathSet, SupportsShouldProcess = true)]
[OutputType(typeof(DfssFileInfo))]
public sealed class SendDfssFileCommand : LocalFileCmdlet
{
    private SendOptions options = SendOptions.Default;

    /// <summary>
    /// The length of a chunk in bytes, 64KB to 16MB; raised by itself for a file that would have too many chunks.
    /// </summary>
    [Parameter(HelpMessage = "The length of a chunk in bytes, 64KB to 16MB.")]
    [ValidateRange(DfssLimits.MinChunkSize, DfssLimits.MaxChunkSize)]
    public int ChunkSize { get; set; } = DfssLimits.DefaultChunkSize;

    /// <summary>Replaces a stored file of the same name.</summary>
    [Parameter(HelpMessage = "Replaces a stored file of the same name.")]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    private protected override string Activity => "Sending";

    /// <inheritdoc/>
    private protected override Task BeginAsync(CancellationToken cancellationToken)
    {
        options = new SendOptions { ChunkSize = ChunkSize, Force = Force };
        return base.BeginAsync(cancellationToken);
    }

    /// <inheritdoc/>
    private protected override Task<bool> IsWantedAsync(LocalFile file) =>
        ShouldProcessAsync(file.Path, $"Send {ByteSize.ToText(file.Length)} as '{file.Name}'");

    /// <inheritdoc/>
    private protected override Task ProcessFileAsync(LocalFile file, CancellationToken cancellationToken) =>
        EnqueueAsync(
            new FileWork(file.Name, file.Path, file.Length, (progress, token) => SendAsync(file, progress, token)),
            cancellationToken);

    private async Task<Action> SendAsync(LocalFile file, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        StoredFile stored = await Client.SendAsync(file.Path, file.Name, options, progress,
            cancellationToken).ConfigureAwait(false);
        SayDone($"Sent '{file.Path}' as", stored, started);
        return () => WriteObject(new DfssFileInfo(stored));
    }
}
