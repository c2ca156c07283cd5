using System.Runtime.InteropServices;

namespace Dfss.Commands;

/// <summary>The calls for Unix processes that .NET does not offer.</summary>
internal static partial class NativeProcess
{
    private const int SignalTerminate = 15;
    private const int WriteOnly = 1;
    private const int StandardOutput = 1;
    private const int StandardError = 2;

    /// <summary>
    /// Leaves the terminal's session, so that its Ctrl+C and its end do not reach this process. Unix only.
    /// </summary>
    /// <returns>False when this process leads a process group already, and so cannot.</returns>
    internal static bool LeaveTerminal() => SetSessionId() >= 0;

    /// <summary>
    /// Closes the pipes to the process that started this one: from now on output there is dropped. Unix only.
    /// </summary>
    internal static void DropOutput()
    {
        int device = Open("/dev/null", WriteOnly);
        if (device >= 0)
        {
            _ = Duplicate(device, StandardOutput);
            _ = Duplicate(device, StandardError);
            _ = Close(device);
        }
    }

    /// <summary>Asks a process to end (SIGTERM). Unix only.</summary>
    /// <returns>False when there is no such process, or it is not ours.</returns>
    internal static bool Terminate(int processId) => Kill(processId, SignalTerminate) == 0;

    [LibraryImport("libc", EntryPoint = "setsid", SetLastError = true)]
    private static partial int SetSessionId();

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    private static partial int Duplicate(int from, int to);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
