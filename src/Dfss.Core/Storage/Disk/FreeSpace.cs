using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Dfss.Storage;

/// <summary>The free space of a file system, for the message about a full one.</summary>
/// <param name="FreeBytes">The bytes that this user may still use; null if the system does not give them.</param>
/// <param name="Inodes">How many files and folders it can hold; null where it has no such number.</param>
/// <param name="FreeInodes">How many more this user may make; null where it has no such number.</param>
internal readonly partial record struct FreeSpace(long? FreeBytes, long? Inodes, long? FreeInodes)
{
    private const int StatusBytes = 256;

    /// <summary>The free space in the file system of a path, or of the nearest folder above it that exists.</summary>
    public static FreeSpace Of(string path)
    {
        string? folder = Path.GetFullPath(path);
        while (folder is not null && !Directory.Exists(folder))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder is null ? default : OperatingSystem.IsWindows() ? OfDrive(folder) : OfFileSystem(folder);
    }

    /// <summary>The resource that has run out, as a sentence.</summary>
    public string Describe() => FreeInodes == 0 && Inodes is { } inodes
        ? string.Create(
            CultureInfo.InvariantCulture,
            $"no inodes left: its file system holds at most {inodes:N0} files and folders, and all are used, with "
                + $"{FreeBytes:N0} bytes free.")
        : FreeBytes is { } bytes
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"no space left: {bytes:N0} bytes are free in its file system, or the user's quota is used up.")
            : "no space left in its file system, or the user's quota is used up.";

    private static FreeSpace OfDrive(string folder)
    {
        try
        {
            return new FreeSpace(new DriveInfo(folder).AvailableFreeSpace, Inodes: null, FreeInodes: null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // A share, for example. The message has no figure then.
            return default;
        }
    }

    /// <summary>
    /// struct statvfs of the 64-bit systems: on Linux all numbers have 8 bytes, on macOS those of blocks and files 4.
    /// </summary>
    private static unsafe FreeSpace OfFileSystem(string folder)
    {
        byte* status = stackalloc byte[StatusBytes];
        if (nint.Size != sizeof(long) || FileSystemStatus(folder, status) != 0)
        {
            return default;
        }

        ReadOnlySpan<byte> fields = new(status, StatusBytes);
        bool isMac = OperatingSystem.IsMacOS();
        long unit = BinaryPrimitives.ReadInt64LittleEndian(fields[8..]);
        long blocks = isMac
            ? BinaryPrimitives.ReadUInt32LittleEndian(fields[24..])
            : BinaryPrimitives.ReadInt64LittleEndian(fields[32..]);
        long inodes = isMac
            ? BinaryPrimitives.ReadUInt32LittleEndian(fields[28..])
            : BinaryPrimitives.ReadInt64LittleEndian(fields[40..]);
        long free = isMac
            ? BinaryPrimitives.ReadUInt32LittleEndian(fields[36..])
            : BinaryPrimitives.ReadInt64LittleEndian(fields[56..]);

        // btrfs, for example, has no fixed number of inodes, and reports 0.
        return new FreeSpace(blocks * unit, inodes == 0 ? null : inodes, inodes == 0 ? null : free);
    }

    [LibraryImport("libc", EntryPoint = "statvfs", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int FileSystemStatus(string path, byte* status);
}
