using System.Diagnostics;
using System.Globalization;
using Dfss.Peers;

namespace Dfss.Benchmarks;

/// <summary>A peer with a store on disk, in a process of this program, that says what it has done.</summary>
internal sealed class WorkPeer : IAsyncDisposable
{
    /// <summary>The argument that makes this program such a peer.</summary>
    public const string Mode = "work-peer";

    private readonly Process process;

    private WorkPeer(Process process, PeerAddress address)
    {
        this.process = process;
        Address = address;
    }

    public PeerAddress Address { get; }

    public int ProcessId => process.Id;

    /// <summary>Starts one.</summary>
    /// <param name="storePath">Its store.</param>
    /// <param name="tlsFolder">The folder of <see cref="TlsFiles"/>; null for plaintext.</param>
    public static async Task<WorkPeer> StartAsync(string storePath, string? tlsFolder = null)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
        {
            start.ArgumentList.Add(typeof(WorkPeer).Assembly.Location);
        }

        start.ArgumentList.Add(Mode);
        start.ArgumentList.Add(storePath);
        if (tlsFolder is not null)
        {
            start.ArgumentList.Add(tlsFolder);
        }

        Process process = Process.Start(start)!;
        string port = await process.StandardOutput.ReadLineAsync()
            ?? throw new InvalidOperationException("The peer did not start.");
        return new WorkPeer(process, new PeerAddress("localhost", int.Parse(port, CultureInfo.InvariantCulture)));
    }

    /// <summary>The process of the peer: a line for its port, then one for each line that it reads.</summary>
    public static async Task RunAsync(string storePath, string? tlsFolder)
    {
        PeerOptions options = new()
        {
            StorePath = storePath,
            Port = 0,
            AllowUnauthenticatedNetwork = tlsFolder is null,
            Identity = tlsFolder is null ? null : TlsFiles.ReadPeer(tlsFolder),
            // Its reads are none of the work that is measured, and generated chunks have no bytes.
            ScrubBytesPerSecond = 0,
        };
        await using DfssPeer peer = await DfssPeer.StartAsync(options);
        Console.WriteLine(peer.Port.ToString(CultureInfo.InvariantCulture));
        while (await Console.In.ReadLineAsync() is not null)
        {
            Console.WriteLine(ProcessWork.Read().ToString());
        }
    }

    public async Task<ProcessWork> ReadWorkAsync()
    {
        await process.StandardInput.WriteLineAsync();
        await process.StandardInput.FlushAsync();
        return ProcessWork.Parse((await process.StandardOutput.ReadLineAsync())!);
    }

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
