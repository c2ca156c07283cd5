namespace Dfss.Testing;

/// <summary>A file system of its own in memory, small or read-only. Linux, as root. Unmounted on dispose.</summary>
internal sealed class SmallDisk : IDisposable
{
    /// <param name="folder">Where it is mounted; made where it is missing.</param>
    /// <param name="options">Of mount: <c>size=2m</c>, <c>ro</c>.</param>
    public SmallDisk(string folder, string options)
    {
        Directory.CreateDirectory(folder);
        MountPoint = folder;
        SystemTool.Run("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder]);
    }

    /// <summary>Why there can be none here; null where there can.</summary>
    public static string? Obstacle => !OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess
        ? "Mounting a disk of one's own needs Linux and root."
        : SystemTool.Find("mount") is null || SystemTool.Find("umount") is null
            ? "mount or umount is not installed."
            : null;

    public string MountPoint { get; }

    public void Dispose() => SystemTool.Run("umount", [MountPoint]);
}
