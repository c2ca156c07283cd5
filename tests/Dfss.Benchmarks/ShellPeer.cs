using System.Diagnostics;
using Dfss.Testing;

namespace Dfss.Benchmarks;

/// <summary>A peer in a process of <c>dfss</c>.</summary>
internal sealed class ShellPeer : IAsyncDisposable
{
    private readonly Process process;
    private bool isDisposed;

    private ShellPeer(Process process, string address)
    {
        this.process = process;
        Address = address;
    }

    public string Address { get; }

    public int ProcessId => process.Id;

    public long PeakResidentBytes => PeerProcess.ReadPeakResidentBytes(process.Id);

    public double ProcessorSeconds
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime.TotalSeconds;
        }
    }

    public static Task<ShellPeer> StartAsync(string storePath, string options = "") =>
        StartWithAsync($"-StorePath '{storePath}' {options}");

    /// <summary>One with a store in an engine; the credentials are those of the environment.</summary>
    /// <param name="address">Where the store is: <c>s3://...</c>.</param>
    public static Task<ShellPeer> StartOnEngineAsync(string address) => StartWithAsync($"-Store '{address}'");

    public async ValueTask DisposeAsync()
    {
        if (!isDisposed)
        {
            isDisposed = true;
            process.StandardInput.Close();
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }

    private static async Task<ShellPeer> StartWithAsync(string options)
    {
        Process process = Shell.Start(
            $"$peer = Start-DfssPeer -Port 0 {options}; "
                + "[Console]::Out.WriteLine($peer.Endpoint); $null = [Console]::In.ReadLine()");
        string? address = await process.StandardOutput.ReadLineAsync();
        return address is not null
            ? new ShellPeer(process, address)
            : throw new InvalidOperationException(
                $"The peer did not start: {await process.StandardError.ReadToEndAsync()}");
    }
}
