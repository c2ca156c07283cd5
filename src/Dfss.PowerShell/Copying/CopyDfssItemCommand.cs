using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// Copies files and folders to or from the machine of a session, as Copy-Item -ToSession does, over a direct connection
/// where there is one.
/// </summary>
[Cmdlet(VerbsCommon.Copy, "DfssItem", DefaultParameterSetName = PathToSet, SupportsShouldProcess = true)]
[OutputType(typeof(DfssItemCopy))]
public sealed partial class CopyDfssItemCommand : DfssCmdlet
{
    private const string PathToSet = "PathToSession";
    private const string LiteralToSet = "LiteralPathToSession";
    private const string PathFromSet = "PathFromSession";
    private const string LiteralFromSet = "LiteralPathFromSession";

    private readonly List<string> localSources = [];
    private readonly List<string> remoteSources = [];
    private int givenPaths;

    /// <summary>What to copy, with wildcards; at the session's side with -FromSession.</summary>
    [Parameter(ParameterSetName = PathToSet, Mandatory = true, Position = 0, ValueFromPipeline = true,
        ValueFromPipelineByPropertyName = true, HelpMessage = "The files and folders to copy.")]
    [Parameter(ParameterSetName = PathFromSet, Mandatory = true, Position = 0, ValueFromPipeline = true,
        ValueFromPipelineByPropertyName = true, HelpMessage = "The files and folders to copy.")]
    [PathArgument]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>What to copy; every character stands for itself.</summary>
    [Parameter(ParameterSetName = LiteralToSet, Mandatory = true, ValueFromPipelineByPropertyName = true,
        HelpMessage = "The files and folders to copy, every character as it is.")]
    [Parameter(ParameterSetName = LiteralFromSet, Mandatory = true, ValueFromPipelineByPropertyName = true,
        HelpMessage = "The files and folders to copy, every character as it is.")]
    [Alias("PSPath", "LP")]
    [PathArgument]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>
    /// A folder, or the path of the copy; at the session's side with -ToSession. Relative to the current location
    /// there.
    /// </summary>
    [Parameter(Position = 1, HelpMessage = "The folder to copy into, or the path of the copy.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = ".";

    /// <summary>The session whose machine is copied to.</summary>
    [Parameter(ParameterSetName = PathToSet, Mandatory = true, HelpMessage = "The session to copy to.")]
    [Parameter(ParameterSetName = LiteralToSet, Mandatory = true, HelpMessage = "The session to copy to.")]
    [ArgumentCompleter(typeof(NoCompletion))]
    [ValidateNotNull]
    public PSSession? ToSession { get; set; }

    /// <summary>The session whose machine is copied from.</summary>
    [Parameter(ParameterSetName = PathFromSet, Mandatory = true, HelpMessage = "The session to copy from.")]
    [Parameter(ParameterSetName = LiteralFromSet, Mandatory = true, HelpMessage = "The session to copy from.")]
    [ArgumentCompleter(typeof(NoCompletion))]
    [ValidateNotNull]
    public PSSession? FromSession { get; set; }

    /// <summary>Copies folders with all that is in them.</summary>
    [Parameter(HelpMessage = "Copies folders with all that is in them.")]
    public SwitchParameter Recurse { get; set; }

    /// <summary>Of a folder, only files whose name matches this pattern.</summary>
    [Parameter(HelpMessage = "Of a folder, only files whose name matches this pattern.")]
    [TextArgument]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(NoCompletion))]
    [ValidateNotNullOrEmpty]
    public string? Filter { get; set; }

    /// <summary>Of a folder, only files that match one of these patterns.</summary>
    [Parameter(HelpMessage = "Of a folder, only files that match one of these patterns.")]
    [TextArgument]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string[] Include { get; set; } = [];

    /// <summary>Files and folders below a folder that are left out.</summary>
    [Parameter(HelpMessage = "Files and folders below a folder that are left out.")]
    [TextArgument]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string[] Exclude { get; set; } = [];

    /// <summary>Copies hidden files too, and replaces read-only ones.</summary>
    [Parameter(HelpMessage = "Copies hidden files too, and replaces read-only ones.")]
    public SwitchParameter Force { get; set; }

    /// <summary>Copies what links to folders lead to.</summary>
    [Parameter(HelpMessage = "Copies what links to folders lead to.")]
    public SwitchParameter FollowSymlink { get; set; }

    /// <summary>Makes no direct connection: all bytes go through the session.</summary>
    [Parameter(HelpMessage = "Makes no direct connection: all bytes go through the session.")]
    public SwitchParameter ThroughSession { get; set; }

    /// <summary>Returns an object for each file.</summary>
    [Parameter(HelpMessage = "Returns an object for each file.")]
    public SwitchParameter PassThru { get; set; }

    private PSSession Session => (ToSession ?? FromSession)!;

    private bool IsToSession => ToSession is not null;

    private bool IsLiteral => ParameterSetName is LiteralToSet or LiteralFromSet;

    /// <inheritdoc/>
    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        foreach (string path in IsLiteral ? LiteralPath : Path)
        {
            givenPaths++;
            if (!IsToSession)
            {
                remoteSources.Add(path);
                continue;
            }

            PathKind kind = IsLiteral ? PathKind.Literal : PathKind.Wildcards;
            foreach (string found in await ResolveAsync(path, kind, Force).ConfigureAwait(false))
            {
                if (System.IO.Path.Exists(found) || new FileInfo(found).LinkTarget is not null)
                {
                    localSources.Add(found);
                    continue;
                }

                await WriteErrorAsync(ErrorRecords.Create(
                    "PathNotFound", ErrorCategory.ObjectNotFound, path, $"'{path}' does not exist.",
                    "Check the path.")).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc/>
    private protected override async Task EndAsync(CancellationToken cancellationToken)
    {
        if (localSources.Count + remoteSources.Count == 0)
        {
            return;
        }

        NameFilter[] filters = CreateFilters();
        RemoteCopySession remote = new(Session);
        await using (remote.ConfigureAwait(false))
        {
            await remote.CheckAsync(cancellationToken).ConfigureAwait(false);
            IReadOnlyList<string> sources = IsToSession
                ? localSources
                : await FindRemoteAsync(remote, cancellationToken).ConfigureAwait(false);
            string destination = await FindDestinationAsync(remote, cancellationToken).ConfigureAwait(false);
            int given = sources.Count;
            sources = await AskAsync(sources, destination).ConfigureAwait(false);
            if (sources.Count == 0)
            {
                return;
            }

            remote.Start();
            await ConnectAsync(remote, cancellationToken).ConfigureAwait(false);
            ItemCopier copier = IsToSession ? remote.Client.ToHost() : remote.Client.FromHost();
            ItemCopyPlace place = await copier.LookAsync(destination, cancellationToken).ConfigureAwait(false);
            IReadOnlyList<PlannedItem> items = await PlanAsync(
                copier, sources, place, hasOne: given == 1 && givenPaths == 1, cancellationToken).ConfigureAwait(false);
            destinations = new Destinations(place.IgnoresCase);
            await CopyAsync(copier, items, filters, remote.Client.DirectAddress, cancellationToken)
                .ConfigureAwait(false);
        }
    }

    private NameFilter[] CreateFilters()
    {
        List<NameFilter> filters = [];
        if (Filter is not null)
        {
            filters.Add(new NameFilter([Filter], []));
        }

        if (Include.Length + Exclude.Length > 0)
        {
            filters.Add(new NameFilter(Include, Exclude));
        }

        return [.. filters];
    }

    private async Task<IReadOnlyList<string>> FindRemoteAsync(
        RemoteCopySession remote, CancellationToken cancellationToken)
    {
        List<string> sources = [];
        foreach (FileSystemPath found in await remote.ResolveAsync(
            [.. remoteSources], IsLiteral ? PathKind.Literal : PathKind.Wildcards, Force,
            cancellationToken).ConfigureAwait(false))
        {
            sources.AddRange(found.Paths);
            foreach (ErrorRecord error in found.Errors)
            {
                await WriteErrorAsync(error).ConfigureAwait(false);
            }
        }

        return sources;
    }

    private async Task<string> FindDestinationAsync(RemoteCopySession remote, CancellationToken cancellationToken)
    {
        if (!IsToSession)
        {
            return await ResolveNewAsync(Destination).ConfigureAwait(false);
        }

        IReadOnlyList<FileSystemPath> found = await remote.ResolveAsync(
            [Destination], PathKind.New, includesHidden: false, cancellationToken).ConfigureAwait(false);
        return found is [{ Paths: [string path] }]
            ? path
            : throw new CmdletException(found.SelectMany(one => one.Errors).FirstOrDefault() ?? ErrorRecords.Create(
                "PathInvalid", ErrorCategory.InvalidArgument, Destination, $"'{Destination}' cannot be resolved there.",
                "Give a full path."));
    }

    private async Task<IReadOnlyList<string>> AskAsync(IReadOnlyList<string> sources, string destination)
    {
        List<string> agreed = [];
        foreach (string source in sources)
        {
            string action = IsToSession ? "Copy to the session" : "Copy from the session";
            if (await ShouldProcessAsync($"Item: {source} Destination: {destination}", action).ConfigureAwait(false))
            {
                agreed.Add(source);
            }
        }

        return agreed;
    }

    private async Task ConnectAsync(RemoteCopySession remote, CancellationToken cancellationToken)
    {
        if (ThroughSession)
        {
            return;
        }

        string? failure = await remote.Client.ConnectAsync(
            Session.ComputerName, ConnectLimit, cancellationToken).ConfigureAwait(false);
        await WriteVerboseAsync(RemoteText.ShowMessage(failure is null
            ? $"The files go over a direct connection to {remote.Client.DirectAddress}."
            : $"The files go through the session: there is no direct connection. {failure}")).ConfigureAwait(false);
    }
}
