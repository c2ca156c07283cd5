namespace Dfss.Testing;

/// <summary>
/// An ext4 of its own in a file, whose power can be cut: a copy of the file, taken while no process writes, has what
/// was synced and little else, as the rest is in the page cache of the mounted file system. Linux, as root. Unmounted,
/// and its loop device given back, on dispose and when the process ends.
/// </summary>
internal sealed class LoopDisk : IDisposable
{
    // What makes ext4 durable by itself is switched off: the sync of what a rename replaces, the commit every 5 s.
    private const string Options = "loop,noauto_da_alloc";
    private const string JournalOptions = Options + ",commit=300";
    private const int CorrectedByCheck = 1;

    private readonly string folder;
    private readonly bool hasJournal;
    private string image;
    private int images;
    private bool isMounted;

    /// <param name="folder">Where its file and its mount point are.</param>
    /// <param name="megabytes">Its size.</param>
    /// <param name="hasJournal">
    /// Without one, the sync of one file makes nothing else durable; with one, it commits what all did before it.
    /// </param>
    public LoopDisk(string folder, int megabytes, bool hasJournal)
    {
        this.folder = folder;
        this.hasJournal = hasJournal;
        image = Path.Combine(folder, "disk0");
        MountPoint = Path.Combine(folder, "mount");
        Directory.CreateDirectory(MountPoint);
        using (FileStream file = File.Create(image))
        {
            file.SetLength((long)megabytes << 20);
        }

        string[] journal = hasJournal ? ["-J", "size=8"] : ["-O", "^has_journal"];
        SystemTool.Run("mkfs.ext4", ["-q", "-N", "8192", .. journal, image]);
        AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
        Mount();
    }

    /// <summary>Why there can be none here; null where there can.</summary>
    public static string? Obstacle
    {
        get
        {
            if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
            {
                return "Mounting a disk of one's own needs Linux and root.";
            }

            string? missing = Array.Find(
                ["mkfs.ext4", "e2fsck", "mount", "umount", "cp"], tool => SystemTool.Find(tool) is null);
            return missing is not null ? $"{missing} is not installed."
                : !File.Exists("/dev/loop-control") ? "There are no loop devices here." : null;
        }
    }

    /// <summary>Where it is mounted; always the same.</summary>
    public string MountPoint { get; }

    /// <summary>
    /// Cuts the power: what is on the disk at this moment is all that will be there after <see cref="Restart"/>.
    /// </summary>
    public void CutPower() =>
        SystemTool.Run("cp", ["--sparse=auto", image, Path.Combine(folder, $"disk{images + 1}")]);

    /// <summary>
    /// Mounts what the power cut has left, after the check that any system makes. No process has a file open there.
    /// </summary>
    public void Restart()
    {
        Unmount();
        File.Delete(image);
        images++;
        image = Path.Combine(folder, $"disk{images}");
        if (!hasJournal)
        {
            SystemTool.Run("e2fsck", ["-fy", image], CorrectedByCheck);
        }

        Mount();
    }

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
        Unmount();
    }

    private void OnProcessExit(object? sender, EventArgs e) => Unmount();

    private void Mount()
    {
        SystemTool.Run("mount", ["-t", "ext4", "-o", hasJournal ? JournalOptions : Options, image, MountPoint]);
        isMounted = true;
    }

    private void Unmount()
    {
        if (isMounted)
        {
            SystemTool.Run("umount", [MountPoint]);
            isMounted = false;
        }
    }
}
