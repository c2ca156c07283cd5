using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// Removes stored files. The peers delete their chunks in the next garbage collections, unless other files have them
/// too.
/// </summary>
[Cmdlet(VerbsCommon.Remove, "DfssFile", DefaultParameterSetName = NameSet, SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(DfssFileInfo))]
public sealed class RemoveDfssFileCommand : StoredFileCmdlet
{
    private RemoveOptions options = RemoveOptions.Default;

    /// <summary>An earlier version that is kept: it alone is removed, and the file stays.</summary>
    [Parameter(HelpMessage = "An earlier version: it alone is removed, and the file stays.")]
    [ValidateRange(1, long.MaxValue)]
    [ArgumentCompleter(typeof(VersionCompletion))]
    public long? Version { get; set; }

    /// <summary>Removes a file at any version, and does not ask.</summary>
    [Parameter(HelpMessage = "Removes a file at any version, and does not ask.")]
    public SwitchParameter Force { get; set; }

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
    private protected override string Activity => "Removing";

    /// <inheritdoc/>
    private protected override Task BeginAsync(CancellationToken cancellationToken)
    {
        options = new RemoveOptions { Force = Force };
        return base.BeginAsync(cancellationToken);
    }

    /// <inheritdoc/>
    private protected override async Task TakeFileAsync(StoredFile file, CancellationToken cancellationToken)
    {
        string action = FormattableString.Invariant(
            $"Remove version {file.Record.Version}, {ByteSize.ToText(file.Record.ContentLength)}");
        bool isVersion = WantedVersion is not null || file.Newest is not null;
        if (await ShouldProcessAsync(file.Name, action, Force).ConfigureAwait(false))
        {
            await Files.EnqueueChangeAsync(
                file, "Removed", PassThru, token => RemoveAsync(file, isVersion, token),
                cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<StoredFile> RemoveAsync(StoredFile file, bool isVersion, CancellationToken cancellationToken)
    {
        if (isVersion)
        {
            StoredFile changed = await Client.RemoveVersionAsync(
                file.Newest ?? file, file.Record.Version, cancellationToken).ConfigureAwait(false);
            Remember(changed with { Name = file.Name });
            return changed;
        }

        StoredFile removed = await Client.RemoveAsync(file, options, cancellationToken).ConfigureAwait(false);
        Forget(file);
        return removed;
    }
}
