using System.Diagnostics;
using System.Globalization;

namespace Dfss.Testing;

/// <summary>
/// Makes system calls of a running process fail, or do nothing, by strace, until disposed or the process ends.
/// </summary>
internal sealed class SyscallFault : IAsyncDisposable
{
    private readonly Process strace;
    private readonly TaskCompletionSource attached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int injected;

    private SyscallFault(Process strace)
    {
        this.strace = strace;
        strace.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is null)
            {
                attached.TrySetException(new InvalidOperationException("strace ended before it had attached."));
            }
            else if (line.Data.Contains(" attached", StringComparison.Ordinal))
            {
                attached.TrySetResult();
            }
            else if (line.Data.Contains("(INJECTED)", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref injected);
            }
        };
        strace.BeginErrorReadLine();
    }

    /// <summary>Why it cannot be done here; null where it can.</summary>
    public static string? Obstacle => OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess
        ? SystemTool.Find("strace") is null ? "strace is not installed." : null
        : "Changing system calls by strace needs Linux and root.";

    /// <summary>How many calls were changed so far, as far as strace has told.</summary>
    public int Injected => Volatile.Read(ref injected);

    /// <summary>Attaches to a process. On return every such call is changed.</summary>
    /// <param name="processId">The process.</param>
    /// <param name="call">The name of the system call.</param>
    /// <param name="change">strace's words for it: <c>error=EIO</c>, <c>retval=0</c>.</param>
    /// <param name="paths">Only calls on these files and folders; none for all.</param>
    public static async Task<SyscallFault> AttachAsync(int processId, string call, string change, params string[] paths)
    {
        ProcessStartInfo start = new(
            "strace",
            [
                "-f", "-e", $"trace={call}", "-e", $"inject={call}:{change}",
                .. paths.SelectMany(path => new[] { "-P", path }),
                "-p", processId.ToString(CultureInfo.InvariantCulture),
            ])
        {
            RedirectStandardError = true,
        };
        SyscallFault fault = new(Process.Start(start)!);
        await fault.attached.Task;
        return fault;
    }

    /// <summary>Lets go of the process, which goes on.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!strace.HasExited)
        {
            UnixSignal.Send(strace.Id, UnixSignal.Terminate);
        }

        await strace.WaitForExitAsync();
        strace.Dispose();
    }
}
