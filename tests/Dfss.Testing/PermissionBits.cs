namespace Dfss.Testing;

/// <summary>Whether the permission bits of a file bind this process.</summary>
internal static class PermissionBits
{
    /// <summary>
    /// Why they do not; null where they do. It is tried, not asked: root without its capabilities is bound like anyone.
    /// </summary>
    public static string? Obstacle { get; } = Find();

    private static string? Find()
    {
        if (OperatingSystem.IsWindows())
        {
            return "Windows has no permission bits.";
        }

        string path = Path.GetTempFileName();
        try
        {
            File.SetUnixFileMode(path, UnixFileMode.None);
            using FileStream opened = File.OpenRead(path);
            return "Root may read and write every file.";
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
        finally
        {
            File.Delete(path);
        }
    }
}
