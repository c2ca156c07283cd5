namespace Dfss.Transfer;

/// <summary>What an <see cref="ItemCopyEntry"/> is.</summary>
public enum ItemCopyEntryKind
{
    /// <summary>A file, or a link that leads to one: it is copied as the file that it leads to.</summary>
    File,

    /// <summary>A folder; its entries follow it.</summary>
    Folder,

    /// <summary>A link to a folder, which is not followed.</summary>
    FolderLink,

    /// <summary>A FIFO, socket or device, or a link that leads back to a folder above it.</summary>
    NotCopied,

    /// <summary>A folder that cannot be read, or an item that is gone.</summary>
    Unreadable,
}

/// <summary>What a listing of a source has come to.</summary>
/// <param name="Path">The full path at the source.</param>
/// <param name="Name">The path below the listed item, with '/'; empty for the listed item itself.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Length">The length of a file in bytes, for progress; 0 for all else.</param>
/// <param name="Problem">Why an item cannot be read; empty where it can.</param>
/// <param name="UnixMode">The permission bits of a folder; null where there are none.</param>
public sealed record ItemCopyEntry(
    string Path, string Name, ItemCopyEntryKind Kind, long Length, string Problem, int? UnixMode = null);

/// <summary>What is walked through below a source folder.</summary>
/// <param name="IncludesHidden">Whether hidden files and folders are taken.</param>
/// <param name="FollowsLinks">Whether links to folders are followed.</param>
public sealed record ItemCopyWalk(bool IncludesHidden, bool FollowsLinks);

/// <summary>A path at the target, as the target's system reads it.</summary>
/// <param name="Path">The path.</param>
/// <param name="IsFolder">Whether a folder is there.</param>
/// <param name="IsFile">Whether a file is there.</param>
/// <param name="Folder">The folder that it is in.</param>
/// <param name="Name">Its last part.</param>
/// <param name="IgnoresCase">Whether the system takes names that differ only in case for the same.</param>
public sealed record ItemCopyPlace(
    string Path, bool IsFolder, bool IsFile, string Folder, string Name, bool IgnoresCase);

/// <summary>One copied file.</summary>
/// <param name="Destination">The full path at the target.</param>
/// <param name="Length">The length in bytes.</param>
/// <param name="PresentBytes">
/// The bytes that the target had already, verified: of an interrupted copy, or of the same file.
/// </param>
/// <param name="IsUnchanged">Whether the target had the whole file already, with its time.</param>
public sealed record ItemCopyResult(string Destination, long Length, long PresentBytes, bool IsUnchanged);
