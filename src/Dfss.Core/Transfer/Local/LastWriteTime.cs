using System.Runtime.InteropServices;
using Dfss.Storage;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Transfer;

/// <summary>
/// The time of last write of an open file. .NET rounds it down to 100 ns, and throws for a time outside the years 1 to
/// 9999.
/// </summary>
internal static partial class LastWriteTime
{
    /// <summary>2 s: the step of FAT, the coarsest of the file systems in use.</summary>
    private const long CoarsestStep = 2_000_000_000;

    private const int NanosecondsPerSecond = 1_000_000_000;

    /// <summary>Windows counts from 1601; 0 there means that the time stays as it is.</summary>
    private static readonly DateTime FirstOfWindows = DateTime.FromFileTimeUtc(1);

    /// <summary>Reads the time.</summary>
    /// <param name="file">The file.</param>
    /// <param name="status">The file's status; null where the system does not give it.</param>
    public static UnixTime Read(SafeFileHandle file, FileStatus? status) =>
        status?.Modified ?? UnixTime.FromDateTime(ReadNearest(file));

    /// <summary>Sets the time, or the nearest one that the file system has.</summary>
    /// <returns>Whether the file system has the time, to the precision of its times.</returns>
    public static bool TrySet(SafeFileHandle file, UnixTime time)
    {
        if (OperatingSystem.IsWindows() || !TrySetExactly(file, time))
        {
            DateTime nearest = time.ToDateTime();
            File.SetLastWriteTimeUtc(
                file, OperatingSystem.IsWindows() && nearest < FirstOfWindows ? FirstOfWindows : nearest);
        }

        Int128 difference = Read(file, FileStatus.Of(file)).Nanoseconds - time.Nanoseconds;
        return difference <= CoarsestStep && difference >= -CoarsestStep;
    }

    /// <summary>
    /// The time, or the last one that .NET can express where it throws because it cannot express the file's.
    /// </summary>
    private static DateTime ReadNearest(SafeFileHandle file)
    {
        try
        {
            return File.GetLastWriteTimeUtc(file);
        }
        catch (ArgumentOutOfRangeException)
        {
            return DateTime.MaxValue;
        }
    }

    private static bool TrySetExactly(SafeFileHandle file, UnixTime time)
    {
        nint unchanged = OperatingSystem.IsMacOS() ? -2 : (1 << 30) - 2;
        (Int128 seconds, long nanoseconds) = time.Split(NanosecondsPerSecond);
        nint clamped = (nint)Int128.Clamp(seconds, nint.MinValue, nint.MaxValue);
        return SetTimes(file, [new(0, unchanged), new(clamped, (nint)nanoseconds)]) == 0;
    }

    [LibraryImport("libc", EntryPoint = "futimens")]
    private static partial int SetTimes(SafeFileHandle file, ReadOnlySpan<SystemTime> accessAndLastWrite);

    /// <summary>The system's <c>timespec</c>: both fields have the size of a pointer.</summary>
    private readonly record struct SystemTime(nint Seconds, nint Nanoseconds);
}
