using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>One name of a drive: a file, a folder, or both at once.</summary>
/// <param name="Name">The name in the store.</param>
/// <param name="File">The file of this name; null if there is none.</param>
/// <param name="Folder">The folder of this name; null if there is none.</param>
internal sealed record DriveEntry(string Name, StoredFile? File, DfssFolderInfo? Folder);

/// <summary>The stored files of a listing as folders: a folder is where a name has '/'.</summary>
internal sealed class DriveTree
{
    private readonly StoredFile[] files;
    private readonly string[] names;

    internal DriveTree(IEnumerable<StoredFile> listed)
    {
        files = [.. listed];
        names = Array.ConvertAll(files, file => file.Record.Name);
        Array.Sort(names, files, StringComparer.Ordinal);
    }

    /// <summary>How many files it has.</summary>
    internal int Count => files.Length;

    /// <summary>The file of a name; null if there is none.</summary>
    internal StoredFile? Find(string name) =>
        Array.BinarySearch(names, name, StringComparer.Ordinal) is >= 0 and int at ? files[at] : null;

    /// <summary>Whether a name begins with this.</summary>
    internal bool HasBelow(string prefix) => FirstOf(prefix) is int at && at < names.Length
        && names[at].StartsWith(prefix, StringComparison.Ordinal);

    /// <summary>The files whose names begin with this.</summary>
    internal IEnumerable<StoredFile> FindBelow(string prefix)
    {
        for (int i = FirstOf(prefix); i < names.Length && names[i].StartsWith(prefix, StringComparison.Ordinal); i++)
        {
            yield return files[i];
        }
    }

    /// <summary>What is below a folder, in the order of the names, each name once.</summary>
    /// <param name="prefix">The folder's name with '/', or nothing for all.</param>
    /// <param name="depth">How many folders deep: 0 for what is directly in it.</param>
    internal IEnumerable<DriveEntry> FindEntries(string prefix, uint depth)
    {
        Dictionary<string, DfssFolderInfo> folders = SumFolders(prefix, depth);
        var written = new HashSet<string>(StringComparer.Ordinal);
        foreach (StoredFile file in FindBelow(prefix))
        {
            string name = file.Record.Name;
            foreach (string folder in FoldersOf(name, prefix.Length, depth))
            {
                if (written.Add(folder))
                {
                    yield return new DriveEntry(folder, Find(folder), folders[folder]);
                }
            }

            if (IsWithin(name, prefix.Length, depth) && written.Add(name))
            {
                yield return new DriveEntry(name, file, folders.GetValueOrDefault(name));
            }
        }
    }

    /// <summary>A folder with what is in it.</summary>
    internal DfssFolderInfo Sum(string folder)
    {
        var total = new Total();
        foreach (StoredFile file in FindBelow(folder.Length == 0 ? folder : folder + '/'))
        {
            total.Add(file);
        }

        return total.ToFolder(folder);
    }

    private Dictionary<string, DfssFolderInfo> SumFolders(string prefix, uint depth)
    {
        var totals = new Dictionary<string, Total>(StringComparer.Ordinal);
        foreach (StoredFile file in FindBelow(prefix))
        {
            foreach (string folder in FoldersOf(file.Record.Name, prefix.Length, depth))
            {
                if (!totals.TryGetValue(folder, out Total? total))
                {
                    totals.Add(folder, total = new Total());
                }

                total.Add(file);
            }
        }

        return totals.ToDictionary(one => one.Key, one => one.Value.ToFolder(one.Key), StringComparer.Ordinal);
    }

    /// <summary>The folders of a name below a start, the outermost first.</summary>
    private static IEnumerable<string> FoldersOf(string name, int start, uint depth)
    {
        int end = name.IndexOf('/', start);
        for (long level = 0; end >= 0 && level <= depth; level++, end = name.IndexOf('/', end + 1))
        {
            yield return name[..end];
        }
    }

    private static bool IsWithin(string name, int start, uint depth) =>
        name.AsSpan(start).Count('/') <= depth;

    private int FirstOf(string prefix)
    {
        int at = Array.BinarySearch(names, prefix, StringComparer.Ordinal);
        return at >= 0 ? at : ~at;
    }

    private sealed class Total
    {
        private long length;
        private UnixTime last;

        public long Files { get; private set; }

        public void Add(StoredFile file)
        {
            last = Files == 0 || file.Record.Modified.Nanoseconds > last.Nanoseconds ? file.Record.Modified : last;
            length += file.Record.ContentLength;
            Files++;
        }

        public DfssFolderInfo ToFolder(string name) =>
            new(name, Files, length, Files == 0 ? null : last.ToDateTime().ToLocalTime());
    }
}
