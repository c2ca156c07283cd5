using System.Net;
using Dfss.Security;

namespace Dfss.Transport;

/// <summary>
/// A reliable, ordered stream of bytes to one other process. One receive and one send may run concurrently. A broken
/// connection fails with <see cref="DfssErrorCode.PeerUnreachable"/>, whose message says why. Disposing closes in
/// order: it waits up to a second for sent bytes to be delivered; no receive may run meanwhile.
/// </summary>
internal interface IConnection : IAsyncDisposable
{
    /// <summary>The address of the other side, for error messages.</summary>
    string RemoteAddress { get; }

    /// <summary>The address and port of the other side; null if it has none.</summary>
    IPEndPoint? RemoteEndpoint => null;

    /// <summary>
    /// The identity of the other side, or the reason for its refusal; known once the first byte has been received. Null
    /// if the connection does not authenticate.
    /// </summary>
    ValidationResult? ValidationResult => null;

    /// <summary>The negotiated TLS parameters; null before the handshake and without TLS.</summary>
    TlsAgreement? Agreement => null;

    /// <summary>Receives at least one byte, at most as many as fit; 0 if the other side closed in order.</summary>
    ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>
    /// Sends all bytes. After a cancellation or failure it is unknown how much was sent: the caller can
    /// only <see cref="Abort"/>.
    /// </summary>
    ValueTask SendAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken);

    /// <summary>Sends a header and what follows it, in one system call where the connection can.</summary>
    async ValueTask SendAsync(
        ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> rest, CancellationToken cancellationToken)
    {
        await SendAsync(header, cancellationToken).ConfigureAwait(false);
        await SendAsync(rest, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Breaks the connection at once, from any thread, any number of times: sends and receives under way fail.
    /// </summary>
    void Abort();
}

/// <summary>Accepts connections. Disposing stops listening; connections accepted before stay open.</summary>
internal interface IConnectionListener : IAsyncDisposable
{
    /// <summary>The endpoints listened on: one port at one or more addresses.</summary>
    IReadOnlyList<IPEndPoint> Endpoints { get; }

    /// <summary>The next connection. One call at a time.</summary>
    /// <exception cref="DfssException">
    /// AddressUnavailable: the system cannot accept, for example because no file handle is left.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The listener is closed.</exception>
    ValueTask<IConnection> AcceptAsync(CancellationToken cancellationToken);
}
