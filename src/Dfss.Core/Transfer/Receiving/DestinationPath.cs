using Dfss.Storage;

namespace Dfss.Transfer;

/// <summary>
/// The path of a received file: its target, whether a file may be put there, and the error if not.
/// </summary>
internal static class DestinationPath
{
    /// <summary>Follows links to their target, as cp does; the link stays.</summary>
    /// <exception cref="DfssException">DestinationUnwritable: the links have no end.</exception>
    public static string Resolve(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget is null
                ? path
                : File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DfssException(
                DfssErrorCode.DestinationUnwritable,
                $"Cannot write '{path}': it is a link that cannot be followed to its end, as one that leads to itself.",
                "Remove the link, or name another destination.",
                error);
        }
    }

    /// <exception cref="DfssException">DestinationExists, DestinationUnwritable: no file may be put there.</exception>
    public static void ThrowIfTaken(string path, bool force)
    {
        if (path.EndsWith(PartFile.Suffix, StringComparison.OrdinalIgnoreCase))
        {
            // It may be the part file of another receive, now or later.
            throw new DfssException(
                DfssErrorCode.DestinationUnwritable, $"'{path}' ends like an incomplete file.",
                "Name another destination.");
        }

        if (Directory.Exists(path))
        {
            throw new DfssException(
                DfssErrorCode.DestinationExists, $"'{path}' is a folder.",
                "Name a file, or the folder to receive into.");
        }

        if (!FileStatus.IsRegular(path))
        {
            throw new DfssException(
                DfssErrorCode.DestinationUnwritable,
                $"'{path}' is a FIFO, socket or device, and is not replaced by a file.",
                "Name another destination.");
        }

        if (!force && File.Exists(path))
        {
            throw new DfssException(
                DfssErrorCode.DestinationExists, $"'{path}' exists.",
                "Use -Force to replace it, or another destination.");
        }
    }

    /// <summary>The caller's error for a failed write at the path.</summary>
    /// <param name="path">The destination.</param>
    /// <param name="error">The error of the write.</param>
    /// <param name="keptPart">The part file that stays with what was received; null if none does.</param>
    public static DfssException Unwritable(string path, Exception error, string? keptPart = null) => error switch
    {
        DirectoryNotFoundException => new DfssException(
            DfssErrorCode.DestinationUnwritable, $"Cannot write '{path}': its folder does not exist.",
            "Make the folder first.", error),
        IOException full when DurableFile.IsOutOfSpace(full) => new DfssException(
            DfssErrorCode.DestinationUnwritable,
            $"Cannot write '{path}': {FreeSpace.Of(path).Describe()}",
            keptPart is null
                ? "Free some space there, or name a destination on another disk."
                : $"Free some space there and run the command again, which resumes; or delete '{keptPart}', which has "
                    + "what was received until then, and name a destination on another disk.",
            error),
        _ => new DfssException(DfssErrorCode.DestinationUnwritable, $"Cannot write '{path}': {error.Message}", error),
    };
}
