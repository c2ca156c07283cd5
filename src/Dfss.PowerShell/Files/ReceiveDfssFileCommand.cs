using System.Management.Automation;
using System.Security;
using Dfss.Encryption;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>Receives stored files. A file gets its name only when every chunk has been verified. Several files
/// are received at once; results come in the order of the input.</summary>
[Cmdlet(VerbsCommunications.Receive, "DfssFile", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo), typeof(DfssTransferPlan), typeof(Job))]
public sealed partial class ReceiveDfssFileCommand : StoredFileCmdlet
{
    /// <summary>The current location.</summary>
    private const string DefaultDestination = ".";

    private ReceiveOptions options = ReceiveOptions.Default;
    private UnchangedFiles unchanged = new(byTime: false, byContent: false);
    private bool isWhatIf;
    // By full path without a separator at its end, as a folder may be named with one and without.
    private readonly Dictionary<string, ReceiveDestination> destinations = new(StringComparer.Ordinal);

    // The destination of -Destination or the current location, for all inputs without their own; null: not needed yet.
    private ReceiveDestination? common;
    private bool isDestinationFixed;

    // The destination of the current input.
    private ReceiveDestination? taking;

    // Files of the command line, and with -Flatten all: received only when all are known.
    private readonly ReceivePlan plan = new();
    // What -Mirror keeps; null without it.
    private MirroredFiles? mirrored;
    private StoredFolder folder = new(relativeTo: null, isFlat: false);

    // Where the destination is no folder: the one file for it.
    private readonly SoleFile<StoredFile> sole;

    /// <summary>Makes the cmdlet.</summary>
    public ReceiveDfssFileCommand() => sole = new SoleFile<StoredFile>((first, second) => ErrorRecords.Create(
        "DestinationNotFolder", ErrorCategory.InvalidArgument, taking!.Path,
        $"'{first.Name}' and '{second.Name}' cannot both be received as '{taking.Path}', which is not a folder. "
            + "Nothing was received.",
        "End -Destination with '/': it is then a folder, created if it does not exist."));

    /// <summary>Where to: an existing folder (or a path that ends in a separator) takes the files under their names,
    /// with subfolders for the parts before '/'; any other path is the file's own, and several files for it are refused
    /// before one is written. Default: the current location. From the pipeline it is taken by property, each input's
    /// own; of several files for one path only the first is received.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true,
        HelpMessage = "A folder for the files, or the path of one file. Default: the current location.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = DefaultDestination;

    /// <summary>A folder in the store, which the paths are relative to.</summary>
    [Parameter(HelpMessage = "A folder in the store; the paths below the destination are relative to it.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(FolderCompletion))]
    public string? RelativeTo { get; set; }

    /// <summary>Drops the folders of the names: all files go into one folder.</summary>
    [Parameter(HelpMessage = "Drops the folders of the names: all files go into one folder.")]
    public SwitchParameter Flatten { get; set; }

    /// <summary>Replaces files that exist.</summary>
    [Parameter(HelpMessage = "Replaces files that exist.")]
    public SwitchParameter Force { get; set; }

    /// <summary>Passes over files that have the length and the time of last writing of the stored ones.</summary>
    [Parameter(HelpMessage = "Passes over files with the length and the time of last writing of the stored ones.")]
    public SwitchParameter SkipUnchanged { get; set; }

    /// <summary>Passes over files that have the content of the stored ones, whatever their times.</summary>
    [Parameter(HelpMessage = "Passes over files with the content of the stored ones, whatever their times.")]
    public SwitchParameter Checksum { get; set; }

    /// <summary>Also removes local files of the destination that -Name would match and that are not stored.</summary>
    [Parameter(
        HelpMessage = "Also removes local files of the destination that -Name would match and that are not stored. "
            + "Replaces what has changed.")]
    public SwitchParameter Mirror { get; set; }

    /// <summary>Returns only when the file and its name are on stable storage.</summary>
    [Parameter(HelpMessage = "Returns only when the file and its name are on stable storage (fsync).")]
    public SwitchParameter Durable { get; set; }

    /// <summary>Writes zeros too, and sets room aside for all of each file before its first chunk.</summary>
    [Parameter(HelpMessage = "Writes zeros too, in place of holes, and sets room aside for all of each file first.")]
    public SwitchParameter NoSparse { get; set; }

    /// <summary>An earlier version of each file that is kept, in place of the one it is at.</summary>
    [Parameter(HelpMessage = "An earlier version of each file, in place of the one it is at.")]
    [ValidateRange(1, long.MaxValue)]
    [ArgumentCompleter(typeof(VersionCompletion))]
    public long? Version { get; set; }

    /// <summary>Fetches all of each file again, and ignores what an interrupted receive has left.</summary>
    [Parameter(HelpMessage = "Fetches all of each file again, and ignores what an interrupted receive has left.")]
    public SwitchParameter Restart { get; set; }

    /// <summary>How many bytes a second are received at most, over all files.</summary>
    [Parameter(HelpMessage = "How many bytes a second are received at most, for example 10MB.")]
    [ValidateRange(1, long.MaxValue)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public long? BandwidthLimit { get; set; }

    /// <summary>Gives what would be received, as an object for each file, and writes nothing.</summary>
    [Parameter(HelpMessage = "Returns what would be received, an object for each file; writes nothing.")]
    public SwitchParameter PlanOnly { get; set; }

    /// <summary>Runs the command as a job.</summary>
    [Parameter(HelpMessage = "Runs the command as a job in this process, and returns the job.")]
    public SwitchParameter AsJob { get; set; }

    /// <summary>Encryption keys to read encrypted files with: objects, SecureStrings or paths. Files that are not
    /// encrypted are then refused.</summary>
    [Parameter(HelpMessage = "Encryption keys to read encrypted files with: objects, SecureStrings or paths.")]
    [EncryptionKeyArgument(IsList = true)]
    [ValidateNotNullOrEmpty]
    public override DfssEncryptionKeySource[]? EncryptionKey { get; set; }

    /// <summary>Certificates with their private keys to read encrypted files with: objects, paths or
    /// thumbprints.</summary>
    [Parameter(HelpMessage = "Certificates with their private keys to read encrypted files with.")]
    [CertificateArgument(IsList = true)]
    [ValidateNotNullOrEmpty]
    public DfssCertificateSource[]? DecryptionCertificate { get; set; }

    /// <summary>The password of the files that -DecryptionCertificate names.</summary>
    [Parameter(HelpMessage = "The password of the files that -DecryptionCertificate names.")]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(NoCompletion))]
    public SecureString? DecryptionPassword { get; set; }

    /// <inheritdoc/>
    private protected override bool OpensContents => true;

    /// <inheritdoc/>
    private protected override long? GivenVersion => Version;

    /// <inheritdoc/>
    private protected override bool RunsAsJob => AsJob;

    /// <inheritdoc/>
    private protected override string Activity => "Receiving";

    /// <inheritdoc/>
    private protected override TransferOptions CreateOptions() => base.CreateOptions() with
    {
        StateFolder = UserState.Folder,
        BytesPerSecond = BandwidthLimit,
    };

    /// <inheritdoc/>
    private protected override void Translate(DriveNames drives)
    {
        base.Translate(drives);
        RelativeTo = RelativeTo is null ? null : drives.Translate(RelativeTo, isPattern: false);
    }

    /// <inheritdoc/>
    private protected override async Task BeginAsync(CancellationToken cancellationToken)
    {
        if (Mirror && (Flatten || ExpectsInput || InputSet != NameSet))
        {
            throw MirrorRemoval.Refuse(
                "needs the names of stored files as -Name, and their folders", "Give -Name, for example photos/*.");
        }

        await base.BeginAsync(cancellationToken).ConfigureAwait(false);
        folder = new StoredFolder(RelativeTo, Flatten);
        KeyRing? ring = await new KeyParameters { ResolvePath = ResolveNewAsync, Password = DecryptionPassword }
            .ReadKeysAsync(EncryptionKey, DecryptionCertificate, cancellationToken).ConfigureAwait(false);
        options = new ReceiveOptions
        {
            Force = Force || Mirror,
            Durable = Durable,
            Restart = Restart,
            IsSparse = !NoSparse,
            Keys = ring
        };
        mirrored = Mirror ? MirroredFiles.Create(folder, Name, Force) : null;
        unchanged = new UnchangedFiles(SkipUnchanged, Checksum) { Keys = ring };
        isWhatIf = await InvokeAsync(IsWhatIf).ConfigureAwait(false);
        isDestinationFixed = IsFixed(nameof(Destination));
        sole.IsForCommand = isDestinationFixed;
        if (isDestinationFixed)
        {
            await FindDestinationAsync().ConfigureAwait(false);
        }

        if (Mirror)
        {
            CheckMirrored(await FindDestinationAsync().ConfigureAwait(false));
        }
    }

    /// <inheritdoc/>
    private protected override async Task HoldKeysAsync(CancellationToken cancellationToken)
    {
        await base.HoldKeysAsync(cancellationToken).ConfigureAwait(false);
        if (DecryptionCertificate is not null)
        {
            var keys = new KeyParameters { ResolvePath = ResolveNewAsync, Password = DecryptionPassword };
            DecryptionCertificate = await keys.HoldAsync(
                DecryptionCertificate, withKeys: true, cancellationToken).ConfigureAwait(false);
        }
    }
}
