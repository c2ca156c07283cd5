using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Dfss.Tests.BadInput;

/// <summary>
/// A server that is no peer: it sends this to each client, and then closes or stays.
/// </summary>
internal sealed class ForeignServer : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly List<TcpClient> clients = [];
    private readonly Task accepting;

    public ForeignServer(string greeting, bool closes)
    {
        listener.Start();
        accepting = AcceptAsync(Encoding.ASCII.GetBytes(greeting), closes);
    }

    /// <summary>Where it listens.</summary>
    public string Address => listener.LocalEndpoint.ToString()!;

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await accepting;
        clients.ForEach(client => client.Dispose());
        listener.Dispose();
    }

    private async Task AcceptAsync(byte[] greeting, bool closes)
    {
        try
        {
            while (true)
            {
                TcpClient client = await listener.AcceptTcpClientAsync();
                clients.Add(client);
                await client.GetStream().WriteAsync(greeting);
                if (closes)
                {
                    client.Dispose();
                }
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or IOException)
        {
            // Stopped, or the client has gone already.
        }
    }
}
