using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <summary>Finds where a store is now.</summary>
internal static partial class StorePlaceFinder
{
    private const int MachineIdBytes = 16;

    /// <summary>File systems that give a folder another number at each mount: those of a FAT disk are assigned when it
    /// is read, and those of a container's layers may be.</summary>
    private static readonly string[] WithoutLastingInodes =
        ["overlay", "overlayfs", "aufs", "vfat", "msdos", "exfat", "fat", "fat32"];

    /// <summary>Where the store of this folder is.</summary>
    /// <param name="layout">The store.</param>
    /// <param name="fileSystem">The name of the file system that it is on.</param>
    public static StorePlace Find(StoreLayout layout, string fileSystem)
    {
        bool hasInodes = !WithoutLastingInodes.Contains(fileSystem, StringComparer.OrdinalIgnoreCase);
        FileStatus? folder = hasInodes ? StatusOf(layout.Root) : null;
        FileStatus? chunks = hasInodes && Directory.Exists(layout.Chunks) ? StatusOf(layout.Chunks) : null;
        return new StorePlace(
            layout.Root, FindMachine(), folder?.Device, (ulong?)folder?.Number, (ulong?)chunks?.Number);
    }

    private static FileStatus? StatusOf(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return null;
        }

        // By an open folder, so that a link is followed.
        using SafeFileHandle handle = DurableFile.OpenForReading(folder);
        return FileStatus.Of(handle);
    }

    /// <summary>
    /// The machine's id, hashed for this purpose, so that a reader of the file does not get the id itself. Null in a
    /// container: its id is that of its image, or new each time, and does not identify the machine.
    /// </summary>
    private static string? FindMachine()
    {
        string? id = OperatingSystem.IsLinux() ? (IsContainer() ? null : ReadMachineId())
            : OperatingSystem.IsMacOS() ? FindOnMac()
            : OperatingSystem.IsWindows() ? Registry.GetValue(
                @"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Cryptography", "MachineGuid", defaultValue: null) as string
            : null;
        return id is null
            ? null
            : Convert.ToHexStringLower(
                SHA256.HashData(Encoding.UTF8.GetBytes($"dfss store place {id}"))[..MachineIdBytes]);
    }

    private static bool IsContainer() => File.Exists("/.dockerenv") || File.Exists("/run/.containerenv")
        || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("container"))
        || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST"));

    private static string? ReadMachineId()
    {
        const string Path = "/etc/machine-id";
        try
        {
            string id = File.Exists(Path) ? File.ReadAllText(Path).Trim() : string.Empty;
            // "uninitialized": the first boot is not over.
            return id.Length == 0 || id == "uninitialized" ? null : id;
        }
        catch (UnauthorizedAccessException)
        {
            // A sandbox hides it: the machine is then unknown.
            return null;
        }
    }

    private static unsafe string? FindOnMac()
    {
        // A struct timespec: how long to wait for the id, 5 s.
        long* limit = stackalloc long[2] { 5, 0 };
        byte* id = stackalloc byte[MachineIdBytes];
        return GetHostId(id, limit) == 0 ? Convert.ToHexStringLower(new ReadOnlySpan<byte>(id, MachineIdBytes)) : null;
    }

    [LibraryImport("libc", EntryPoint = "gethostuuid")]
    private static unsafe partial int GetHostId(byte* id, long* limit);
}
