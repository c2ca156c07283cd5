using System.Runtime.Versioning;
using System.Security.AccessControl;
using System.Security.Principal;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <summary>
/// Makes files and folders that only the user of this process can use: mode 0600 and 0700, independent of the umask. On
/// Windows an access control list that inherits nothing names this user, SYSTEM and the administrators. This class
/// makes everything that peers and clients keep.
/// </summary>
public static class OwnerOnly
{
    private const UnixFileMode FilePermissions = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode FolderPermissions = FilePermissions | UnixFileMode.UserExecute;

    /// <summary>Opens a file, unbuffered; a file that this call makes is the user's alone from the start.</summary>
    public static FileStream OpenStream(string path, FileMode mode, FileAccess access, FileShare share)
    {
        if (OperatingSystem.IsWindows())
        {
            return OpenOnWindows(path, mode, access, share);
        }

        return new FileStream(path, new FileStreamOptions
        {
            Mode = mode,
            Access = access,
            Share = share,
            BufferSize = 0,
            UnixCreateMode = FilePermissions,
        });
    }

    /// <summary>The same, as a handle.</summary>
    public static SafeFileHandle Open(string path, FileMode mode, FileAccess access, FileShare share)
    {
        FileStream stream = OpenStream(path, mode, access, share);
#pragma warning disable CA1816 // Only FileStream can be given a mode in .NET; the handle outlives this one.
        GC.SuppressFinalize(stream);
#pragma warning restore CA1816
        return stream.SafeFileHandle;
    }

    /// <summary>Makes an empty file where there is none, for a library that then opens it by its path.</summary>
    public static void Touch(string path) =>
        OpenStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete).Dispose();

    /// <summary>Makes a folder and those above it that are missing. A folder that exists keeps its mode.</summary>
    public static void CreateFolder(string path)
    {
        string full = Path.GetFullPath(path);
        if (Directory.Exists(full))
        {
            return;
        }

        if (Path.GetDirectoryName(full) is { } parent)
        {
            CreateFolder(parent);
        }

        if (OperatingSystem.IsWindows())
        {
            ListFor<DirectorySecurity>().CreateDirectory(full);
        }
        else
        {
            Directory.CreateDirectory(full, FolderPermissions);
        }
    }

    /// <summary>Removes the access of all other users to an open file.</summary>
    public static void Restrict(SafeFileHandle file)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, FilePermissions);
        }
    }

    /// <summary>
    /// Removes the access of all other users to a file or folder. A link is left alone: its target may be anything. On
    /// Windows the content of a folder follows.
    /// </summary>
    /// <returns>False if it belongs to another user, which decides on its mode.</returns>
    public static bool TryRestrict(FileSystemInfo entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (entry.Attributes.HasFlag(FileAttributes.ReparsePoint))
        {
            return true;
        }

        try
        {
            if (OperatingSystem.IsWindows())
            {
                RestrictOnWindows(entry);
                return true;
            }

            UnixFileMode mode = entry is DirectoryInfo ? FolderPermissions : FilePermissions;
            if (entry.UnixFileMode != mode)
            {
                entry.UnixFileMode = mode;
            }

            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }

    [SupportedOSPlatform("windows")]
    private static FileStream OpenOnWindows(string path, FileMode mode, FileAccess access, FileShare share)
    {
        FileSystemRights rights = mode == FileMode.Append ? FileSystemRights.AppendData : access switch
        {
            FileAccess.Read => FileSystemRights.Read,
            FileAccess.Write => FileSystemRights.Write,
            _ => FileSystemRights.Read | FileSystemRights.Write,
        };

        // A buffer of one byte is none.
        return new FileInfo(path).Create(mode, rights, share, bufferSize: 1, FileOptions.None, ListFor<FileSecurity>());
    }

    [SupportedOSPlatform("windows")]
    private static void RestrictOnWindows(FileSystemInfo entry)
    {
        switch (entry)
        {
            case DirectoryInfo folder when !folder.GetAccessControl().AreAccessRulesProtected:
                folder.SetAccessControl(ListFor<DirectorySecurity>());
                break;
            case FileInfo file when !file.GetAccessControl().AreAccessRulesProtected:
                file.SetAccessControl(ListFor<FileSecurity>());
                break;
        }
    }

    [SupportedOSPlatform("windows")]
    private static T ListFor<T>()
        where T : FileSystemSecurity, new()
    {
        T list = new();
        list.SetAccessRuleProtection(isProtected: true, preserveInheritance: false);
        InheritanceFlags inheritance = list is DirectorySecurity
            ? InheritanceFlags.ContainerInherit | InheritanceFlags.ObjectInherit
            : InheritanceFlags.None;
        using WindowsIdentity user = WindowsIdentity.GetCurrent();
        foreach (SecurityIdentifier granted in (SecurityIdentifier[])[
            user.User!,
            new SecurityIdentifier(WellKnownSidType.LocalSystemSid, domainSid: null),
            new SecurityIdentifier(WellKnownSidType.BuiltinAdministratorsSid, domainSid: null)])
        {
            list.AddAccessRule(new FileSystemAccessRule(
                granted, FileSystemRights.FullControl, inheritance, PropagationFlags.None, AccessControlType.Allow));
        }

        return list;
    }
}
