using System.Globalization;
using System.Text;

namespace Dfss.Storage;

/// <summary>The file that makes a folder a store: two lines, <c>DFSS store 2</c> and the store id. Written last to be
/// seen first: what is made before it counts for nothing if it is not there.</summary>
internal static class StoreFormat
{
    /// <summary>The version written, and the only one that is read.</summary>
    public const int Version = 2;

    private const string FirstWord = "DFSS store ";
    private const string Restore = "Restore it from a copy, or give another folder with -StorePath.";

    /// <summary>The store id of the store in a folder; null where the folder is empty or missing.</summary>
    /// <exception cref="DfssException">
    /// <see cref="DfssErrorCode.StoreFormat"/>: newer, damaged, or a folder with other content.
    /// </exception>
    public static StoreId? Read(StoreLayout layout)
    {
        if (!File.Exists(layout.FormatFile))
        {
            ThrowIfForeign(layout);
            return null;
        }

        string[] lines = File.ReadAllText(layout.FormatFile, Encoding.ASCII).Split('\n');
        if (!lines[0].StartsWith(FirstWord, StringComparison.Ordinal)
            || !int.TryParse(
                lines[0].AsSpan(FirstWord.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int version))
        {
            throw Refuse($"'{layout.FormatFile}' is not the format file of a DFSS store.", Restore);
        }

        if (version > Version)
        {
            throw Refuse(
                $"The store at '{layout.Root}' has format {version}; this DFSS supports format {Version} only.",
                "Use a newer DFSS, or another folder.");
        }

        if (version < Version)
        {
            throw Refuse(
                $"The store at '{layout.Root}' has format {version}, which keeps each chunk in a file of its own; "
                + $"this DFSS supports format {Version} only.",
                "Serve it with the DFSS that made it, receive its files, and send them to a new store. Or use "
                    + "another folder.");
        }

        return lines.Length > 1 && StoreId.TryParse(lines[1], out StoreId id)
            ? id
            : throw Refuse($"'{layout.FormatFile}' is damaged: it names no store id.", Restore);
    }

    /// <summary>Makes the folder the store of this id.</summary>
    public static void Write(StoreLayout layout, DurableFile files, StoreId id) => files.WriteAtomically(
        layout.FormatFile,
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{FirstWord}{Version}\n{id}\n")));

    /// <summary>The refusal of a store.</summary>
    public static DfssException Refuse(string reason, string advice) => new(DfssErrorCode.StoreFormat, reason, advice);

    /// <summary>A folder with anything but the files of an interrupted creation is not a store: no file is made
    /// there.</summary>
    private static void ThrowIfForeign(StoreLayout layout)
    {
        if (!Directory.Exists(layout.Root))
        {
            if (File.Exists(layout.Root))
            {
                throw Refuse($"'{layout.Root}' is a file, and a store is a folder.", "Name a folder.");
            }

            return;
        }

        string? foreign = Directory.EnumerateFileSystemEntries(layout.Root).FirstOrDefault(
            // lost+found: a fresh ext4 file system is as good as empty.
            path => Path.GetFileName(path) != "lost+found" && path != layout.LockFile
                && path != layout.FormatFile + DurableFile.TemporarySuffix);
        if (foreign is not null)
        {
            throw Refuse(
                $"'{layout.Root}' is not empty and not a DFSS store: it has '{Path.GetFileName(foreign)}'.",
                "Use an empty folder, or a new one.");
        }
    }
}
