using System.Globalization;
using System.IO.Enumeration;
using Dfss.Storage;

namespace Dfss.Transfer;

/// <summary>
/// The files below a local folder, in ascending order of their names (ordinal). Each folder is read when the walk comes
/// to it; of a folder only the names of its entries are kept.
/// </summary>
/// <param name="folder">The full path of the folder; a link to a folder is followed.</param>
/// <param name="options">What is passed over.</param>
public sealed class LocalTree(string folder, LocalTreeOptions options)
{
    /// <summary>Links are followed one by one by the walk, and nothing is left out by the system.</summary>
    private static readonly EnumerationOptions AllEntries =
        new() { AttributesToSkip = 0, IgnoreInaccessible = false, RecurseSubdirectories = false };

    /// <summary>
    /// Walks through the folder. A folder that cannot be read is an entry, and the walk goes on behind it.
    /// </summary>
    /// <param name="cancellationToken">Ends the walk, also where it finds nothing.</param>
    public IEnumerable<LocalTreeEntry> Walk(CancellationToken cancellationToken = default)
    {
        Stack<OpenFolder> open = new();
        LocalTreeEntry? failure = TryOpen(folder, name: string.Empty, parent: null, open);
        if (failure is not null)
        {
            yield return failure;
        }
        else if (options.IncludesFolders)
        {
            yield return new LocalTreeEntry(folder, string.Empty, LocalTreeEntryKind.Folder);
        }

        while (open.TryPeek(out OpenFolder? current))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (current.Next is not { } entry)
            {
                open.Pop();
                continue;
            }

            string path = Path.Combine(current.Path, entry.Name);
            string name = current.Name.Length == 0 ? entry.Name : $"{current.Name}/{entry.Name}";
            if ((entry.IsHidden && !options.IncludesHidden) || !options.Selects(name, entry.IsFolder))
            {
                continue;
            }

            LocalTreeEntry? found = entry.IsFolder
                ? Enter(path, name, entry, open)
                : new LocalTreeEntry(
                    path, name, FileStatus.IsRegular(path) ? LocalTreeEntryKind.File : LocalTreeEntryKind.NotRegular);
            if (found is not null)
            {
                yield return found;
            }
            else if (options.IncludesFolders)
            {
                yield return new LocalTreeEntry(path, name, LocalTreeEntryKind.Folder);
            }
        }
    }

    private LocalTreeEntry? Enter(string path, string name, Entry entry, Stack<OpenFolder> open)
    {
        if (entry.IsLink && !options.FollowsLinks)
        {
            return new LocalTreeEntry(path, name, LocalTreeEntryKind.FolderLink);
        }

        // Only a link can lead back to a folder that the walk is in.
        bool isLoop = entry.IsLink && open.Any(outer => outer.Identity == Identify(path, open.Peek().Identity));
        return isLoop
            ? new LocalTreeEntry(path, name, LocalTreeEntryKind.Loop)
            : TryOpen(path, name, open.Peek(), open);
    }

    private static LocalTreeEntry? TryOpen(string path, string name, OpenFolder? parent, Stack<OpenFolder> open)
    {
        try
        {
            FileSystemEnumerable<Entry> entries = new(
                path,
                (ref FileSystemEntry found) => new Entry(
                    found.FileName.ToString(), found.IsDirectory,
                    (found.Attributes & FileAttributes.ReparsePoint) != 0
                        && found.ToFileSystemInfo().LinkTarget is not null,
                    found.IsHidden),
                AllEntries);
            Entry[] sorted = [.. entries.OrderBy(entry => entry.Name, StringComparer.Ordinal)];
            open.Push(new OpenFolder(path, name, Identify(path, parent?.Identity), sorted));
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new LocalTreeEntry(path, name, LocalTreeEntryKind.Unreadable) { Error = error };
        }
    }

    /// <summary>
    /// What two paths of the same folder have in common: its number in its file system; where the system does not give
    /// it, its path without links.
    /// </summary>
    private static string Identify(string path, string? parent)
    {
        if (FileStatus.Of(path, followsLinks: true) is { } status)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{status.Device}:{status.Number}");
        }

        return new DirectoryInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName
            ?? (parent is null ? path : Path.Combine(parent, Path.GetFileName(path)));
    }

    private readonly record struct Entry(string Name, bool IsFolder, bool IsLink, bool IsHidden);

    /// <summary>A folder that the walk is in.</summary>
    private sealed class OpenFolder(string path, string name, string identity, Entry[] entries)
    {
        private int next;

        internal string Path => path;

        internal string Name => name;

        internal string Identity => identity;

        internal Entry? Next => next < entries.Length ? entries[next++] : null;
    }
}

/// <summary>What a walk through a folder passes over.</summary>
public sealed record LocalTreeOptions
{
    /// <summary>
    /// Whether hidden files and folders are taken: on Unix those whose names begin with '.', on Windows those with the
    /// attribute.
    /// </summary>
    public bool IncludesHidden { get; init; }

    /// <summary>Whether links to folders are followed. Links to files are always taken, as the files they lead to.
    /// </summary>
    public bool FollowsLinks { get; init; }

    /// <summary>Whether each folder that is walked through is an entry too, before what is in it.</summary>
    public bool IncludesFolders { get; init; }

    /// <summary>
    /// Whether a file is taken, or a folder walked through: called with its path below the folder, with '/', and
    /// whether it is a folder.
    /// </summary>
    public Func<string, bool, bool> Selects { get; init; } = static (_, _) => true;
}

/// <summary>What a <see cref="LocalTreeEntry"/> is.</summary>
public enum LocalTreeEntryKind
{
    /// <summary>A file, or a link that leads to no folder.</summary>
    File,

    /// <summary>A link to a folder, which is not followed.</summary>
    FolderLink,

    /// <summary>A link to a folder that the walk is in, which is not followed.</summary>
    Loop,

    /// <summary>A FIFO, socket or device.</summary>
    NotRegular,

    /// <summary>A folder that cannot be read.</summary>
    Unreadable,

    /// <summary>A folder that is walked through, if <see cref="LocalTreeOptions.IncludesFolders"/>.</summary>
    Folder,
}

/// <summary>What a walk through a folder has come to.</summary>
/// <param name="Path">The full path.</param>
/// <param name="Name">The path below the folder, with '/'; empty for the folder itself.</param>
/// <param name="Kind">What it is.</param>
public sealed record LocalTreeEntry(string Path, string Name, LocalTreeEntryKind Kind)
{
    /// <summary>Why a folder cannot be read; else null.</summary>
    public Exception? Error { get; init; }
}
