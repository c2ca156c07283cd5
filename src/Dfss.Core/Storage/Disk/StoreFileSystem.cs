namespace Dfss.Storage;

/// <summary>Which file systems a store may be on, and how much space they have.</summary>
internal static class StoreFileSystem
{
    // Network and user-space file systems by the names .NET gives them. Their bytes are at another machine or program,
    // so syncs, locks (flock) and SQLite's shared memory cannot be relied on: NFS and SMB may answer a sync from a
    // cache and never report a lost write.
    private static readonly string[] Refused =
    [
        "nfs", "cifs", "smb", "smb2", "smbfs", "v9fs", "9p", "fuse", "fuseblk", "afs", "coda", "ncp", "ceph",
        "lustre", "novell",
        "gfs", "gfs2", "ocfs2", "panfs", "webdav", "afpfs", "prl_fs", "vboxsf", "vmhgfs",
    ];

    /// <summary>Refuses a folder where the promise of durability cannot be kept.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreNotSupported"/>.</exception>
    public static void ThrowIfNotSupported(string path, DriveType type, string format)
    {
        if (!IsSupported(type, format))
        {
            throw new DfssException(
                DfssErrorCode.StoreNotSupported,
                $"'{path}' is on a network or user-space file system ({format}), which cannot promise that "
                + "what is written "
                + "survives a power cut.",
                "Use a local disk.");
        }
    }

    /// <summary>Whether a store may be on such a drive.</summary>
    public static bool IsSupported(DriveType type, string format) => type != DriveType.Network
        && !Array.Exists(Refused, name => string.Equals(name, format, StringComparison.OrdinalIgnoreCase))
        && !format.StartsWith("fuse.", StringComparison.OrdinalIgnoreCase);

    /// <summary>The drive and the file system that a folder is on.</summary>
    public static (DriveType Type, string Format) Find(string path)
    {
        DriveInfo drive = DriveOf(path);
        return (drive.DriveType, drive.DriveFormat);
    }

    /// <summary>Bytes left for this user, and how many there are in all.</summary>
    public static (long Free, long Total) FindSpace(string path)
    {
        DriveInfo drive = DriveOf(path);
        return (drive.AvailableFreeSpace, drive.TotalSize);
    }

    // On Windows the drive is that of the root; on Unix, the file system that is mounted at the path.
    private static DriveInfo DriveOf(string path) => new(OperatingSystem.IsWindows() ? Path.GetPathRoot(path)! : path);
}
