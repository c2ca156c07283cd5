using System.Net;
using System.Net.Sockets;

namespace Dfss.Tests;

/// <summary>Ports for peers whose port a script names.</summary>
internal static class FreePort
{
    /// <summary>A port that no program listens on at this moment.</summary>
    public static int Find()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
