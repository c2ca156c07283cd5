using System.Collections.ObjectModel;
using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>How a path is to be read.</summary>
internal enum PathKind
{
    /// <summary>It may have wildcards, and names what exists.</summary>
    Wildcards,

    /// <summary>Every character stands for itself. Whether it exists is left to its user.</summary>
    Literal,

    /// <summary>Every character stands for itself; it need not exist.</summary>
    New,
}

/// <summary>
/// Paths as PowerShell means them: relative to its current location (not the process's), with ~ and PSDrives, and only
/// of the file system. What cannot be resolved is an <see cref="Error"/>, never an exception.
/// </summary>
internal sealed record FileSystemPath(IReadOnlyList<string> Paths, ErrorRecord? Error)
{
    private const string ProviderName = "FileSystem";

    /// <summary>Resolves a path to paths of the operating system. On the pipeline thread only.</summary>
    internal static FileSystemPath Resolve(PSCmdlet cmdlet, string path, PathKind kind)
    {
        if (path.Contains('\0', StringComparison.Ordinal))
        {
            return Fail(
                "PathInvalid", ErrorCategory.InvalidArgument, path, $"'{path}' has the character U+0000, as no path may.",
                "Correct the path.");
        }

        try
        {
            ProviderInfo provider;
            IReadOnlyList<string> paths;
            if (kind == PathKind.Wildcards)
            {
                Collection<string> found = cmdlet.GetResolvedProviderPathFromPSPath(path, out provider);
                paths = found.Count > 0 ? found : FindAsItStands(cmdlet, path);
            }
            else
            {
                paths = [cmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out provider, out _)];
            }

            return provider.Name == ProviderName ? new FileSystemPath(paths, Error: null) : Fail(
                "PathNotOfFileSystem", ErrorCategory.InvalidArgument, path,
                $"'{path}' is a path of {provider.Name}; DFSS takes paths of the file system.",
                    "Give the path of a file.");
        }
        catch (ItemNotFoundException exception)
        {
            return Fail(
                "PathNotFound", ErrorCategory.ObjectNotFound, path, exception.Message,
                "Check the path; use -LiteralPath where it has brackets.", exception);
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
                "Use -LiteralPath where the path has brackets.", exception);
        }
    }

    /// <summary>
    /// A file whose very name is the pattern, such as "draft [1].txt": to send nothing of a list of names, and say nothing, would lose it.
    /// </summary>
    private static string[] FindAsItStands(PSCmdlet cmdlet, string path)
    {
        string literal = cmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out ProviderInfo provider, out _);
        return provider.Name == ProviderName && File.Exists(literal) ? [literal] : [];
    }

    private static FileSystemPath Fail(
        string id, ErrorCategory category, string path, string message, string action, Exception? exception = null) =>
        new([], ErrorRecords.Create(id, category, path, message, action, exception));
}
