using System.Management.Automation;
using Dfss.Encryption;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>A cmdlet that works on stored files, named or as objects of the pipeline.</summary>
public abstract partial class StoredFileCmdlet : ClientCmdlet
{
    /// <summary>
    /// The default set: without arguments PowerShell prompts for a name. It takes no pipeline input, as the default set
    /// is tried first and in full, and a DfssFileInfo would be bound by its property Name.
    /// </summary>
    private protected const string NameSet = "Name";

    private const string PipelineNameSet = "NameFromPipeline";
    private const string LiteralNameSet = "LiteralName";
    internal const string InputObjectSet = "InputObject";

    // Then the name of an object from the pipeline is ignored.
    private bool isNameOnCommandLine;
    private FilePump? files;

    /// <summary>Names of stored files, with wildcards; case-sensitive.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = NameSet,
        HelpMessage = "Names of stored files; wildcards are expanded.")]
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true,
        ParameterSetName = PipelineNameSet, HelpMessage = "Names of stored files; wildcards are expanded.")]
    [PathArgument]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(StoredNameCompletion))]
    public string[] Name { get; set; } = [];

    /// <summary>Names of stored files, every character is literal.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = LiteralNameSet,
        HelpMessage = "Names of stored files, every character is literal.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralNameCompletion))]
    public string[] LiteralName { get; set; } = [];

    /// <summary>Stored files, as Get-DfssFileInfo and Send-DfssFile return them; they contain their peers.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = InputObjectSet,
        HelpMessage = "Stored files, from Get-DfssFileInfo.")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public DfssFileInfo[] InputObject { get; set; } = [];

    /// <summary>The names are hidden from the peers, under a key of -EncryptionKey.</summary>
    [Parameter(HelpMessage = "The names are hidden from the peers, under a key of -EncryptionKey.")]
    public SwitchParameter HiddenName { get; set; }

    /// <summary>Encryption keys that names are hidden with: objects, SecureStrings or paths.</summary>
    [Parameter(HelpMessage = "Encryption keys that names are hidden with: objects, SecureStrings or paths.")]
    [EncryptionKeyArgument(IsList = true)]
    [ValidateNotNullOrEmpty]
    public virtual DfssEncryptionKeySource[]? EncryptionKey { get; set; }

    /// <summary>
    /// The stored name of an object from the pipeline, for example of a copy from another session. If there is one, the
    /// command asks for it, so that no peer gets a hidden Name.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true, DontShow = true, ParameterSetName = PipelineNameSet,
        HelpMessage = "Of an object from the pipeline: the name that the peers have.")]
    [Parameter(ValueFromPipelineByPropertyName = true, DontShow = true, ParameterSetName = LiteralNameSet,
        HelpMessage = "Of an object from the pipeline: the name that the peers have.")]
    [TextArgument]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string? StoredName { get; set; }

    /// <summary>
    /// The version that an object from the pipeline is: the command works on it, or refuses an earlier version. 0 and
    /// an empty value, as in a CSV file, stand for the newest.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true, DontShow = true, ParameterSetName = PipelineNameSet,
        HelpMessage = "Of an object from the pipeline: the version that it is.")]
    [Parameter(ValueFromPipelineByPropertyName = true, DontShow = true, ParameterSetName = LiteralNameSet,
        HelpMessage = "Of an object from the pipeline: the version that it is.")]
    [ArgumentCompleter(typeof(NoCompletion))]
    public long? OfVersion { get; set; }

    /// <summary>Chunks in flight at one moment, over all files and peers.</summary>
    [Parameter(HelpMessage = "Chunks in flight at one moment, over all files and peers (1-256).")]
    [ValidateRange(1, 256)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public virtual int ThrottleLimit { get; set; } = TransferOptions.DefaultThrottleLimit;

    /// <summary>The title of the progress bar; null for a cmdlet that works on each file at once, without the
    /// queue.</summary>
    private protected abstract string? Activity { get; }

    /// <summary>
    /// Whether the cmdlet changes records and transfers nothing: its requests to a peer for many files are batched, and
    /// -ThrottleLimit is the number of files.
    /// </summary>
    private protected virtual bool ChangesNamesAlone => false;

    /// <summary>Whether the names are those of removed files.</summary>
    private protected virtual RemovedFiles Removed => RemovedFiles.LeftOut;

    /// <summary>The -Version of a cmdlet that has it.</summary>
    private protected virtual long? GivenVersion => null;

    /// <summary>Whether the cmdlet can work on an earlier version of a file.</summary>
    private protected virtual bool TakesEarlierVersions => true;

    /// <summary>The version that the files are to be at, by -Version or the object from the pipeline; null where they
    /// are taken as they are.</summary>
    private protected long? WantedVersion =>
        GivenVersion ?? (OfVersion > 0 && !isNameOnCommandLine ? OfVersion : null);

    /// <summary>The files that the cmdlet works on.</summary>
    private protected FilePump Files => files ??= new FilePump(
        this, Activity ?? string.Empty, ChangesNamesAlone ? ThrottleLimit : FilePump.SmallFilesAtOnce,
        TimeProvider.System);

    /// <summary>The keys of hidden names; null if names are not hidden.</summary>
    private protected IReadOnlyList<HiddenNames>? Hidden { get; private set; }

    /// <summary>Whether the keys open contents too.</summary>
    private protected virtual bool OpensContents => false;

    /// <summary>Only names need peers, and the first input shows whether the input is names or files.</summary>
    private protected override bool NeedsPeers => false;

    /// <inheritdoc/>
    private protected override TransferOptions CreateOptions() => base.CreateOptions() with
    {
        ThrottleLimit = ChangesNamesAlone ? TransferOptions.DefaultThrottleLimit : ThrottleLimit,
    };

    /// <summary>Takes one stored file; to be enqueued.</summary>
    private protected abstract Task TakeFileAsync(StoredFile file, CancellationToken cancellationToken);

    /// <inheritdoc/>
    private protected override void Translate(DriveNames drives)
    {
        Name = Array.ConvertAll(Name, name => drives.Translate(name, isPattern: true));
        if (this is INewNameCmdlet naming && IsFixed(nameof(INewNameCmdlet.NewName)))
        {
            naming.NewName = drives.Translate(naming.NewName, isPattern: false);
        }
    }

    /// <summary>Called with the reason for all that the lists of the stored names may lack.</summary>
    private protected virtual void NoteLack(string reason)
    {
    }

    /// <inheritdoc/>
    private protected override async Task BeginAsync(CancellationToken cancellationToken)
    {
        isNameOnCommandLine = Bound.ContainsKey(nameof(Name))
            || Bound.ContainsKey(nameof(LiteralName));
        if (EncryptionKey is not null && !HiddenName && !OpensContents)
        {
            throw KeyErrors.HiddenNameMissing();
        }

        Hidden = await new KeyParameters { ResolvePath = ResolveNewAsync }
            .ReadHiddenNamesAsync(EncryptionKey, HiddenName, cancellationToken).ConfigureAwait(false);
        await base.BeginAsync(cancellationToken).ConfigureAwait(false);
        if (Activity is not null)
        {
            await Files.BeginAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    private protected override async Task HoldKeysAsync(CancellationToken cancellationToken)
    {
        if (EncryptionKey is not null)
        {
            var keys = new KeyParameters { ResolvePath = ResolveNewAsync };
            EncryptionKey = await Task.WhenAll(EncryptionKey.Select(
                key => keys.HoldAsync(key, cancellationToken))).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    private protected sealed override Task ProcessAsync(CancellationToken cancellationToken) =>
        Files.ProcessAsync(TakeInputAsync, cancellationToken);

    /// <inheritdoc/>
    private protected override Task EndAsync(CancellationToken cancellationToken) =>
        Activity is null ? Task.CompletedTask : Files.EndAsync(TakeRestAsync, cancellationToken);

    /// <inheritdoc/>
    private protected override async ValueTask CleanUpAsync()
    {
        await Files.DisposeAsync().ConfigureAwait(false);
        await base.CleanUpAsync().ConfigureAwait(false);
    }

    /// <summary>Does something with one file at once; a failure is the file's own error where other files can
    /// succeed.</summary>
    private protected async Task DoAtOnceAsync(StoredFile file, Func<Task> doAsync)
    {
        try
        {
            await doAsync().ConfigureAwait(false);
        }
        catch (DfssException exception) when (!ErrorRecords.IsAboutThePeers(exception)
            || Files.CanOthersSucceed(file.Record.Home, isObject: InputSet == InputObjectSet))
        {
            await WriteErrorAsync(ErrorRecords.Create(
                FileWork.Tell(exception, file.Record.Name, file.Name), file.Name)).ConfigureAwait(false);
        }
    }

    /// <summary>Enqueues the files that had to wait for the end of the input.</summary>
    private protected virtual Task TakeRestAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Enqueues the files of one input.</summary>
    private protected virtual async Task TakeInputAsync(CancellationToken cancellationToken)
    {
        if (InputSet == InputObjectSet)
        {
            foreach (DfssFileInfo file in InputObject)
            {
                await TakeVersionAsync(file.File, cancellationToken).ConfigureAwait(false);
            }

            return;
        }

        RequirePeers();
        bool isLiteral = InputSet == LiteralNameSet;
        foreach (string name in isLiteral ? LiteralName : Name)
        {
            NameQuery? query = null;
            try
            {
                query = string.IsNullOrEmpty(StoredName) || isNameOnCommandLine
                    ? new NameQuery(name, isLiteral, Hidden) { Removed = Removed }
                    : NameQuery.OfObject(StoredName, name, Removed);
                await foreach (StoredFile file in query.FindAsync(
                    Client, NoteLack, cancellationToken).ConfigureAwait(false))
                {
                    if (!file.IsRemoved)
                    {
                        Remember(file);
                    }

                    await TakeVersionAsync(file, cancellationToken).ConfigureAwait(false);
                }
            }
            catch (WildcardPatternException exception)
            {
                await WriteErrorAsync(NameQuery.CreateError(name, exception)).ConfigureAwait(false);
            }
            catch (DfssException exception) when (!ErrorRecords.IsAboutThePeers(exception))
            {
                await WriteNameErrorAsync(query, name, exception, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Takes one file at the version that is wanted.</summary>
    private async Task TakeVersionAsync(StoredFile file, CancellationToken cancellationToken)
    {
        StoredFile wanted;
        try
        {
            wanted = WantedVersion is long version ? file.AtVersion(version) : file;
            if (wanted.Newest is not null && !TakesEarlierVersions)
            {
                throw new DfssException(
                    DfssErrorCode.InvalidArgument,
                    FormattableString.Invariant(
                        $"Version {wanted.Record.Version} of '{file.Name}' is an earlier version, and ")
                        + $"{MyInvocation.MyCommand.Name} works only on a file as it is now. Nothing was changed.",
                    "Give the file by its name.");
            }
        }
        catch (DfssException exception)
        {
            await WriteErrorAsync(ErrorRecords.Create(exception, file.Name)).ConfigureAwait(false);
            return;
        }

        await TakeFileAsync(wanted, cancellationToken).ConfigureAwait(false);
    }
}
