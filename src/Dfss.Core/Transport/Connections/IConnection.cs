using System.Net;
using Dfss.Security;

namespace Dfss.Transport;

/// <summary>
/// A reliable, ordered stream of bytes to one other process. One receive and one send may run at a time, beside each other. What fails
/// here fails with <see cref="DfssErrorCode.PeerUnreachable"/>, whose message says why. Disposing closes in order: what was sent is
/// delivered, within a second; no receive may run meanwhile.
/// </summary>
internal interface IConnection : IAsyncDisposable
{
    /// <summary>The other end, for messages.</summary>
    string RemoteAddress { get; }

    /// <summary>The address and port of the other end; null where there are none.</summary>
    IPEndPoint? RemoteEndpoint => null;

    /// <summary>
    /// Who the other end is, or why it is refused: known when the first byte has been received. Null where the connection
    /// asks nobody who he is.
    /// </summary>
    ValidationResult? ValidationResult => null;

    /// <summary>What TLS was agreed upon; null before that, and where there is none.</summary>
    TlsAgreement? Agreement => null;

    /// <summary>Receives at least one byte, at most as many as fit; 0 when the other side closed in order.</summary>
    ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>Sends all of it. Cancelled or failed, nobody knows how much was sent: only <see cref="Abort"/> is left.</summary>
    ValueTask SendAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken);

    /// <summary>Breaks the connection at once, from any thread, any number of times: sends and receives under way fail.</summary>
    void Abort();
}

/// <summary>Where connections come in. Disposing stops listening; connections accepted before go on.</summary>
internal interface IConnectionListener : IAsyncDisposable
{
    /// <summary>What is listened on: one port, one or more addresses.</summary>
    IReadOnlyList<IPEndPoint> Endpoints { get; }

    /// <summary>The next connection. One call at a time.</summary>
    /// <exception cref="DfssException">AddressUnavailable: the system refuses to accept, for example for want of file handles.</exception>
    /// <exception cref="ObjectDisposedException">The listener is closed.</exception>
    ValueTask<IConnection> AcceptAsync(CancellationToken cancellationToken);
}
