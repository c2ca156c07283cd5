namespace Dfss.Storage;

/// <summary>
/// How long ago a file was written, by the file's time, which a wrong clock or a program may have set.
/// </summary>
internal static class FileAge
{
    /// <summary>
    /// The age; <see cref="TimeSpan.MaxValue"/> where the file is missing or its time is in the future: then its age is
    /// unknown, and every lifetime is over.
    /// </summary>
    public static TimeSpan Of(FileInfo file, DateTimeOffset now)
    {
        TimeSpan age = file.Exists ? now.UtcDateTime - WrittenAt(file) : TimeSpan.MaxValue;
        return age < TimeSpan.Zero ? TimeSpan.MaxValue : age;
    }

    /// <summary>
    /// When the file was written, in UTC; <see cref="DateTime.MaxValue"/> for a time that .NET cannot express, where
    /// <see cref="FileSystemInfo.LastWriteTimeUtc"/> throws.
    /// </summary>
    public static DateTime WrittenAt(FileInfo file)
    {
        try
        {
            return file.LastWriteTimeUtc;
        }
        catch (ArgumentOutOfRangeException)
        {
            return DateTime.MaxValue;
        }
    }
}
