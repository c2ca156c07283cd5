using System.Net;
using Dfss.Transport;

namespace Dfss.Testing;

/// <summary>Listens on loopback for connections over TLS.</summary>
internal sealed class TlsListener(TlsTransport tls) : IConnectionListener
{
    private readonly IConnectionListener listener = TcpTransport.Listen("127.0.0.1", 0);

    public IReadOnlyList<IPEndPoint> Endpoints => listener.Endpoints;

    public async ValueTask<IConnection> AcceptAsync(CancellationToken cancellationToken) =>
        tls.Accept(await listener.AcceptAsync(cancellationToken));

    public ValueTask DisposeAsync() => listener.DisposeAsync();
}
