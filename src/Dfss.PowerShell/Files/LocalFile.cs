using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>A local file and the name it has in the store.</summary>
/// <param name="Path">The full path.</param>
/// <param name="Name">The name, normalized.</param>
/// <param name="Length">The length in bytes when the file was found.</param>
internal readonly record struct LocalFile(string Path, string Name, long Length)
{
    /// <summary>Finds a file.</summary>
    /// <param name="path">The full path.</param>
    /// <param name="baseFolder">The folder that its name is relative to, if it was found below a folder.</param>
    /// <param name="givenName">The name that the user has given it; else null.</param>
    /// <param name="naming">How files are named.</param>
    /// <param name="file">The file.</param>
    /// <returns>Why there is none; else null.</returns>
    internal static ErrorRecord? Find(
        string path, string? baseFolder, string? givenName, LocalNaming naming, out LocalFile file)
    {
        file = default;
        if (FindProblem(path, out long length) is { } problem)
        {
            return problem;
        }

        try
        {
            string? name = givenName is null ? naming.NameOf(path, baseFolder) : naming.Name(givenName);
            if (name is null)
            {
                return naming.CreateOutside(path);
            }

            file = new LocalFile(path, name, length);
            return null;
        }
        catch (DfssException exception)
        {
            return ErrorRecords.Create(exception, path);
        }
    }

    private static ErrorRecord? FindProblem(string path, out long length)
    {
        length = 0;
        var info = new FileInfo(path);
        try
        {
            _ = info.Attributes;
        }
        catch (UnauthorizedAccessException exception)
        {
            return ErrorRecords.Create(
                "PathUnreadable", ErrorCategory.PermissionDenied, path, $"Access to '{path}' is denied.",
                "Run the command as a user who can read the folder.", exception);
        }

        if (info.LinkTarget is null && !info.Exists)
        {
            return ErrorRecords.Create(
                "PathNotFound", ErrorCategory.ObjectNotFound, path, $"There is no file '{path}'.", "Check the path.");
        }

        try
        {
            // A link's own length is not the file's.
            length = info.LinkTarget is null
                ? info.Length
                : ((FileInfo)info.ResolveLinkTarget(returnFinalTarget: true)!).Length;
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return ErrorRecords.Create(
                "PathNotFound", ErrorCategory.ObjectNotFound, path,
                $"'{path}' is a link that leads to no file: {info.LinkTarget}.",
                "Correct or remove the link.", exception);
        }
    }
}
