using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>Gives stored files other names. No chunk is moved.</summary>
[Cmdlet(VerbsCommon.Rename, "DfssFile", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(DfssFileInfo))]
public sealed class RenameDfssFileCommand : StoredFileCmdlet, INewNameCmdlet
{
    private readonly NewNames names;

    /// <summary>Makes the cmdlet.</summary>
    public RenameDfssFileCommand() => names = new NewNames(this);

    /// <summary>
    /// The new name; from the pipeline by property, or a script block that makes it from each object.
    /// </summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true,
        HelpMessage = "The new name in the store.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string NewName { get; set; } = string.Empty;

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

    string INewNameCmdlet.NothingDone => "Nothing was renamed.";

    string INewNameCmdlet.Done => "Renamed to";

    bool INewNameCmdlet.Replaces => false;

    /// <inheritdoc/>
    private protected override bool ChangesNamesAlone => true;

    /// <inheritdoc/>
    private protected override bool TakesEarlierVersions => false;

    /// <inheritdoc/>
    private protected override string Activity => "Renaming";

    string INewNameCmdlet.Describe(StoredFile file, string newName) => $"Rename to '{newName}'";

    async Task<StoredFile> INewNameCmdlet.ChangeAsync(
        StoredFile file, string storedName, CancellationToken cancellationToken)
    {
        StoredFile renamed = await Client.RenameAsync(file, storedName, cancellationToken).ConfigureAwait(false);
        Forget(file);
        return renamed;
    }

    /// <inheritdoc/>
    private protected override async Task BeginAsync(CancellationToken cancellationToken)
    {
        await names.BeginAsync().ConfigureAwait(false);
        await base.BeginAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    private protected override async Task TakeInputAsync(CancellationToken cancellationToken)
    {
        await base.TakeInputAsync(cancellationToken).ConfigureAwait(false);
        await names.TakeAsync(isInputOver: false, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    private protected override Task TakeRestAsync(CancellationToken cancellationToken) =>
        names.TakeAsync(isInputOver: true, cancellationToken);

    /// <inheritdoc/>
    private protected override Task TakeFileAsync(StoredFile file, CancellationToken cancellationToken)
    {
        names.Add(file);
        return Task.CompletedTask;
    }
}
