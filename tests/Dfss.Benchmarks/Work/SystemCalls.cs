using System.Diagnostics;
using System.Globalization;
using System.Text;
using Dfss.Testing;

namespace Dfss.Benchmarks;

/// <summary>Counts the system calls of a running process, by <c>strace -c</c>.</summary>
internal sealed class SystemCalls : IAsyncDisposable
{
    /// <summary>Calls that wait or wake another thread, and those of the runtime for its own memory: their number
    /// depends on the moment.</summary>
    private static readonly string[] LeftOut =
        ["futex", "epoll_wait", "epoll_pwait", "poll", "ppoll", "sched_yield", "restart_syscall", "nanosleep",
            "clock_nanosleep", "madvise", "membarrier", "mmap", "munmap", "mprotect"];

    private readonly Process strace;
    private readonly string summary;
    private readonly StringBuilder errors = new();
    private readonly TaskCompletionSource<bool> attached = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private SystemCalls(Process strace, string summary)
    {
        this.strace = strace;
        this.summary = summary;
        strace.ErrorDataReceived += (_, line) =>
        {
            errors.AppendLine(line.Data);
            if (line.Data is null)
            {
                attached.TrySetResult(false);
            }
            else if (line.Data.Contains(" attached", StringComparison.Ordinal))
            {
                attached.TrySetResult(true);
            }
        };
        strace.BeginErrorReadLine();
    }

    /// <summary>Attaches to a process.</summary>
    /// <returns>Null if it cannot be done here, and <paramref name="explain"/> gets the reason.</returns>
    public static async Task<SystemCalls?> TryAttachAsync(int processId, string folder, Action<string> explain)
    {
        if (Programs.Find("strace") is not string program)
        {
            explain("strace is not installed.");
            return null;
        }

        string summary = Path.Combine(folder, $"strace-{processId}");
        ProcessStartInfo start = new(
            program, ["-f", "-c", "-o", summary, "-p", processId.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardError = true,
        };
        SystemCalls calls = new(Process.Start(start)!, summary);
        if (await calls.attached.Task)
        {
            return calls;
        }

        await calls.strace.WaitForExitAsync();
        explain($"strace may not attach to a process here: {calls.errors.ToString().ReplaceLineEndings(" ").Trim()}");
        calls.strace.Dispose();
        return null;
    }

    /// <summary>Detaches.</summary>
    /// <returns>The calls by name, without those that are left out.</returns>
    public async Task<SystemCallCounts> EndAsync()
    {
        UnixSignal.Send(strace.Id, UnixSignal.Interrupt);
        await strace.WaitForExitAsync();

        // "% time seconds usecs/call calls [errors] syscall" between two lines of dashes.
        return new SystemCallCounts((await File.ReadAllLinesAsync(summary))
            .SkipWhile(line => !line.StartsWith("---", StringComparison.Ordinal))
            .Skip(1)
            .TakeWhile(line => !line.StartsWith("---", StringComparison.Ordinal))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(columns => !LeftOut.Contains(columns[^1]))
            .ToDictionary(columns => columns[^1], columns => long.Parse(columns[3], CultureInfo.InvariantCulture)));
    }

    public async ValueTask DisposeAsync()
    {
        if (!strace.HasExited)
        {
            strace.Kill();
            await strace.WaitForExitAsync();
        }

        strace.Dispose();
    }
}
