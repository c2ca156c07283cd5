using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>A cmdlet whose input is local files, each with the name that it has, or gets, in the store.</summary>
public abstract partial class LocalFileCmdlet : ClientCmdlet
{
    /// <summary>The default set: objects with the properties Path and Name bind to nothing else.</summary>
    private protected const string PathSet = "Path";

    private const string LiteralPathSet = "LiteralPath";
    private const string InputObjectSet = "InputObject";

    // The local file of each stored name in this command: two files of one name would overwrite each other.
    private readonly Dictionary<string, string> sourcesByName = new(StringComparer.Ordinal);

    // The file for the -Name of the command, or of the current input.
    private readonly SoleFile<LocalFile> sole;
    private bool isNameOnCommandLine;
    private bool isPathOnCommandLine;
    private LocalNaming? naming;
    private FilePump? files;

    private protected LocalFileCmdlet() => sole = new SoleFile<LocalFile>((first, second) => CreateUsedTwice(
        first.Path, second.Path, first.Name, "Nothing was done. "));

    /// <summary>Local files; wildcards are expanded.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true,
        ParameterSetName = PathSet, HelpMessage = "Local files; wildcards are expanded.")]
    [PathArgument]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>Local files, every character is literal.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = LiteralPathSet,
        HelpMessage = "Local files, every character is literal.")]
    [TextArgument]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>Local files and folders, as Get-ChildItem and Get-Item give them.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = InputObjectSet,
        HelpMessage = "Local files, from Get-ChildItem.")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public FileSystemInfo[] InputObject { get; set; } = [];

    /// <summary>
    /// The name in the store, case-sensitive, '/' between its parts. Default: the file's own name without its folder.
    /// From the pipeline it is bound by property, except from FileInfo objects, whose property Name is the plain file
    /// name, and except with -RelativeTo; if the property is empty, as a cell of a table may be, the default holds.
    /// </summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true, HelpMessage = "The name in the store.")]
    [TextArgument]
    [ArgumentCompleter(typeof(PlainNameCompletion))]
    public string? Name { get; set; }

    /// <summary>A folder: names are the files' paths relative to it, with '/'.</summary>
    [Parameter(HelpMessage = "A folder; the names are the files' paths relative to it, with '/'.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    public string? RelativeTo { get; set; }

    /// <summary>Hides the names from the peers, under -EncryptionKey.</summary>
    [Parameter(HelpMessage = "The names are hidden from the peers, under -EncryptionKey.")]
    public SwitchParameter HiddenName { get; set; }

    /// <summary>Chunks in flight at one moment, over all files and peers.</summary>
    [Parameter(HelpMessage = "Chunks in flight at one moment, over all files and peers (1-256).")]
    [ValidateRange(1, 256)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public int ThrottleLimit { get; set; } = TransferOptions.DefaultThrottleLimit;

    /// <summary>The title of the progress bar.</summary>
    private protected abstract string Activity { get; }

    /// <summary>The files that the cmdlet works on.</summary>
    private protected FilePump Files =>
        files ??= new FilePump(this, Activity, FilePump.SmallFilesAtOnce, TimeProvider.System);

    /// <summary>Whether wildcards match hidden files and folders too.</summary>
    private protected abstract bool IncludesHidden { get; }

    /// <summary>The stored form of a name.</summary>
    /// <exception cref="DfssException">InvalidName: no file can have it.</exception>
    private protected virtual string Normalize(string name) => FileName.Normalize(name);

    /// <summary>Whether to take this file (-WhatIf, -Confirm).</summary>
    private protected virtual Task<bool> IsWantedAsync(LocalFile file, CancellationToken cancellationToken) =>
        Task.FromResult(true);

    /// <inheritdoc/>
    private protected override TransferOptions CreateOptions() =>
        base.CreateOptions() with { ThrottleLimit = ThrottleLimit };

    /// <inheritdoc/>
    private protected override void Translate(DriveNames drives)
    {
        Name = IsFixed(nameof(Name)) ? drives.Translate(Name!, isPattern: false) : Name;
        Prefix = string.IsNullOrEmpty(Prefix) ? Prefix : drives.Translate(Prefix, isPattern: false);
    }

    /// <summary>Takes one local file that exists under its name in the store.</summary>
    private protected abstract Task ProcessFileAsync(LocalFile file, CancellationToken cancellationToken);

    /// <inheritdoc/>
    private protected override async Task BeginAsync(CancellationToken cancellationToken)
    {
        await base.BeginAsync(cancellationToken).ConfigureAwait(false);
        await Files.BeginAsync().ConfigureAwait(false);
        isNameOnCommandLine = Bound.ContainsKey(nameof(Name));
        isPathOnCommandLine = Bound.ContainsKey(nameof(LiteralPath))
            || Bound.ContainsKey(nameof(InputObject));
        sole.IsForCommand = IsFixed(nameof(Name));
        ThrowIfNameIsNotAlone();
        string? root = RelativeTo is null
            ? null
            : System.IO.Path.TrimEndingDirectorySeparator(await ResolveNewAsync(RelativeTo).ConfigureAwait(false));
        string? prefix = string.IsNullOrEmpty(Prefix) ? Prefix : Normalize(Prefix.TrimEnd('/'));
        naming = new LocalNaming(root, prefix, Normalize);
        folders = new FolderInput(naming, new NameFilter(Include, Exclude), IncludesHidden, FollowSymlink);
    }

    /// <inheritdoc/>
    private protected sealed override Task ProcessAsync(CancellationToken cancellationToken) =>
        Files.ProcessAsync(TakeInputAsync, cancellationToken);

    /// <inheritdoc/>
    private protected override Task EndAsync(CancellationToken cancellationToken) => Files.EndAsync(
        async token =>
        {
            await TakeSoleAsync(isInputOver: true, token).ConfigureAwait(false);
            await TakeRestAsync(token).ConfigureAwait(false);
        },
        cancellationToken);

    /// <summary>Enqueues what is known only when the input is over.</summary>
    private protected virtual Task TakeRestAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    private protected override async ValueTask CleanUpAsync()
    {
        await Files.DisposeAsync().ConfigureAwait(false);
        await base.CleanUpAsync().ConfigureAwait(false);
    }

    private async Task TakeInputAsync(CancellationToken cancellationToken)
    {
        await TakePathsAsync(cancellationToken).ConfigureAwait(false);
        await TakeSoleAsync(isInputOver: false, cancellationToken).ConfigureAwait(false);
    }

    private Task TakeSoleAsync(bool isInputOver, CancellationToken cancellationToken) => sole.ReleaseAsync(
        isInputOver, WriteErrorAsync, file => TakeIfWantedAsync(file, cancellationToken));

    private async Task TakePathsAsync(CancellationToken cancellationToken)
    {
        bool isFromPipeline = InputSet != PathSet && !isPathOnCommandLine;
        if (InputSet == InputObjectSet)
        {
            foreach (FileSystemInfo item in InputObject)
            {
                var given = new GivenPath(
                    item.FullName, isNameOnCommandLine ? Name : null, isFromPipeline, IsNamed: false);
                await TakePathAsync(given, cancellationToken).ConfigureAwait(false);
            }

            return;
        }

        bool isDefaultName = RelativeTo is not null || (string.IsNullOrEmpty(Name) && !isNameOnCommandLine);
        bool isLiteral = InputSet == LiteralPathSet;
        foreach (string text in isLiteral ? LiteralPath : Path)
        {
            IReadOnlyList<string> paths =
                await ResolveAsync(
                    text, isLiteral ? PathKind.Literal : PathKind.Wildcards, IncludesHidden).ConfigureAwait(false);
            bool isPattern = !isLiteral && WildcardPattern.ContainsWildcardCharacters(text);
            if (paths.Count == 0 && isPattern)
            {
                await WriteVerboseAsync($"No file matches '{text}'.").ConfigureAwait(false);
            }

            foreach (string path in paths)
            {
                var given = new GivenPath(
                    path, isDefaultName ? null : Name, isFromPipeline, IsNamed: !isPattern && !isFromPipeline);
                await TakePathAsync(given, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task TakePathAsync(GivenPath given, CancellationToken cancellationToken)
    {
        if (Directory.Exists(given.Path))
        {
            await TakeFolderAsync(given, cancellationToken).ConfigureAwait(false);
        }
        else if (folders!.Selects(System.IO.Path.GetFileName(given.Path)))
        {
            await TakeFileAsync(given.Path, baseFolder: null, given.Name, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task TakeFileAsync(
        string path, string? baseFolder, string? givenName, CancellationToken cancellationToken)
    {
        if (LocalFile.Find(path, baseFolder, givenName, naming!, out LocalFile file) is { } error)
        {
            await WriteErrorAsync(error).ConfigureAwait(false);
            return;
        }

        if (givenName is not null)
        {
            sole.Add(file);
        }
        else
        {
            await TakeIfWantedAsync(file, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task TakeIfWantedAsync(LocalFile file, CancellationToken cancellationToken)
    {
        if (Recurse && sourcesByName.GetValueOrDefault(file.Name) == file.Path)
        {
            await WriteVerboseAsync($"'{file.Path}' was taken already.").ConfigureAwait(false);
        }
        else if (await IsWantedAsync(file, cancellationToken).ConfigureAwait(false))
        {
            // Only now: a file that is skipped must not claim the name of another one.
            await TakeAsync(file, cancellationToken).ConfigureAwait(false);
        }
    }

    private Task TakeAsync(LocalFile file, CancellationToken cancellationToken) =>
        Claim(file) is { } refusal ? WriteErrorAsync(refusal) : ProcessFileAsync(file, cancellationToken);

    private ErrorRecord? Claim(LocalFile file) => sourcesByName.TryAdd(file.Name, file.Path)
        ? null
        : CreateUsedTwice(file.Path, sourcesByName[file.Name], file.Name, outcome: string.Empty);

    private static ErrorRecord CreateUsedTwice(string path, string other, string name, string outcome) =>
        ErrorRecords.Create(
            "NameUsedTwice", ErrorCategory.InvalidArgument, path,
            $"'{path}' and '{other}' would both be '{name}' in the store. {outcome}".TrimEnd(),
            "Use -RelativeTo to keep folders in the names, or give each its own -Name.");

    private void ThrowIfNameIsNotAlone()
    {
        if (isNameOnCommandLine && RelativeTo is not null)
        {
            throw new CmdletException(ErrorRecords.Create(
                "NameAndRelativeTo", ErrorCategory.InvalidArgument, Name, "-Name and -RelativeTo exclude each other.",
                "Give one of them."));
        }

        if (isNameOnCommandLine && Recurse)
        {
            throw new CmdletException(ErrorRecords.Create(
                "NameAndRecurse", ErrorCategory.InvalidArgument, Name, "-Name and -Recurse exclude each other.",
                "Give -Prefix for the folder in the store."));
        }
    }
}
