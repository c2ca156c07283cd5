using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>
/// The paths of a drive among the names of a command: D:/photos/a, or ./a where the current location is on a drive. On
/// the pipeline thread only.
/// </summary>
/// <param name="session">The session of the command.</param>
internal sealed class DriveNames(SessionState session)
{
    /// <summary>The drive of the paths so far; null if there was none.</summary>
    internal DfssDriveInfo? Drive { get; private set; }

    /// <summary>The name in the store that a path of a drive stands for; any other text as it is.</summary>
    /// <param name="text">The text.</param>
    /// <param name="isPattern">Whether its wildcards are expanded.</param>
    /// <exception cref="CmdletException">DestinationOnOtherDrive: it is of another drive than those before.</exception>
    internal string Translate(string text, bool isPattern)
    {
        if (FindStart(text) is not { } start)
        {
            return text;
        }

        if (Drive is not null && Drive != start.Drive)
        {
            throw new CmdletException(ErrorRecords.Create(
                "DestinationOnOtherDrive", ErrorCategory.InvalidArgument, text,
                $"'{text}' is on another drive than the rest, and may have other peers.",
                "Run a command for each drive."));
        }

        Drive = start.Drive;
        string folder = start.Folder[Math.Min(Drive.Below.Length, start.Folder.Length)..];
        IEnumerable<string> parts = Split(
            isPattern ? WildcardPattern.Escape(folder) : folder).Concat(Split(start.Path));
        string root = isPattern ? WildcardPattern.Escape(Drive.Prefix) : Drive.Prefix;
        string[] resolved = DrivePath.Resolve(parts.Prepend(root));
        string name = string.Join('/', root.Length == 0 ? resolved.Skip(1) : resolved);
        return text[^1] is '/' or '\\' && name.Length > 0 ? name + '/' : name;
    }

    private static string[] Split(string path) => path.Split(['/', '\\'], StringSplitOptions.RemoveEmptyEntries);

    private (DfssDriveInfo Drive, string Folder, string Path)? FindStart(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0 && session.Drive.GetAll().OfType<DfssDriveInfo>().FirstOrDefault(
            one => one.Name.Equals(text[..colon], StringComparison.OrdinalIgnoreCase)) is { } named)
        {
            return (named, named.Prefix, text[(colon + 1)..]);
        }

        // No stored name begins so.
        bool isRelative = text is "." or ".." or ['.', '/' or '\\', ..] or ['.', '.', '/' or '\\', ..];
        return isRelative && session.Path.CurrentLocation is { Drive: DfssDriveInfo current } location
            && DrivePath.Find(location.ProviderPath) is { } here
            ? (current, here.Name, text)
            : null;
    }
}
