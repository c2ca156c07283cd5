using System.Globalization;
using Dfss.Storage;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Transfer;

/// <summary>
/// What tells the content of a sent file from another content of the same length, without reading it: the same as a
/// send journal compares (<see cref="FileStatus"/>).
/// </summary>
internal static class SourceState
{
    /// <summary>
    /// That of the local file of a send, as it is now; null for another transfer, and where the file or its status
    /// cannot be had.
    /// </summary>
    public static string? Of(TransferDescription description)
    {
        if (description is not { Kind: TransferKind.Send, LocalPath: { } path } || !FileStatus.IsRegular(path))
        {
            return null;
        }

        try
        {
            using SafeFileHandle file = DurableFile.OpenForReading(path);
            return FileStatus.Of(file) is { } status
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"{status.Length} {status.Modified.Nanoseconds} {status.Changed} {status.Number}")
                : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Whether the local file of an interrupted send is as it was.</summary>
    public static bool IsUnchanged(TransferDescription former) =>
        former.SourceState is { } state && state == Of(former);
}
