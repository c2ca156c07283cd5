namespace Dfss.Testing;

/// <summary>File times that .NET cannot set.</summary>
internal static class FileTimes
{
    /// <summary>
    /// Sets the time of last writing to the year 10,000, where the system and the file system know such a time;
    /// elsewhere to the latest that they know.
    /// </summary>
    public static void SetToYear10000(string path)
    {
        if (OperatingSystem.IsLinux())
        {
            SystemTool.Run("touch", ["-m", "-d", "@253402300900", path]);
        }
        else
        {
            File.SetLastWriteTimeUtc(path, DateTime.MaxValue.AddDays(-1));
        }
    }
}
