using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Dfss.Testing;

/// <summary>A real peer process on loopback, to be killed, stopped and started again.</summary>
internal sealed class PeerProcess : IAsyncDisposable
{
    private readonly Process process;
    private readonly StringBuilder errors = new();
    private bool isDisposed;

    private PeerProcess(Process process, string storePath)
    {
        this.process = process;
        StorePath = storePath;
        process.ErrorDataReceived += (_, line) =>
        {
            lock (errors)
            {
                errors.AppendLine(line.Data);
            }
        };
        process.BeginErrorReadLine();
    }

    public string StorePath { get; }

    public int Port { get; private set; }

    public int ProcessId => process.Id;

    public PeerAddress Address => new("localhost", Port);

    /// <summary>What it has written to standard error.</summary>
    public string Errors
    {
        get
        {
            lock (errors)
            {
                return errors.ToString();
            }
        }
    }

    /// <summary>The most memory it has had resident, in bytes (Linux).</summary>
    public long PeakResidentBytes => ReadPeakResidentBytes(ProcessId);

    /// <summary>Starts a peer and waits until it listens.</summary>
    /// <param name="storePath">Its store.</param>
    /// <param name="port">Its port; 0 for any free one.</param>
    /// <param name="settings">How it runs; null for as usual.</param>
    public static async Task<PeerProcess> StartAsync(string storePath, int port = 0, PeerSettings? settings = null)
    {
        string json = JsonSerializer.Serialize(settings ?? PeerSettings.Default, TestingJson.Default.PeerSettings);
        PeerProcess peer = new(
            TestProgram.Start("peer", storePath, port.ToString(CultureInfo.InvariantCulture), json), storePath);
        string? line = await peer.process.StandardOutput.ReadLineAsync();
        if (line is null || !line.StartsWith("listening ", StringComparison.Ordinal))
        {
            await peer.process.WaitForExitAsync();
            throw new InvalidOperationException($"The peer did not start: {peer.Errors}");
        }

        peer.Port = int.Parse(line["listening ".Length..], CultureInfo.InvariantCulture);
        return peer;
    }

    /// <summary>The most memory a process has had resident, in bytes (Linux).</summary>
    public static long ReadPeakResidentBytes(int processId)
    {
        string line = File.ReadLines($"/proc/{processId}/status")
            .First(text => text.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(
            line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>SIGKILL: no cleaning up.</summary>
    public async Task KillAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
    }

    /// <summary>
    /// SIGSTOP. When it returns, no thread takes another step, in the kernel neither, until <see cref="Resume"/>.
    /// </summary>
    public void Freeze()
    {
        UnixSignal.Send(ProcessId, UnixSignal.Stop);
        SpinWait wait = default;
        while (!Directory.GetDirectories($"/proc/{ProcessId}/task").All(IsStopped))
        {
            wait.SpinOnce();
        }
    }

    /// <summary>SIGCONT.</summary>
    public void Resume() => UnixSignal.Send(ProcessId, UnixSignal.Continue);

    /// <summary>SIGTERM, and its exit code.</summary>
    public async Task<int> StopAsync()
    {
        UnixSignal.Send(ProcessId, UnixSignal.Terminate);
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    /// <summary>Kills the peer. Once more does nothing, so that a failed restart shows its own error.</summary>
    public async ValueTask DisposeAsync()
    {
        if (isDisposed)
        {
            return;
        }

        isDisposed = true;
        if (!process.HasExited)
        {
            await KillAsync();
        }

        process.Dispose();
    }

    /// <summary>
    /// Whether a thread is stopped, or has ended since it was listed. T: stopped; t: stopped under strace. D, for one,
    /// is a system call that still runs.
    /// </summary>
    private static bool IsStopped(string task)
    {
        try
        {
            string status = File.ReadAllText(Path.Combine(task, "stat"));
            return status[status.LastIndexOf(')') + 2] is 'T' or 't';
        }
        catch (IOException) when (!Directory.Exists(task))
        {
            return true;
        }
    }
}
