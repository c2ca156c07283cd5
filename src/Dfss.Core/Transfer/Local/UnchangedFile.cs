using Dfss.Storage;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Transfer;

/// <summary>Whether a local file seems to be the stored one, without reading it.</summary>
internal static class UnchangedFile
{
    /// <summary>1 ms: not every file system, nor every record of an older client, keeps more of a time.</summary>
    private static readonly Int128 Step = 1_000_000;

    /// <summary>
    /// Whether the file has the length and the time of last writing of a record; false if it cannot be examined.
    /// </summary>
    /// <param name="path">The file; a link is followed.</param>
    /// <param name="record">The record.</param>
    internal static bool HasLengthAndTime(string path, FileRecord record)
    {
        try
        {
            (long length, UnixTime modified) = Examine(path);
            Int128 difference = modified.Nanoseconds - record.Modified.Nanoseconds;
            return length == record.ContentLength && difference < Step && difference > -Step;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static (long Length, UnixTime Modified) Examine(string path)
    {
        if (FileStatus.Of(path, followsLinks: true) is { } status)
        {
            return (status.Length, status.Modified);
        }

        using SafeFileHandle file = File.OpenHandle(
            path, share: FileShare.ReadWrite | FileShare.Delete);
        return (RandomAccess.GetLength(file), LastWriteTime.Read(file, FileStatus.Of(file)));
    }
}
