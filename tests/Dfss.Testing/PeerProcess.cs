using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Dfss.Testing;

/// <summary>A real peer process on loopback, to be killed, stopped and started again.</summary>
internal sealed partial class PeerProcess : IAsyncDisposable
{
    private readonly Process process;
    private readonly StringBuilder errors = new();

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
    /// <param name="wrapper">A command to run it under (strace and its arguments), or nothing.</param>
    /// <param name="environment">Variables to set.</param>
    public static async Task<PeerProcess> StartAsync(
        string storePath, int port = 0, IReadOnlyList<string>? wrapper = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        string[] command =
        [
            .. wrapper ?? [],
            Environment.ProcessPath is string path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet",
            Path.Combine(AppContext.BaseDirectory, "Dfss.Testing.dll"),
            storePath,
            port.ToString(CultureInfo.InvariantCulture),
        ];
        ProcessStartInfo start = new(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach ((string key, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[key] = value;
        }

        PeerProcess peer = new(Process.Start(start)!, storePath);
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
        string line = File.ReadLines($"/proc/{processId}/status").First(text => text.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>SIGKILL: no cleaning up.</summary>
    public async Task KillAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
    }

    /// <summary>SIGSTOP: not another instruction, until <see cref="Resume"/>.</summary>
    public void Freeze() => Send(signal: 19);

    /// <summary>SIGCONT.</summary>
    public void Resume() => Send(signal: 18);

    /// <summary>SIGTERM, and its exit code.</summary>
    public async Task<int> StopAsync()
    {
        Send(signal: 15);
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            await KillAsync();
        }

        process.Dispose();
    }

    private void Send(int signal)
    {
        if (Kill(ProcessId, signal) != 0)
        {
            throw new InvalidOperationException($"Signal {signal} could not be sent to process {ProcessId}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
