using System.Diagnostics;
using System.Management.Automation;
using System.Text;
using Dfss.Encryption;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>Sends files to peers. A file's result is written when no crash or power cut at a peer can lose any of it.
/// Several files are sent at once; results come in the order of the input.</summary>
[Cmdlet(VerbsCommunications.Send, "DfssFile", DefaultParameterSetName = PathSet, SupportsShouldProcess = true)]
[OutputType(typeof(DfssFileInfo), typeof(DfssTransferPlan), typeof(Job))]
public sealed partial class SendDfssFileCommand : LocalFileCmdlet
{
    private SendOptions options = SendOptions.Default;
    private HiddenNames? hidden;
    private UnchangedFiles unchanged = new(byTime: false, byContent: false);
    private bool isWhatIf;

    /// <summary>The length of a chunk in bytes, 64KB to 16MB; raised by itself for a file that would have too many
    /// chunks.</summary>
    [Parameter(HelpMessage = "The length of a chunk in bytes, 64KB to 16MB.")]
    [ValidateRange(DfssLimits.MinChunkSize, DfssLimits.MaxChunkSize)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public int ChunkSize { get; set; } = DfssLimits.DefaultChunkSize;

    /// <summary>At how many peers each chunk is to be: 2, or 1 where the file has one peer.</summary>
    [Parameter(HelpMessage = "At how many peers each chunk is to be.")]
    [ValidateRange(1, DfssLimits.MaxHomeMembers)]
    [PSDefaultValue(Value = SendOptions.DefaultReplicas)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public int? Replicas { get; set; }

    /// <summary>At how many peers each chunk must be: 2, or 1 where one copy is asked for.</summary>
    [Parameter(HelpMessage = "At how many peers each chunk must be for the file to be sent.")]
    [ValidateRange(1, DfssLimits.MaxHomeMembers)]
    [PSDefaultValue(Value = SendOptions.DefaultReplicas)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public int? MinimumReplicas { get; set; }

    /// <summary>Replaces a stored file of the same name; wildcards match hidden files and folders too.</summary>
    [Parameter(HelpMessage = "Replaces a stored file of the same name; wildcards match hidden files too.")]
    public SwitchParameter Force { get; set; }

    /// <summary>Passes over files that have the length and the time of last writing of the stored ones.</summary>
    [Parameter(HelpMessage = "Passes over files with the length and the time of last writing of the stored ones.")]
    public SwitchParameter SkipUnchanged { get; set; }

    /// <summary>Passes over files that have the content of the stored ones, whatever their times.</summary>
    [Parameter(HelpMessage = "Passes over files with the content of the stored ones, whatever their times.")]
    public SwitchParameter Checksum { get; set; }

    /// <summary>Also removes stored files below the folders in the store that are not in the local ones.</summary>
    [Parameter(
        HelpMessage = "Also removes stored files below the folders in the store that are not in the local ones. "
            + "Replaces what has changed.")]
    public SwitchParameter Mirror { get; set; }

    /// <summary>Replaces exactly this version of the name; 0 for one that was never sent.</summary>
    [Parameter(HelpMessage = "Replaces exactly this version of the name.")]
    [ValidateRange(0, long.MaxValue)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public long? IfVersion { get; set; }

    /// <summary>How many earlier versions of a name are kept beside the one that is sent.</summary>
    [Parameter(HelpMessage = "How many earlier versions of a name are kept (0-64).")]
    [ValidateRange(0, DfssLimits.MaxPreviousVersions)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public int KeepVersions { get; set; } = SendOptions.DefaultKeepVersions;

    /// <summary>Reads each file from its start, and ignores the journal of an interrupted send.</summary>
    [Parameter(HelpMessage = "Reads each file from the start, and ignores the journal of an interrupted send.")]
    public SwitchParameter Restart { get; set; }

    /// <summary>How many bytes a second are sent at most, over all files.</summary>
    [Parameter(HelpMessage = "How many bytes a second are sent at most, for example 10MB.")]
    [ValidateRange(1, long.MaxValue)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public long? BandwidthLimit { get; set; }

    /// <summary>Gives what would be sent, as an object for each file, and sends nothing.</summary>
    [Parameter(HelpMessage = "Returns what would be sent, an object for each file; sends nothing.")]
    public SwitchParameter PlanOnly { get; set; }

    /// <summary>Runs the command as a job.</summary>
    [Parameter(HelpMessage = "Runs the command as a job in this process, and returns the job.")]
    public SwitchParameter AsJob { get; set; }

    /// <summary>A key to encrypt the files with, so that the peers cannot read them: an object, a SecureString or a
    /// path.</summary>
    [Parameter(HelpMessage = "A key to encrypt the files with: an object, a SecureString or a path.")]
    [EncryptionKeyArgument]
    [ValidateNotNull]
    public DfssEncryptionKeySource? EncryptionKey { get; set; }

    /// <summary>
    /// The certificates of the recipients that the files are encrypted for, so that the peers cannot read them:
    /// objects, paths or thumbprints.
    /// </summary>
    [Parameter(
        HelpMessage = "Certificates of the recipients that can decrypt the files: objects, paths or thumbprints.")]
    [CertificateArgument(IsList = true)]
    [ValidateNotNullOrEmpty]
    public DfssCertificateSource[]? Recipient { get; set; }

    /// <inheritdoc/>
    private protected override bool RunsAsJob => AsJob;

    /// <inheritdoc/>
    private protected override string Activity => "Sending";

    /// <inheritdoc/>
    private protected override bool IncludesHidden => Force;

    /// <inheritdoc/>
    private protected override TransferOptions CreateOptions() => base.CreateOptions() with
    {
        StateFolder = UserState.Folder,
        BytesPerSecond = BandwidthLimit,
    };

    /// <inheritdoc/>
    private protected override async Task BeginAsync(CancellationToken cancellationToken)
    {
        if (Mirror && !Recurse)
        {
            throw MirrorRemoval.Refuse("needs a folder", "Give -Recurse and a folder.");
        }

        var keys = new KeyParameters { ResolvePath = ResolveNewAsync };
        DfssEncryptionKeySource[] given = EncryptionKey is null ? [] : [EncryptionKey];
        IReadOnlyList<Recipient> recipients = await keys.ReadRecipientsAsync(
            given, Recipient, cancellationToken).ConfigureAwait(false);
        unchanged = new UnchangedFiles(SkipUnchanged, Checksum)
        {
            Recipients = [.. recipients.Select(recipient => recipient.KeyId)],
            Keys = await keys.ReadKeysAsync(given, null, cancellationToken).ConfigureAwait(false),
        };
        isWhatIf = await InvokeAsync(IsWhatIf).ConfigureAwait(false);
        hidden = (await keys.ReadHiddenNamesAsync(given, HiddenName, cancellationToken).ConfigureAwait(false))?[0];
        options = new SendOptions
        {
            ChunkSize = ChunkSize,
            Replicas = Replicas,
            MinimumReplicas = MinimumReplicas,
            Force = Force || Mirror,
            IfVersion = IfVersion,
            KeepVersions = KeepVersions,
            Restart = Restart,
            Recipients = recipients,
        };
        await base.BeginAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    private protected override async Task HoldKeysAsync(CancellationToken cancellationToken)
    {
        var keys = new KeyParameters { ResolvePath = ResolveNewAsync };
        EncryptionKey = EncryptionKey is null
            ? null
            : await keys.HoldAsync(EncryptionKey, cancellationToken).ConfigureAwait(false);
        Recipient = Recipient is null
            ? null
            : await keys.HoldAsync(Recipient, withKeys: false, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    private protected override string Normalize(string name) => FileName.NormalizeNew(name);

    /// <inheritdoc/>
    private protected override async Task<bool> IsWantedAsync(LocalFile file, CancellationToken cancellationToken)
    {
        if (unchanged.IsOn || PlanOnly)
        {
            return true;
        }

        if (!isWhatIf)
        {
            return await ShouldProcessAsync(file.Path, Describe(file)).ConfigureAwait(false);
        }

        // The peers are asked about several files at once.
        await EnqueueAsync(file, cancellationToken).ConfigureAwait(false);
        return false;
    }

    private static string Describe(LocalFile file) => $"Send {ByteSize.ToText(file.Length)} as '{file.Name}'";

    /// <inheritdoc/>
    private protected override async Task ProcessFileAsync(LocalFile file, CancellationToken cancellationToken)
    {
        if (LocalName.FindTooLong(file.Name, isWindows: false) is { } part)
        {
            int length = Encoding.UTF8.GetByteCount(part);
            string problem = FormattableString.Invariant(
                $"'{file.Name}' has a part of {length} bytes, and most disks take {LocalFileName.MaxPartLength}. ");
            await WriteWarningAsync(
                problem + "It is sent. To receive it, name the file's path: Receive-DfssFile -Destination.")
                .ConfigureAwait(false);
        }

        await EnqueueAsync(file, cancellationToken).ConfigureAwait(false);
    }

    private Task EnqueueAsync(LocalFile file, CancellationToken cancellationToken) => Files.EnqueueAsync(
        new FileWork(file.Name, file.Path, file.Length, (progress, token) => SendAsync(file, progress, token))
        {
            Description = PlanOnly || isWhatIf
                ? null
                : DescribeTransfer(TransferKind.Send, file.Name, file.Path, file.Length),
        },
        cancellationToken);

    private async Task<Action> SendAsync(LocalFile file, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        if (unchanged.IsOn)
        {
            string name = hidden?.Hide(file.Name) ?? file.Name;
            if (await unchanged.FindStoredAsync(
                Client, file, name, progress, cancellationToken).ConfigureAwait(false) is { } same)
            {
                TakeVerbose(FormattableString.Invariant(
                    $"'{file.Path}' is unchanged since version {same.Record.Version} of '{file.Name}'."));
                object result = PlanOnly
                    ? CreateUnchangedPlan(file, same)
                    : new DfssFileInfo(same, file.Path) { Skipped = true };
                return Files.PassOver(file.Length, () => WriteObject(result), isUnchanged: true);
            }
        }

        if (PlanOnly || isWhatIf)
        {
            return await PlanAsync(file, progress, cancellationToken).ConfigureAwait(false);
        }

        // Only now is it known that there is something to ask about.
        if (unchanged.IsOn
            && !await AskAsync(file.Path, Describe(file), cancellationToken).ConfigureAwait(false))
        {
            return Files.PassOver(file.Length, static () => { });
        }

        long started = Stopwatch.GetTimestamp();
        SendOptions gated = options with { Gate = TransferProgressTee.GateOf(progress) };
        StoredFile stored = hidden is null
            ? await Client.SendAsync(file.Path, file.Name, gated, progress, cancellationToken).ConfigureAwait(false)
            : await SendHiddenAsync(file, hidden, gated, progress, cancellationToken).ConfigureAwait(false);
        Remember(stored);
        Files.SayDone($"Sent '{file.Path}' as", stored, started);
        return () => WriteObject(new DfssFileInfo(stored, file.Path));
    }

    /// <summary>Only clients with the key can read the name.</summary>
    private async Task<StoredFile> SendHiddenAsync(
        LocalFile file, HiddenNames names, SendOptions gated, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        string stored = names.Hide(file.Name);
        try
        {
            StoredFile sent = await Client.SendAsync(
                file.Path, stored, gated, progress, cancellationToken).ConfigureAwait(false);
            return sent with { Name = file.Name };
        }
        catch (DfssException exception)
        {
            throw exception.Copy(exception.Reason.Replace(stored, file.Name, StringComparison.Ordinal));
        }
    }
}
