using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// The stored files that a receive with -Mirror has found, and the local files that are none of them.
/// </summary>
/// <param name="folder">Which part of a name becomes the path.</param>
/// <param name="patterns">-Name.</param>
/// <param name="includesHidden">Whether hidden local files count.</param>
internal sealed class MirroredFiles(StoredFolder folder, string[] patterns, bool includesHidden)
{
    /// <summary>The ending of files that a receive has not completed.</summary>
    private const string PartSuffix = ".dfss-part";

    private readonly NameQuery[] queries = [.. patterns.Select(pattern => new NameQuery(pattern, isLiteral: false))];
    private readonly HashSet<string> names = new(StringComparer.Ordinal);
    private readonly HashSet<string> namesOfAnyCase = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>How many stored files were found.</summary>
    internal int Count => names.Count;

    /// <summary>Whether a majority of its peers confirmed each of them.</summary>
    internal bool AreCurrent { get; private set; } = true;

    /// <summary>Takes a stored file.</summary>
    internal void Add(StoredFile file)
    {
        names.Add(file.Name);
        namesOfAnyCase.Add(file.Name);
        AreCurrent &= file.IsCurrent;
    }

    /// <summary>The local files that the names would match, and that are not stored.</summary>
    /// <param name="destination">The folder of the destination.</param>
    /// <param name="ignoresCase">Whether a folder takes names that differ only by case for one.</param>
    /// <returns>Their full paths; null if a folder cannot be read.</returns>
    internal IReadOnlyList<string>? FindSurplus(string destination, Func<string, bool> ignoresCase)
    {
        if (!Directory.Exists(destination))
        {
            return [];
        }

        var takesCaseForOne = new Lazy<bool>(() => ignoresCase(destination));
        var surplus = new List<string>();
        foreach (LocalTreeEntry entry in new LocalTree(
            destination, new LocalTreeOptions { IncludesHidden = includesHidden }).Walk())
        {
            if (entry.Kind == LocalTreeEntryKind.Unreadable)
            {
                return null;
            }

            if (entry.Kind == LocalTreeEntryKind.File && IsSurplus(entry.Name, takesCaseForOne))
            {
                surplus.Add(entry.Path);
            }
        }

        return surplus;
    }

    private bool IsSurplus(string relative, Lazy<bool> takesCaseForOne)
    {
        if (!FileName.TryNormalize(folder.Restore(relative), out string? name, out _)
            || relative.EndsWith(PartSuffix, StringComparison.OrdinalIgnoreCase) || names.Contains(name)
            || !Array.Exists(queries, query => query.IsMatch(name)))
        {
            return false;
        }

        // Where names that differ only by case are one file, this one may be the received one.
        return !namesOfAnyCase.Contains(name) || !takesCaseForOne.Value;
    }
}
