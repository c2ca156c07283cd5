using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <summary>Holes: blocks of a file that are zero and take no room on the disk.</summary>
internal static partial class SparseFile
{
    /// <summary>
    /// 4 KiB: the block of the usual file systems; one with larger blocks makes holes of those that are whole.
    /// </summary>
    public const int BlockBytes = 4096;

    private const int NoSuchData = 6;
    private const int NotSupported = 95;
    private const int NotImplemented = 38;
    private const uint SetSparse = 0x900C4;
    private const uint SetZeroData = 0x980C8;

    /// <summary>Writes content, and leaves holes where whole blocks of the file are zero.</summary>
    /// <param name="file">The file.</param>
    /// <param name="content">What to write.</param>
    /// <param name="offset">Where.</param>
    /// <param name="isHollow">Whether nothing was written or reserved there before: a hole need not be made.</param>
    public static void Write(SafeFileHandle file, ReadOnlySpan<byte> content, long offset, bool isHollow)
    {
        int begin = 0;
        bool wasZero = false;
        int next;
        for (int position = 0; position < content.Length; position = next)
        {
            int block = BlockBytes - (int)((offset + position) % BlockBytes);
            next = Math.Min(content.Length, position + block);
            bool isZero = next - position == BlockBytes && !content[position..next].ContainsAnyExcept((byte)0);
            if (isZero != wasZero)
            {
                WriteRun(file, content[begin..position], offset + begin, wasZero, isHollow);
                begin = position;
                wasZero = isZero;
            }
        }

        WriteRun(file, content[begin..], offset + begin, wasZero, isHollow);
    }

    /// <summary>Gives an empty file its length as one hole.</summary>
    public static void SetLength(SafeFileHandle file, long length)
    {
        if (OperatingSystem.IsWindows())
        {
            // Where the file system has no holes, the length takes its room.
            _ = MarkOnWindows(file);
        }

        RandomAccess.SetLength(file, 0);
        RandomAccess.SetLength(file, length);
    }

    /// <summary>How many bytes from here on are in a hole, as far as the system reports it: Linux does.</summary>
    /// <param name="file">The file.</param>
    /// <param name="offset">Where.</param>
    /// <param name="limit">The most bytes to look at.</param>
    public static int CountHole(SafeFileHandle file, long offset, int limit)
    {
        const int NextData = 3;
        if (!OperatingSystem.IsLinux())
        {
            return 0;
        }

        long data = Seek(file, offset, NextData);
        if (data >= 0)
        {
            return (int)Math.Min(data - offset, limit);
        }

        // No data follows; but past the end of a file that has shrunk there is no hole either.
        bool isLast = Marshal.GetLastPInvokeError() == NoSuchData;
        return isLast ? (int)Math.Clamp(RandomAccess.GetLength(file) - offset, 0, limit) : 0;
    }

    /// <summary>
    /// How many bytes from here on are data, as far as the system reports it; else the limit.
    /// </summary>
    public static int CountData(SafeFileHandle file, long offset, int limit)
    {
        const int NextHole = 4;
        long hole = OperatingSystem.IsLinux() ? Seek(file, offset, NextHole) : -1;
        return hole > offset ? (int)Math.Min(hole - offset, limit) : limit;
    }

    private static void WriteRun(SafeFileHandle file, ReadOnlySpan<byte> run, long offset, bool isZero, bool isHollow)
    {
        if (run.Length > 0 && !(isZero && (isHollow || TryClear(file, offset, run.Length))))
        {
            RandomAccess.Write(file, run, offset);
        }
    }

    /// <summary>Makes a hole; false where the system or the file system has no such call.</summary>
    public static unsafe bool TryClear(SafeFileHandle file, long offset, long length)
    {
        const int PunchKeepingSize = 2 | 1;
        if (OperatingSystem.IsWindows())
        {
            long* range = stackalloc long[] { offset, offset + length };
            return MarkOnWindows(file) && Control(file, SetZeroData, range, 2 * sizeof(long));
        }

        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        int error = DurableFile.AllocateOnLinux(file, PunchKeepingSize, offset, length);
        return error == 0 || (error is NotSupported or NotImplemented
            ? false
            : throw new IOException($"Could not make a hole: {Marshal.GetPInvokeErrorMessage(error)}.", error));
    }

    private static unsafe bool MarkOnWindows(SafeFileHandle file) =>
        Control(file, SetSparse, input: null, inputBytes: 0);

    private static unsafe bool Control(SafeFileHandle file, uint code, long* input, uint inputBytes) =>
        DeviceIoControl(file, code, input, inputBytes, output: null, outputBytes: 0, out _, overlapped: 0);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(SafeFileHandle file, long offset, int origin);

    [LibraryImport("kernel32", EntryPoint = "DeviceIoControl", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static unsafe partial bool DeviceIoControl(
        SafeFileHandle file, uint code, long* input, uint inputBytes, byte* output, uint outputBytes, out uint returned,
        nint overlapped);
}
