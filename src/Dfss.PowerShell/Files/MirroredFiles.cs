using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// The stored files that a receive with -Mirror has found, and the local files that are none of them.
/// </summary>
internal sealed class MirroredFiles
{
    /// <summary>The ending of files that a receive has not completed.</summary>
    private const string PartSuffix = ".dfss-part";

    private readonly StoredFolder folder;
    private readonly bool includesHidden;
    private readonly (string Pattern, NameQuery Query)[] queries;
    private readonly HashSet<string> emptyPatterns;
    private readonly HashSet<string> names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> namesOfAnyCase = new(StringComparer.OrdinalIgnoreCase);
    private string? lack;

    private MirroredFiles(StoredFolder folder, (string Pattern, NameQuery Query)[] queries, bool includesHidden)
    {
        this.folder = folder;
        this.queries = queries;
        this.includesHidden = includesHidden;
        emptyPatterns = [.. queries.Select(one => one.Pattern)];
    }

    /// <summary>No files yet.</summary>
    /// <param name="folder">Which part of a name becomes the path.</param>
    /// <param name="patterns">-Name.</param>
    /// <param name="includesHidden">Whether hidden local files count.</param>
    /// <exception cref="CmdletException">NameInvalid: a pattern is not well formed.</exception>
    internal static MirroredFiles Create(StoredFolder folder, string[] patterns, bool includesHidden) =>
        new(folder, Array.ConvertAll(patterns, Parse), includesHidden);

    /// <summary>Takes a stored file.</summary>
    internal void Add(StoredFile file)
    {
        names.Add(file.Name);
        namesOfAnyCase[file.Name] = file.Name;
        emptyPatterns.RemoveWhere(pattern => Array.Exists(
            queries, one => one.Pattern == pattern && one.Query.IsMatch(file.Name)));
        if (!file.IsCurrent)
        {
            NoteLack("fewer than a majority of a file's peers answered");
        }
    }

    /// <summary>Takes a reason why a stored file may not have been found.</summary>
    internal void NoteLack(string reason) => lack ??= reason.TrimEnd('.');

    /// <summary>Why a stored file may not have been found; null if all are known.</summary>
    internal string? FindLack() => lack;

    /// <summary>A pattern of -Name that no stored file matches; null if there is none.</summary>
    internal string? FindEmpty() => emptyPatterns.FirstOrDefault();

    /// <summary>The local files that the names would match, and that are not stored.</summary>
    /// <param name="destination">The folder of the destination.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>Their full paths; null if a folder cannot be read.</returns>
    internal IReadOnlyList<string>? FindSurplus(string destination, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(destination))
        {
            return [];
        }

        var local = new List<(string Name, string Path)>();
        LocalTree tree = new(destination, new LocalTreeOptions { IncludesHidden = includesHidden });
        foreach (LocalTreeEntry entry in tree.Walk(cancellationToken))
        {
            if (entry.Kind == LocalTreeEntryKind.Unreadable)
            {
                return null;
            }

            if (entry.Kind == LocalTreeEntryKind.File && FindName(entry.Name) is { } name)
            {
                local.Add((name, entry.Path));
            }
        }

        HashSet<string> localNames = [.. local.Select(file => file.Name)];
        return
        [
            .. local.Where(file => !names.Contains(file.Name) && !IsInOtherCase(file.Name, localNames, destination))
                .Select(file => file.Path),
        ];
    }

    /// <summary>The name in the store of a local file; null for one that is none of the mirrored.</summary>
    private string? FindName(string relative) =>
        FileName.TryNormalize(folder.Restore(relative), out string? name, out _)
            && !relative.EndsWith(PartSuffix, StringComparison.OrdinalIgnoreCase)
            && Array.Exists(queries, one => one.Query.IsMatch(name))
            ? name
            : null;

    /// <summary>
    /// Whether a local file is a received one whose name has another case here: that one is there, and no folder lists
    /// it, so they are one file.
    /// </summary>
    private bool IsInOtherCase(string name, HashSet<string> localNames, string destination) =>
        namesOfAnyCase.TryGetValue(name, out string? received) && !localNames.Contains(received)
        && folder.Strip(received) is { } relative && File.Exists(Path.Combine(destination, relative));

    private static (string Pattern, NameQuery Query) Parse(string pattern)
    {
        try
        {
            var query = new NameQuery(pattern, isLiteral: false);
            _ = query.IsMatch(string.Empty);
            return (pattern, query);
        }
        catch (WildcardPatternException exception)
        {
            throw new CmdletException(NameQuery.CreateError(pattern, exception));
        }
    }
}
