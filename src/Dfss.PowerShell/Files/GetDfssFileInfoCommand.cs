using System.Management.Automation;
using Dfss.Encryption;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>Lists and describes stored files.</summary>
[Cmdlet(VerbsCommon.Get, "DfssFileInfo", DefaultParameterSetName = NameSet)]
[OutputType(typeof(DfssFileInfo), typeof(DfssChunkInfo))]
public sealed class GetDfssFileInfoCommand : ClientCmdlet
{
    private const string NameSet = "Name";
    private const string LiteralNameSet = "LiteralName";

    /// <summary>Names, with wildcards; all files without it. Case-sensitive. '*' also stands for '/'.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true,
        ParameterSetName = NameSet,
        HelpMessage = "Names of stored files; wildcards are expanded.")]
    [PathArgument]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(StoredNameCompletion))]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Names, every character is literal.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = LiteralNameSet,
        HelpMessage = "Names of stored files, every character is literal.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralNameCompletion))]
    public string[] LiteralName { get; set; } = [];

    /// <summary>
    /// The peers; from the pipeline, the objects of Get-DfssPeer by their Endpoint, which are asked together when the
    /// input has ended.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true, HelpMessage =
        "The peers: host:port, or objects of Get-DfssPeer. Default: $env:DFSS_PEER, the cluster's, or this session's.")]
    [Alias(nameof(DfssPeerInfo.Endpoint))]
    [PeerArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PeerCompletion))]
    public override string[]? Peer { get; set; }

    /// <summary>An earlier version of each file that is kept, instead of the current one.</summary>
    [Parameter(HelpMessage = "An earlier version of each file, in place of the one it is at.")]
    [ValidateRange(1, long.MaxValue)]
    [ArgumentCompleter(typeof(VersionCompletion))]
    public long? Version { get; set; }

    /// <summary>Lists the removed files that can be restored, in place of those that are stored.</summary>
    [Parameter(HelpMessage = "Lists the removed files that can be restored, in place of those that are stored.")]
    public SwitchParameter Removed { get; set; }

    /// <summary>Returns the chunks of each file, and the peers that have them, in place of the file.</summary>
    [Parameter(HelpMessage = "Returns the chunks of each file, and the peers that have them, in place of the file.")]
    public SwitchParameter Chunk { get; set; }

    /// <summary>Asks the peers which chunks they have, for PresentReplicas.</summary>
    [Parameter(HelpMessage = "Asks the peers which chunks they have, and fills PresentReplicas.")]
    public SwitchParameter Detailed { get; set; }

    /// <summary>The names are hidden from the peers, under a key of -EncryptionKey.</summary>
    [Parameter(HelpMessage = "The names are hidden from the peers, under a key of -EncryptionKey.")]
    public SwitchParameter HiddenName { get; set; }

    /// <summary>Encryption keys that names are hidden with: objects, SecureStrings or paths.</summary>
    [Parameter(HelpMessage = "Encryption keys that names are hidden with: objects, SecureStrings or paths.")]
    [EncryptionKeyArgument(IsList = true)]
    [ValidateNotNullOrEmpty]
    public DfssEncryptionKeySource[]? EncryptionKey { get; set; }

    /// <summary>
    /// The stored name of an object from the pipeline. If there is one, the command asks for it, so that no peer gets a
    /// hidden Name.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true, DontShow = true,
        HelpMessage = "Of an object from the pipeline: the name that the peers have.")]
    [TextArgument]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string? StoredName { get; set; }

    /// <summary>The version that an object from the pipeline is; 0 and an empty value stand for the newest.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true, DontShow = true,
        HelpMessage = "Of an object from the pipeline: the version that it is.")]
    [ArgumentCompleter(typeof(NoCompletion))]
    public long? OfVersion { get; set; }

    // The keys of hidden names; null if names are not hidden.
    private IReadOnlyList<HiddenNames>? hidden;

    // Then the name of an object from the pipeline is ignored.
    private bool isNameOnCommandLine;

    // Of the pipeline: the peers, and the names to ask them for.
    private readonly List<string> pipedPeers = [];
    private readonly List<string> pipedNames = [];
    private bool isPeerOnCommandLine;

    // Once for a command: the same warning holds for the other files.
    private bool hasWarned;

    /// <inheritdoc/>
    private protected override async Task BeginAsync(CancellationToken cancellationToken)
    {
        isNameOnCommandLine = Bound.ContainsKey(nameof(Name))
            || Bound.ContainsKey(nameof(LiteralName));
        isPeerOnCommandLine = Peer is not null;
        if (EncryptionKey is not null && !HiddenName)
        {
            throw KeyErrors.HiddenNameMissing();
        }

        hidden = await new KeyParameters { ResolvePath = ResolveNewAsync }
            .ReadHiddenNamesAsync(EncryptionKey, HiddenName, cancellationToken).ConfigureAwait(false);
        await base.BeginAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    private protected override void Translate(DriveNames drives) =>
        Name = Array.ConvertAll(Name, name => drives.Translate(name, isPattern: true));

    /// <inheritdoc/>
    private protected override bool NeedsPeers => !ExpectsInput;

    /// <inheritdoc/>
    private protected override Task ProcessAsync(CancellationToken cancellationToken)
    {
        string[] names = InputSet == LiteralNameSet ? LiteralName : Name;
        if (Peer is null || isPeerOnCommandLine)
        {
            RequirePeers();
            return WriteAsync(names, cancellationToken);
        }

        pipedPeers.AddRange(Peer);
        pipedNames.AddRange(names.Except(pipedNames));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    private protected override async Task EndAsync(CancellationToken cancellationToken)
    {
        if (pipedPeers.Count > 0)
        {
            await UsePeersAsync(pipedPeers).ConfigureAwait(false);
            await WriteAsync(pipedNames, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task WriteAsync(IEnumerable<string> names, CancellationToken cancellationToken)
    {
        bool isLiteral = InputSet == LiteralNameSet;
        foreach (string name in names)
        {
            NameQuery? query = null;
            try
            {
                RemovedFiles removed = Removed ? RemovedFiles.Only : RemovedFiles.LeftOut;
                query = string.IsNullOrEmpty(StoredName) || isNameOnCommandLine
                    ? new NameQuery(name, isLiteral, hidden) { Removed = removed }
                    : NameQuery.OfObject(StoredName, name, removed);
                await foreach (StoredFile file in query.FindAsync(
                    Client, lacks: null, cancellationToken).ConfigureAwait(false))
                {
                    if (!file.IsRemoved)
                    {
                        Remember(file);
                    }

                    if (query.IsPattern)
                    {
                        // For a file that was asked for by its name the client has warned already, with the peers'
                        // reasons.
                        await WarnIfNotCurrentAsync(file).ConfigureAwait(false);
                    }

                    await WriteVersionAsync(file, query.IsPattern, cancellationToken).ConfigureAwait(false);
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

    private async Task WriteVersionAsync(StoredFile file, bool isPattern, CancellationToken cancellationToken)
    {
        StoredFile wanted;
        try
        {
            wanted = (Version ?? (OfVersion > 0 && !isNameOnCommandLine ? OfVersion : null)) is long version
                ? file.AtVersion(version)
                : file;
        }
        catch (DfssException exception)
        {
            await WriteErrorAsync(ErrorRecords.Create(exception, file.Name)).ConfigureAwait(false);
            return;
        }

        await WriteFileAsync(wanted, isPattern, cancellationToken).ConfigureAwait(false);
    }

    private async Task WriteFileAsync(StoredFile file, bool isPattern, CancellationToken cancellationToken)
    {
        if (!Chunk && !Detailed && !file.IsRemoved)
        {
            await WriteObjectAsync(new DfssFileInfo(file)).ConfigureAwait(false);
            return;
        }

        FileHealth health =
            await Client.TestAsync(file, deep: false, progress: null, cancellationToken).ConfigureAwait(false);
        if (file.IsRemoved && health.File.PresentReplicas == 0)
        {
            await TellGoneAsync(file, isPattern).ConfigureAwait(false);
            return;
        }

        if (!Chunk)
        {
            await WriteObjectAsync(new DfssFileInfo(health.File with { Name = file.Name })).ConfigureAwait(false);
            return;
        }

        if (health.ManifestProblem is { } problem)
        {
            await WriteErrorAsync(ErrorRecords.Create(
                new DfssException(DfssErrorCode.ChunkNotFound, problem), file.Name)).ConfigureAwait(false);
        }

        foreach (ChunkHealth chunk in health.Chunks)
        {
            await WriteObjectAsync(new DfssChunkInfo(file, chunk)).ConfigureAwait(false);
        }
    }

    /// <summary>Says why a removed file is not listed: it was asked for by its name, or matches a pattern.</summary>
    private Task TellGoneAsync(StoredFile file, bool isPattern)
    {
        string reason =
            $"'{file.Name}' was removed and cannot be restored: chunks of it are gone, or are at peers that "
                + "cannot be reached.";
        return isPattern
            ? WriteVerboseAsync(reason)
            : WriteErrorAsync(ErrorRecords.Create(new DfssException(DfssErrorCode.ChunkNotFound, reason), file.Name));
    }

    private async Task WarnIfNotCurrentAsync(StoredFile file)
    {
        if (!file.IsCurrent && !hasWarned)
        {
            hasWarned = true;
            await WriteWarningAsync(
                $"'{file.Name}' may be out of date, and so may all whose version is shown with '?' (IsCurrent "
                + "is false): fewer than a majority of the file's peers answered, so the others may have a newer "
                + "version. Start them to be sure. If they run at other addresses, give these with -Peer.")
                .ConfigureAwait(false);
        }
    }
}
