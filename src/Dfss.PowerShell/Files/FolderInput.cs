using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>The folders that a cmdlet takes with -Recurse, and which of the files below them it takes.</summary>
/// <param name="naming">How files are named.</param>
/// <param name="filter">-Include and -Exclude.</param>
/// <param name="includesHidden">Whether hidden files and folders are taken.</param>
/// <param name="followsLinks">Whether links to folders are followed.</param>
internal sealed class FolderInput(LocalNaming naming, NameFilter filter, bool includesHidden, bool followsLinks)
{
    /// <summary>The folders that were walked through.</summary>
    internal List<WalkedFolder> Walked { get; } = [];

    /// <summary>Whether a file is taken that the user has given, by its own name.</summary>
    internal bool Selects(string name) => filter.Selects(name, isFolder: false);

    /// <summary>The files below a given folder, and what is said about the rest of it.</summary>
    /// <exception cref="CmdletException">-Prefix needs -RelativeTo.</exception>
    internal IEnumerable<FolderItem> Walk(GivenPath given, CancellationToken cancellationToken)
    {
        string folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(given.Path));
        string baseFolder = naming.FindBase(folder, given.IsNamed);
        if (LocalNaming.GetRelative(baseFolder, folder) is null)
        {
            return [new FolderItem(folder, baseFolder) { Error = naming.CreateOutside(folder) }];
        }

        WalkedFolder? walked = naming.PrefixOf(folder, baseFolder) is { } prefix
            ? new WalkedFolder(folder, prefix)
            : null;
        if (walked is not null)
        {
            Walked.Add(walked);
        }

        var tree = new LocalTree(folder, new LocalTreeOptions
        {
            IncludesHidden = includesHidden,
            FollowsLinks = followsLinks,
            Selects = filter.Selects,
        });
        return tree.Walk(cancellationToken).Select(entry =>
        {
            walked?.Note(entry);
            return ToItem(entry, baseFolder);
        });
    }

    /// <summary>
    /// Whether a stored file is one that the walk through a folder would take, and there is no such local file.
    /// </summary>
    internal bool IsOnlyStored(WalkedFolder walked, string name)
    {
        if (!name.StartsWith(walked.Prefix, StringComparison.Ordinal))
        {
            return false;
        }

        // What the walk did not look into, or passed over, is not known to be absent here.
        string relative = name[walked.Prefix.Length..];
        for (int slash = relative.IndexOf('/'); slash >= 0; slash = relative.IndexOf('/', slash + 1))
        {
            if (!IsTaken(relative[..slash], isFolder: true) || walked.IsUnknown(relative[..slash]))
            {
                return false;
            }
        }

        return IsTaken(relative, isFolder: false) && !walked.IsUnknown(relative)
            && !Path.Exists(Path.Combine(walked.Path, relative));
    }

    private bool IsTaken(string relative, bool isFolder) => filter.Selects(relative, isFolder)
        && (includesHidden || OperatingSystem.IsWindows() || relative[relative.LastIndexOf('/') + 1] != '.');

    /// <summary>The error of a folder where a file is needed.</summary>
    internal static ErrorRecord CreateIsFolder(string path) => ErrorRecords.Create(
        "PathIsFolder", ErrorCategory.InvalidType, path, $"'{path}' is a folder; DFSS takes files.",
        "Use -Recurse for the files of a folder.");

    private static FolderItem ToItem(LocalTreeEntry entry, string baseFolder)
    {
        var item = new FolderItem(entry.Path, baseFolder);
        return entry.Kind switch
        {
            LocalTreeEntryKind.Unreadable => item with { Error = CreateUnreadable(entry) },
            LocalTreeEntryKind.Loop => item with
            {
                Warning = $"'{entry.Path}' is a link to the folder "
                    + $"'{PlanText.FindLinkTarget(entry.Path)}', which it is in. It is not followed.",
            },
            LocalTreeEntryKind.FolderLink => item with
            {
                Verbose = $"'{entry.Path}' is a link to the folder '{PlanText.FindLinkTarget(entry.Path)}', and is "
                    + "passed over. -FollowSymlink follows it.",
            },
            LocalTreeEntryKind.NotRegular => item with
            {
                Verbose = $"'{entry.Path}' is a FIFO, socket or device, and is passed over.",
            },
            _ => item,
        };
    }

    private static ErrorRecord CreateUnreadable(LocalTreeEntry entry) => ErrorRecords.Create(
        "PathUnreadable",
        entry.Error is UnauthorizedAccessException ? ErrorCategory.PermissionDenied : ErrorCategory.ReadError,
        entry.Path,
        $"The folder '{entry.Path}' cannot be read, and what is below it is left out: {entry.Error!.Message}",
        "Run the command as a user who can read the folder, or leave it out with -Exclude.", entry.Error);
}

/// <summary>A path that the user has given.</summary>
/// <param name="Path">The full path.</param>
/// <param name="Name">The name for it in the store; null if it has none of its own.</param>
/// <param name="IsFromPipeline">Whether an object of the pipeline has given it, and not a text.</param>
/// <param name="IsNamed">Whether the user has written it, and not a pattern that it matches.</param>
internal readonly record struct GivenPath(string Path, string? Name, bool IsFromPipeline, bool IsNamed);

/// <summary>A file below a folder, or what is said instead of taking it.</summary>
/// <param name="Path">The full path.</param>
/// <param name="BaseFolder">The folder that its name is relative to.</param>
internal sealed record FolderItem(string Path, string BaseFolder)
{
    /// <summary>Why it is left out, as an error; else null.</summary>
    internal ErrorRecord? Error { get; init; }

    /// <summary>Why it is left out, as a warning; else null.</summary>
    internal string? Warning { get; init; }

    /// <summary>Why it is left out, as a verbose line; else null.</summary>
    internal string? Verbose { get; init; }
}
