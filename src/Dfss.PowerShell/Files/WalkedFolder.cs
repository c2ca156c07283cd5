using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>A folder that was walked through, and what the walk has found.</summary>
/// <param name="path">The full path.</param>
/// <param name="prefix">What the names of its files begin with: empty, or a folder in the store and '/'.</param>
internal sealed class WalkedFolder(string path, string prefix)
{
    // Paths below the folder, in the form of stored names; empty for the folder itself.
    private readonly HashSet<string> unknown = new(StringComparer.Ordinal);

    /// <summary>The full path.</summary>
    internal string Path => path;

    /// <summary>What the names of its files begin with: empty, or a folder in the store and '/'.</summary>
    internal string Prefix => prefix;

    /// <summary>Whether the walk has found a file.</summary>
    internal bool HasFile { get; private set; }

    /// <summary>Notes what the walk has found.</summary>
    internal void Note(LocalTreeEntry entry)
    {
        if (entry.Kind == LocalTreeEntryKind.File)
        {
            HasFile = true;
        }
        else
        {
            unknown.Add(FileName.TryNormalize(entry.Name, out string? name, out _) ? name : entry.Name);
        }
    }

    /// <summary>
    /// Whether the walk has come to a path and did not look what is there: a folder that cannot be read, or one that
    /// was passed over.
    /// </summary>
    internal bool IsUnknown(string relative) => unknown.Contains(string.Empty) || unknown.Contains(relative);
}
