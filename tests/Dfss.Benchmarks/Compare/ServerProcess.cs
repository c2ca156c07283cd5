using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Dfss.Benchmarks;

/// <summary>A rival's server on a free loopback port, in the foreground, for as long as this object lives.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly Process process;
    private readonly Task<string> errors;

    private ServerProcess(Process process)
    {
        this.process = process;
        errors = process.StandardError.ReadToEndAsync();
    }

    public int Id => process.Id;

    public static int FindFreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <exception cref="ToolUnavailableException">It ended instead of listening; the message is its own.</exception>
    public static async Task<ServerProcess> StartAsync(string program, string[] arguments, int port)
    {
        ServerProcess server = new(Command.Start(program, arguments));
        using CancellationTokenSource timeLimit = new(TimeLimit);
        while (!await IsListeningAsync(port))
        {
            if (server.process.HasExited)
            {
                throw new ToolUnavailableException($"{Path.GetFileName(program)}: {(await server.errors).Trim()}");
            }

            await Task.Delay(Pause, timeLimit.Token);
        }

        await server.WaitUntilIdleAsync();
        return server;
    }

    /// <summary>Until the processes of its sessions have ended, so that their cost is counted.</summary>
    public async Task WaitUntilIdleAsync()
    {
        using CancellationTokenSource timeLimit = new(TimeLimit);
        while (ProcessTree.HasChildren(Id))
        {
            await Task.Delay(Pause, timeLimit.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private static async Task<bool> IsListeningAsync(int port)
    {
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return false;
        }
    }
}
