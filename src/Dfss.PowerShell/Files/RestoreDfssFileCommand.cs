using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// Makes an earlier version of stored files the newest again, or brings removed files back. No chunk is moved.
/// </summary>
[Cmdlet(VerbsData.Restore, "DfssFile", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(DfssFileInfo))]
public sealed class RestoreDfssFileCommand : StoredFileCmdlet
{
    /// <summary>The version that is to be the newest again; without it, removed files come back.</summary>
    [Parameter(HelpMessage = "The version that is to be the newest again. Without it, removed files come back.")]
    [ValidateRange(1, long.MaxValue)]
    [ArgumentCompleter(typeof(VersionCompletion))]
    public long? Version { get; set; }

    /// <summary>
    /// Files that are changed at one moment. 256: the most, as each costs only a few small questions.
    /// </summary>
    [Parameter(HelpMessage = "Files that are changed at one moment (1-256).")]
    [ValidateRange(1, FilePump.SmallFilesAtOnce)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public override int ThrottleLimit { get; set; } = FilePump.SmallFilesAtOnce;

    /// <summary>Gives what was changed.</summary>
    [Parameter(HelpMessage = "Returns the changed files.")]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    private protected override bool ChangesNamesAlone => true;

    /// <inheritdoc/>
    private protected override long? GivenVersion => Version;

    /// <inheritdoc/>
    private protected override string Activity => "Restoring";

    /// <inheritdoc/>
    private protected override RemovedFiles Removed =>
        WantedVersion is null ? RemovedFiles.Only : RemovedFiles.Too;

    /// <inheritdoc/>
    private protected override async Task TakeFileAsync(StoredFile file, CancellationToken cancellationToken)
    {
        string action = FormattableString.Invariant(
            $"Restore version {file.Record.Version}, {ByteSize.ToText(file.Record.ContentLength)}");
        if (await ShouldProcessAsync(file.Name, action).ConfigureAwait(false))
        {
            await Files.EnqueueChangeAsync(
                file, "Restored", PassThru, token => RestoreAsync(file, token),
                cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<StoredFile> RestoreAsync(StoredFile file, CancellationToken cancellationToken)
    {
        StoredFile restored = await Client.RestoreAsync(file, cancellationToken).ConfigureAwait(false);
        Remember(restored with { Name = file.Name });
        return restored;
    }
}
