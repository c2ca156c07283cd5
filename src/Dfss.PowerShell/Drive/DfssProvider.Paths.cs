using System.Management.Automation;

namespace Dfss.Commands;

/// <content>
/// Paths as text alone: the engine's own would ask the peers about each part, and ignore case.
/// </content>
public sealed partial class DfssProvider
{
    /// <inheritdoc/>
    protected override bool IsValidPath(string path) => !string.IsNullOrEmpty(path);

    /// <inheritdoc/>
    protected override string GetChildName(string path) => DrivePath.LeafOf(Trim(path));

    /// <inheritdoc/>
    protected override string GetParentPath(string path, string root)
    {
        string trimmed = Trim(path);
        if (trimmed == Trim(root ?? PSDriveInfo?.Root ?? string.Empty))
        {
            return string.Empty;
        }

        int last = trimmed.LastIndexOf(DrivePath.Separator);
        return last < 0 ? string.Empty : trimmed[..last];
    }

    /// <inheritdoc/>
    protected override string MakePath(string parent, string child)
    {
        string start = Normalize(parent);
        string rest = Normalize(child).TrimStart(DrivePath.Separator);
        return start.Length == 0 ? Normalize(child)
            : start[^1] == DrivePath.Separator ? start + rest
            : $"{start}{DrivePath.Separator}{rest}";
    }

    /// <inheritdoc/>
    protected override string NormalizeRelativePath(string path, string basePath)
    {
        string[] from = Split(basePath);
        string[] to = DrivePath.Resolve(Split(path));
        int same = 0;
        while (same < from.Length && same < to.Length && from[same] == to[same])
        {
            same++;
        }

        if (same == to.Length && same == from.Length && DrivePath.Find(path) is { IsRoot: true })
        {
            return string.Empty;
        }

        // As the engine's own has it, a path that leads to the base, or above it, ends with its last part: ../photos.
        int common = same == to.Length ? Math.Max(same - 1, 0) : same;
        string relative = string.Join(
            DrivePath.Separator, Enumerable.Repeat("..", from.Length - common).Concat(to.Skip(common)));
        return path is [.., '/' or '\\'] ? relative + DrivePath.Separator : relative;
    }

    private static string[] Split(string path) =>
        (path ?? string.Empty).Split(['/', '\\'], StringSplitOptions.RemoveEmptyEntries);

    private static string Normalize(string path) =>
        (path ?? string.Empty).Replace('/', DrivePath.Separator).Replace('\\', DrivePath.Separator);

    private static string Trim(string path) => Normalize(path).TrimEnd(DrivePath.Separator);

    /// <summary>
    /// The drive and the name of a path, at the start of a command on it, which has no options of another provider.
    /// </summary>
    /// <exception cref="CmdletException">PathOfNoDrive; OptionNotOfDrive.</exception>
    private DrivePath Start(string path)
    {
        DriveOptions.ThrowIfGiven(DynamicParameters);
        return Require(path);
    }

    /// <summary>The drive and the name of a path.</summary>
    /// <exception cref="CmdletException">PathOfNoDrive.</exception>
    private static DrivePath Require(string path) =>
        DrivePath.Find(path) ?? throw new CmdletException(ErrorRecords.Create(
            "PathOfNoDrive", ErrorCategory.ObjectNotFound, path,
            $"'{path}' is below the root of no drive of stored files in this session.",
            "Give a path of a drive, for example D:/photos; about_Dfss_Drive says how one is made."));
}
