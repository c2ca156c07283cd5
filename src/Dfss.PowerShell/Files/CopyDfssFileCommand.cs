using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>Copies stored files to other names at the same peers, where no chunk is moved, or to other peers.</summary>
[Cmdlet(VerbsCommon.Copy, "DfssFile", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(DfssFileInfo), typeof(Job))]
public sealed partial class CopyDfssFileCommand : StoredFileCmdlet, INewNameCmdlet
{
    private readonly NewNames names;

    /// <summary>Makes the cmdlet.</summary>
    public CopyDfssFileCommand() => names = new NewNames(this);

    /// <summary>
    /// The new name; from the pipeline by property, or a script block that makes it from each object. At other peers a
    /// file has its own name without it.
    /// </summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true,
        HelpMessage = "The new name in the store; with -Destination the same one without it.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string NewName { get; set; } = string.Empty;

    /// <summary>An earlier version of each file that is kept, instead of the current one.</summary>
    [Parameter(HelpMessage = "An earlier version of each file, in place of the one it is at.")]
    [ValidateRange(1, long.MaxValue)]
    [ArgumentCompleter(typeof(VersionCompletion))]
    public long? Version { get; set; }

    /// <summary>Replaces a file that has the new name.</summary>
    [Parameter(HelpMessage = "Replaces a file that has the new name.")]
    public SwitchParameter Force { get; set; }

    /// <summary>How many earlier versions of a file that is replaced are kept.</summary>
    [Parameter(HelpMessage = "How many earlier versions of a file that is replaced are kept (0-64).")]
    [ValidateRange(0, DfssLimits.MaxPreviousVersions)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public int KeepVersions { get; set; } = SendOptions.DefaultKeepVersions;

    /// <summary>
    /// Files that are changed at one moment. 256: the most, as each costs only a few small questions. With -Destination
    /// chunks in flight, of which 16 are the default.
    /// </summary>
    [Parameter(HelpMessage = "Files that are changed at one moment; with -Destination chunks in flight (1-256).")]
    [ValidateRange(1, FilePump.SmallFilesAtOnce)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public override int ThrottleLimit { get; set; } = FilePump.SmallFilesAtOnce;

    /// <summary>Gives what was changed.</summary>
    [Parameter(HelpMessage = "Returns the changed files.")]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Runs the command as a job.</summary>
    [Parameter(HelpMessage = "Runs the command as a job in this process, and returns the job.")]
    public SwitchParameter AsJob { get; set; }

    string INewNameCmdlet.NothingDone => "Nothing was copied.";

    string INewNameCmdlet.Done => "Copied to";

    bool INewNameCmdlet.Replaces => Force;

    /// <inheritdoc/>
    private protected override bool ChangesNamesAlone => Destination is null;

    /// <inheritdoc/>
    private protected override long? GivenVersion => Version;

    /// <inheritdoc/>
    private protected override bool RunsAsJob => AsJob;

    /// <inheritdoc/>
    private protected override string Activity => "Copying";

    string INewNameCmdlet.Describe(StoredFile file, string newName)
    {
        string what = file.Newest is null
            ? "Copy"
            : FormattableString.Invariant($"Copy version {file.Record.Version}");
        string size = ByteSize.ToText(file.Record.ContentLength);
        return Destination is null
            ? $"{what} to '{newName}'"
            : $"{what}, {size}, to '{newName}' at {string.Join(", ", Destination)}";
    }

    Task<StoredFile> INewNameCmdlet.ChangeAsync(
        StoredFile file, string storedName, CancellationToken cancellationToken) => Client.CopyAsync(
            file,
            storedName,
            new CopyOptions { Force = Force, KeepVersions = KeepVersions },
            cancellationToken);

    /// <inheritdoc/>
    private protected override async Task BeginAsync(CancellationToken cancellationToken)
    {
        await names.BeginAsync().ConfigureAwait(false);
        await base.BeginAsync(cancellationToken).ConfigureAwait(false);
        await OpenDestinationAsync(cancellationToken).ConfigureAwait(false);
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
        if (NewName.Length == 0)
        {
            return Destination is not null
                ? names.KeepAsync(file, cancellationToken)
                : throw new CmdletException(ErrorRecords.Create(
                    "NewNameMissing", ErrorCategory.InvalidArgument, file.Name,
                    $"The copy of '{file.Name}' has no name: neither -NewName nor -Destination is given.",
                    "Give -NewName; or -Destination, if it is to have the same name at other peers."));
        }

        names.Add(file);
        return Task.CompletedTask;
    }
}
