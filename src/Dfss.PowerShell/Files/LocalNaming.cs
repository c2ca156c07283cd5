using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>
/// Gives local files their names in the store: the path relative to a folder, with '/', behind -Prefix. The folder is
/// -RelativeTo; without it, the folder that the given file or folder is in, so that both keep their own names.
/// </summary>
/// <param name="root">The full path of -RelativeTo; null if it is not given.</param>
/// <param name="prefix">-Prefix without '/' at its end; null if it is not given.</param>
/// <param name="normalize">Makes the stored form of a name.</param>
internal sealed class LocalNaming(string? root, string? prefix, Func<string, string> normalize)
{
    // The folder whose files are named without its own name.
    private string? replaced;

    /// <summary>Whether -RelativeTo decides the names.</summary>
    internal bool HasRoot => root is not null;

    /// <summary>The folder that the names of what is below a given folder are relative to.</summary>
    /// <param name="folder">The given folder.</param>
    /// <param name="isNamed">
    /// Whether the user has given its path, and neither a pattern nor an object of the pipeline.
    /// </param>
    /// <exception cref="CmdletException">-Prefix takes the place of the name of one named folder only.</exception>
    internal string FindBase(string folder, bool isNamed)
    {
        if (root is not null)
        {
            return root;
        }

        if (string.IsNullOrEmpty(prefix))
        {
            return Path.GetDirectoryName(folder) ?? folder;
        }

        if (!isNamed || (replaced is not null && replaced != folder))
        {
            throw new CmdletException(ErrorRecords.Create(
                "PrefixNeedsRelativeTo", ErrorCategory.InvalidArgument, folder,
                $"-Prefix takes the place of the name of one folder that is given by its path, and '{folder}' is "
                    + (isNamed ? "another one." : "from a pattern or from the pipeline."),
                "Give -RelativeTo too: the names are then the paths below that folder, behind -Prefix."));
        }

        return replaced = folder;
    }

    /// <summary>The name of a file by its path.</summary>
    /// <param name="path">The full path.</param>
    /// <param name="baseFolder">The folder of <see cref="FindBase"/>; null for a file that was given itself.</param>
    /// <returns>The stored name; null if the file is not below the folder.</returns>
    /// <exception cref="DfssException">InvalidName.</exception>
    internal string? NameOf(string path, string? baseFolder)
    {
        string? relative = (baseFolder ?? root) is { } from ? GetRelative(from, path) : Path.GetFileName(path);
        try
        {
            return relative is null ? null : Name(relative);
        }
        catch (DfssException failure) when (baseFolder is not null)
        {
            // One of the files of a folder, for which -Name cannot be given.
            throw failure.Copy(advice: "Rename the file, or leave it out (-Exclude).");
        }
    }

    /// <summary>
    /// What the names of the files below a folder begin with: empty, or a folder in the store and '/'.
    /// </summary>
    /// <returns>The beginning; null if no file below the folder can have a name.</returns>
    internal string? PrefixOf(string folder, string baseFolder)
    {
        string? relative = GetRelative(baseFolder, folder);
        try
        {
            return relative is null ? null
                : relative != "." ? $"{Name(relative)}/"
                : string.IsNullOrEmpty(prefix) ? string.Empty
                : $"{prefix}/";
        }
        catch (DfssException)
        {
            // Each of its files is an error by itself.
            return null;
        }
    }

    /// <summary>The stored form of a name that is given, behind -Prefix.</summary>
    /// <exception cref="DfssException">InvalidName.</exception>
    internal string Name(string given) => normalize(string.IsNullOrEmpty(prefix) ? given : $"{prefix}/{given}");

    /// <summary>The error of a path that is not below -RelativeTo.</summary>
    internal ErrorRecord CreateOutside(string path) => ErrorRecords.Create(
        "PathOutsideRelativeTo", ErrorCategory.InvalidArgument, path, $"'{path}' is not below '{root}'.",
        "Give a -RelativeTo folder above all files.");

    /// <summary>A path relative to a folder, with '/'; null if it is not below it.</summary>
    internal static string? GetRelative(string folder, string path)
    {
        string relative = Path.GetRelativePath(folder, path);
        bool isOutside = Path.IsPathRooted(relative) || relative == ".."
            || relative.StartsWith(".." + Path.DirectorySeparatorChar, StringComparison.Ordinal);
        return isOutside ? null : OperatingSystem.IsWindows() ? relative.Replace('\\', '/') : relative;
    }
}
