using System.Buffers;
using System.Collections.ObjectModel;
using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>How a path is to be read.</summary>
internal enum PathKind
{
    /// <summary>It may have wildcards, and must exist.</summary>
    Wildcards,

    /// <summary>Every character stands for itself. The caller checks whether it exists.</summary>
    Literal,

    /// <summary>Every character stands for itself; it need not exist.</summary>
    New,
}

/// <summary>
/// Paths by the rules of PowerShell: relative to its current location (not the process's), with ~ and PSDrives, and
/// only of the file system. A path that cannot be resolved is one of the <see cref="Errors"/>, never an exception.
/// </summary>
internal sealed record FileSystemPath(IReadOnlyList<string> Paths, IReadOnlyList<ErrorRecord> Errors)
{
    private const string ProviderName = "FileSystem";

    /// <summary>How PSPath, which objects of Get-ChildItem bind, begins.</summary>
    private const string QualifiedPrefix = @"Microsoft.PowerShell.Core\FileSystem::";

    /// <summary>Wildcards and their escape, and what separates drives, providers and folders.</summary>
    private static readonly SearchValues<char> Special = SearchValues.Create("*?[]`:\\");

    /// <summary>Resolves a path to paths of the operating system. On the pipeline thread only.</summary>
    /// <param name="cmdlet">The cmdlet whose session the path belongs to.</param>
    /// <param name="path">The path as the user wrote it.</param>
    /// <param name="kind">How the path is read.</param>
    /// <param name="includesHidden">Whether wildcards match hidden files and folders too.</param>
    internal static FileSystemPath Resolve(
        PSCmdlet cmdlet, string path, PathKind kind, bool includesHidden = false) => Resolve(
            cmdlet.SessionState.Path, path, unresolved => kind == PathKind.Wildcards
                ? Expand(cmdlet, path, unresolved, includesHidden)
                : new FileSystemPath([unresolved], Errors: []));

    /// <summary>Resolves a path of a session that need not exist. On the pipeline thread only.</summary>
    internal static FileSystemPath ResolveNew(PathIntrinsics session, string path) =>
        Resolve(session, path, unresolved => new FileSystemPath([unresolved], Errors: []));

    private static FileSystemPath Resolve(
        PathIntrinsics session, string path, Func<string, FileSystemPath> expand)
    {
        if (path.Contains('\0', StringComparison.Ordinal))
        {
            return Fail(
                "PathInvalid", ErrorCategory.InvalidArgument, path,
                $"'{path}' has the character U+0000, which no path may have.",
                "Correct the path.");
        }

        if (FindPlain(session, path) is { } plain)
        {
            return new FileSystemPath([plain], Errors: []);
        }

        try
        {
            string unresolved = session.GetUnresolvedProviderPathFromPSPath(
                path, out ProviderInfo provider, out _);
            if (provider.Name != ProviderName)
            {
                return Fail(
                    "PathNotOfFileSystem", ErrorCategory.InvalidArgument, path,
                    $"'{path}' is a path of {provider.Name}; DFSS takes paths of the file system.",
                    "Give the path of a file.");
            }

            return expand(unresolved);
        }
        catch (ItemNotFoundException exception)
        {
            return Fail(
                "PathNotFound", ErrorCategory.ObjectNotFound, path, exception.Message,
                "Check the path; use -LiteralPath if it has brackets.", exception);
        }
        catch (SessionStateException exception)
        {
            return Fail(
                "DriveNotFound", ErrorCategory.ObjectNotFound, path, exception.Message, "Check the drive's name.",
                exception);
        }
        catch (Exception exception) when (
            exception is WildcardPatternException or PSArgumentException or ProviderInvocationException
            or PSInvalidOperationException or PSNotSupportedException)
        {
            return Fail(
                "PathInvalid", ErrorCategory.InvalidArgument, path, $"'{path}' cannot be resolved: {exception.Message}",
                "Use -LiteralPath for a path with brackets.", exception);
        }
    }

    /// <summary>
    /// A path that the engine would return unchanged: absolute, of an entry that exists, without wildcards, drives or
    /// anything to normalize. Null for all others, also for those that the engine refuses. For each path of a drive the
    /// engine looks up the type of the drive, up to six times, and the runtime reads the table of mounts for that: half
    /// a millisecond for each file.
    /// </summary>
    private static string? FindPlain(PathIntrinsics session, string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return null;
        }

        bool isQualified = path.StartsWith(QualifiedPrefix, StringComparison.OrdinalIgnoreCase);
        string plain = isQualified ? path[QualifiedPrefix.Length..] : path;
        return plain.StartsWith('/') && !plain.AsSpan().ContainsAny(Special)
            && (isQualified || IsOfRoot(session.CurrentLocation))
            && Path.GetFullPath(plain) == plain && !plain.EndsWith('/') && Path.Exists(plain)
            ? plain
            : null;
    }

    /// <summary>Whether paths that begin with / are the system's: not those of a drive that a user has made.</summary>
    private static bool IsOfRoot(PathInfo location) =>
        location.Drive is { Root: "/" } drive && drive.Provider.Name == ProviderName;

    private static FileSystemPath Expand(PSCmdlet cmdlet, string path, string unresolved, bool includesHidden)
    {
        // The engine leaves out entries below a folder that it may not read, without an error.
        ErrorRecord[] errors = [.. FindUnreadable(cmdlet, unresolved, includesHidden).Select(CreateUnreadable)];
        try
        {
            Collection<string> paths = Find(cmdlet, path, includesHidden);

            // A file whose name is the pattern itself, such as "draft [1].txt", is found too.
            return new FileSystemPath(paths.Count == 0 && File.Exists(unresolved) ? [unresolved] : [.. paths], errors);
        }
        catch (ItemNotFoundException) when (errors.Length > 0)
        {
            return new FileSystemPath([], errors);
        }
    }

    private static Collection<string> Find(PSCmdlet cmdlet, string path, bool includesHidden) =>
        includesHidden && WildcardPattern.ContainsWildcardCharacters(path)
            ? [.. cmdlet.InvokeProvider.Item.Get([path], force: true, literalPath: false)
                .Select(item => item.BaseObject).OfType<FileSystemInfo>().Select(item => item.FullName)]
            : cmdlet.GetResolvedProviderPathFromPSPath(path, out _);

    /// <summary>
    /// The folders in a pattern that may not be read, or whose entries may not be examined.
    /// </summary>
    private static IEnumerable<string> FindUnreadable(PSCmdlet cmdlet, string pattern, bool includesHidden)
    {
        string? parent = Path.GetDirectoryName(pattern);
        if (string.IsNullOrEmpty(parent))
        {
            return [];
        }

        bool hasWildcards = WildcardPattern.ContainsWildcardCharacters(parent);
        IReadOnlyList<string> folders;
        try
        {
            folders = hasWildcards ? Find(cmdlet, parent, includesHidden) : [parent];
        }
        catch (ItemNotFoundException)
        {
            folders = [];
        }

        string name = Path.GetFileName(pattern);
        return FindUnreadable(cmdlet, parent, includesHidden).Concat(folders.Where(folder => !MayLookUp(folder, name)))
            .Distinct();
    }

    /// <summary>
    /// Whether a name or a pattern can be looked up in a folder; a folder that does not exist is no obstacle.
    /// </summary>
    private static bool MayLookUp(string folder, string name)
    {
        try
        {
            if (WildcardPattern.ContainsWildcardCharacters(name))
            {
                using IEnumerator<string> entries = Directory.EnumerateFileSystemEntries(folder).GetEnumerator();
                _ = entries.MoveNext();
            }
            else
            {
                _ = File.GetAttributes(Path.Combine(folder, name));
            }

            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static ErrorRecord CreateUnreadable(string folder) => ErrorRecords.Create(
        "PathUnreadable", ErrorCategory.PermissionDenied, folder, $"Access to the folder '{folder}' is denied.",
        "Run the command as a user who can read the folder.");

    private static FileSystemPath Fail(
        string id, ErrorCategory category, string path, string message, string action, Exception? exception = null) =>
        new([], [ErrorRecords.Create(id, category, path, message, action, exception)]);
}
