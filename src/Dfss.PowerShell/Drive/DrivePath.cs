namespace Dfss.Commands;

/// <summary>
/// A path of the provider, KEY/PART/PART, as a name in the store. '/' and '\' both separate parts: no name has a '\'.
/// </summary>
/// <param name="Drive">The drive.</param>
/// <param name="Name">The name in the store, of a file or a folder; empty for all of the store.</param>
/// <param name="HasSeparator">Whether the path ends with a separator, and so names a folder.</param>
internal sealed record DrivePath(DfssDriveInfo Drive, string Name, bool HasSeparator)
{
    /// <summary>PowerShell's own.</summary>
    internal static char Separator => System.IO.Path.DirectorySeparatorChar;

    /// <summary>The last part of the name; empty for the root.</summary>
    internal string Leaf => LeafOf(Name);

    /// <summary>Whether it is the root of the drive.</summary>
    internal bool IsRoot => Name == Drive.Prefix;

    /// <summary>The path as users write it.</summary>
    internal string Shown =>
        $"{Drive.Name}:{Separator}{(IsRoot ? string.Empty : Name[Drive.Below.Length..]).Replace('/', Separator)}";

    /// <summary>The beginning of the names of the files below it.</summary>
    internal string Below => Name.Length == 0 ? string.Empty : Name + '/';

    /// <summary>The path of the provider that stands for a name in the store.</summary>
    internal string PathOf(string name) => Combine(Drive.Key, name);

    /// <summary>The path of the provider for a name below a key.</summary>
    internal static string Combine(string key, string name) =>
        name.Length == 0 ? key : $"{key}{Separator}{name.Replace('/', Separator)}";

    /// <summary>The last part of a name or of a path.</summary>
    internal static string LeafOf(string name) => name[(name.LastIndexOfAny(['/', '\\']) + 1)..];

    /// <summary>Finds the drive and the name; null if the path is below the root of none of the drives.</summary>
    /// <param name="path">The path of the provider.</param>
    internal static DrivePath? Find(string path)
    {
        string[] parts = path.Split(['/', '\\'], StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0 || DfssDriveInfo.Find(parts[0]) is not { } drive)
        {
            return null;
        }

        string name = string.Join('/', Resolve(parts).Skip(1));
        name = FileName.TryNormalize(name, out string? normalized, out _) ? normalized : name;
        bool isBelow = drive.Prefix.Length == 0 || name == drive.Prefix
            || name.StartsWith(drive.Prefix + '/', StringComparison.Ordinal);
        return isBelow ? new DrivePath(drive, name, path[^1] is '/' or '\\') : null;
    }

    /// <summary>The parts of a path without '.' and '..'; '..' of the first part is that part.</summary>
    internal static string[] Resolve(IEnumerable<string> parts)
    {
        var kept = new List<string>();
        foreach (string part in parts)
        {
            if (part != "..")
            {
                kept.AddRange(part == "." ? [] : [part]);
            }
            else if (kept.Count > 1)
            {
                kept.RemoveAt(kept.Count - 1);
            }
        }

        return [.. kept];
    }
}
