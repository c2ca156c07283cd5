using System.Runtime.InteropServices;

namespace Dfss.Transfer;

/// <summary>The umask: the permission bits that this user withholds from new files and folders.</summary>
internal static partial class CreationMask
{
    private const int PermissionBits = 0b111_111_111;
    private const int OwnerBits = 0b111_000_000;

    /// <summary>rw-rw-rw-: for what comes from a system without such bits.</summary>
    private const int DefaultFileMode = 0b110_110_110;

    // The system tells the mask only when it sets another. Meanwhile, files that other threads make are private.
    private static readonly Lazy<int> Mask = new(() =>
    {
        uint mask = SetMask(0b000_111_111);
        _ = SetMask(mask);
        return (int)mask & PermissionBits;
    });

    /// <summary>
    /// The mode of a copied file: that of its source without what the umask withholds. A file that replaces another one
    /// gives the group and others nothing that the replaced one has not given them.
    /// </summary>
    /// <param name="source">The mode of the source; null if its system has none.</param>
    /// <param name="destination">The path of the copy.</param>
    /// <returns>The mode; null on Windows.</returns>
    public static int? OfFile(int? source, string destination)
    {
        if (OperatingSystem.IsWindows())
        {
            return source;
        }

        int mode = (source ?? DefaultFileMode) & PermissionBits & ~Mask.Value;
        if (!File.Exists(destination))
        {
            return mode;
        }

        int replaced = (int)File.GetUnixFileMode(destination) & PermissionBits;
        return source is null ? replaced : mode & (replaced | OwnerBits);
    }

    /// <summary>The mode to make a folder with: the system takes away what the umask withholds.</summary>
    public static UnixFileMode OfFolder(int source) => (UnixFileMode)((source & PermissionBits) | OwnerBits);

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial uint SetMask(uint mask);
}
