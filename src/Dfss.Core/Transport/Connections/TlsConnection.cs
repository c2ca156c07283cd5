using System.Net.Security;
using System.Security.Authentication;
using Dfss.Protocol;
using Dfss.Security;

namespace Dfss.Transport;

/// <summary>
/// TLS over another connection. The first send or receive makes the handshake, so the caller's time-out for it bounds
/// the handshake too. The peer's answer to hello says whether it accepts the client's certificate.
/// </summary>
internal sealed class TlsConnection : IConnection
{
    /// <summary>
    /// The first byte of a TLS handshake record. No frame begins with it: it would announce over 350 MB.
    /// </summary>
    public const byte HandshakeByte = 0x16;

    private const byte AlertByte = 0x15;

    /// <summary>16 KiB: the most content of a TLS record.</summary>
    private const int RecordBytes = 16 << 10;

    /// <summary>A record adds at most 5 bytes of header, 8 of nonce, 1 of type and 16 of tag.</summary>
    private const int RecordOverhead = 64;

    /// <summary>
    /// 1 MiB less what the records of a header and of a payload add: the system calls of a chunk are few, and the pool
    /// of arrays, which keeps one of each size a thread, keeps none of 32 MiB for a payload of 16.
    /// </summary>
    private const int GatheredBytes = (1 << 20) - (RecordOverhead * (1 << 20) / RecordBytes) - (2 * RecordOverhead);

    /// <summary>The first byte of every frame before hello is answered.</summary>
    private const byte FrameByte = 0;

    /// <summary>
    /// 1 s: closing in order sends one record; a socket that does not take it in this time is not expected to.
    /// </summary>
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(1);

    private readonly IConnection inner;
    private readonly ConnectionStream transport;
    private readonly SslStream tls;
    private readonly Func<SslStream, CancellationToken, Task> authenticate;
    private readonly bool isPeer;
    private readonly SemaphoreSlim handshakeTurn = new(1, 1);
    private volatile bool isSecure;
    private volatile bool isAborted;
    private DfssException? failure;

    /// <summary>Takes ownership of a connection.</summary>
    /// <param name="inner">The connection; disposed with this one.</param>
    /// <param name="isPeer">Whether this side accepted the connection.</param>
    /// <param name="authenticate">Makes the handshake.</param>
    public TlsConnection(
        IConnection inner, bool isPeer, Func<TlsConnection, SslStream, CancellationToken, Task> authenticate)
    {
        this.inner = inner;
        this.isPeer = isPeer;
        this.authenticate = (stream, token) => authenticate(this, stream, token);
        transport = new ConnectionStream(inner, CheckFirst);
        tls = new SslStream(transport, leaveInnerStreamOpen: true);
    }

    public string RemoteAddress => inner.RemoteAddress;

    public ValidationResult? ValidationResult { get; set; }

    public TlsAgreement? Agreement => isSecure
        ? new TlsAgreement(
            tls.SslProtocol, tls.NegotiatedCipherSuite.ToString(), ValidationResult?.Identity?.Name ?? string.Empty)
        : null;

    /// <summary>Makes the handshake if it has not been made.</summary>
    /// <exception cref="DfssException">
    /// TlsRequired, TlsNotExpected, TlsFailed, NotADfssPeer, PeerUnreachable; or why the other side is refused.
    /// </exception>
    public async ValueTask SecureAsync(CancellationToken cancellationToken)
    {
        if (isSecure)
        {
            return;
        }

        await handshakeTurn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (isSecure)
            {
                return;
            }

            if (failure is { } known)
            {
                throw known.Copy();
            }

            await HandshakeAsync(cancellationToken).ConfigureAwait(false);
            isSecure = true;
        }
        finally
        {
            handshakeTurn.Release();
        }
    }

    public async ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (!isSecure)
        {
            await SecureAsync(cancellationToken).ConfigureAwait(false);
        }

        try
        {
            return await tls.ReadAsync(destination, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            throw Broken(error);
        }
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken) =>
        SendAsync(source, rest: default, cancellationToken);

    public async ValueTask SendAsync(
        ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> rest, CancellationToken cancellationToken)
    {
        if (!isSecure)
        {
            await SecureAsync(cancellationToken).ConfigureAwait(false);
        }

        try
        {
            await WriteAsync(header, rest, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            throw Broken(error);
        }
    }

    public void Abort()
    {
        isAborted = true;
        inner.Abort();
    }

    public async ValueTask DisposeAsync()
    {
        if (isSecure && !isAborted)
        {
            Task farewell = tls.ShutdownAsync();
            await farewell.WaitAsync(CloseLimit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!farewell.IsCompleted)
            {
                Abort();
                await farewell.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        await inner.DisposeAsync().ConfigureAwait(false);
        await tls.DisposeAsync().ConfigureAwait(false);
        await transport.DisposeAsync().ConfigureAwait(false);
    }

    private async ValueTask WriteAsync(
        ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> rest, CancellationToken cancellationToken)
    {
        if (rest.IsEmpty && header.Length <= RecordBytes)
        {
            await tls.WriteAsync(header, cancellationToken).ConfigureAwait(false);
            return;
        }

        while (!header.IsEmpty || !rest.IsEmpty)
        {
            ReadOnlyMemory<byte> first = header[..Math.Min(header.Length, GatheredBytes)];
            ReadOnlyMemory<byte> second = rest[..Math.Min(rest.Length, GatheredBytes - first.Length)];
            (header, rest) = (header[first.Length..], rest[second.Length..]);
            transport.Gather(LengthOfRecords(first) + LengthOfRecords(second));
            if (!first.IsEmpty)
            {
                await tls.WriteAsync(first, cancellationToken).ConfigureAwait(false);
            }

            if (!second.IsEmpty)
            {
                await tls.WriteAsync(second, cancellationToken).ConfigureAwait(false);
            }

            await transport.SendGatheredAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The most bytes that the records of this content have.</summary>
    private static int LengthOfRecords(ReadOnlyMemory<byte> content) =>
        content.Length + (((content.Length / RecordBytes) + 1) * RecordOverhead);

    private async Task HandshakeAsync(CancellationToken cancellationToken)
    {
        try
        {
            await authenticate(tls, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            failure = new DfssException(
                DfssErrorCode.PeerUnreachable, "This side ended the TLS handshake.");
            throw;
        }
        catch (Exception error)
        {
            failure = Explain(error);
            if (failure.Code == DfssErrorCode.TlsRequired)
            {
                await inner.SendAsync(Notice(failure), cancellationToken).ConfigureAwait(false);
            }

            throw failure.Copy();
        }
    }

    private void CheckFirst(byte first)
    {
        if (first == HandshakeByte || (first == AlertByte && !isPeer))
        {
            return;
        }

        throw isPeer
            ? new DfssException(
                DfssErrorCode.TlsRequired, "This peer uses TLS only, and plaintext was received.",
                "Join the peer's cluster (Join-DfssCluster), or give a certificate and the authority of the peer's: "
                    + "-Certificate and -TrustedAuthority.")
            : first == FrameByte
                ? new DfssException(
                    DfssErrorCode.TlsNotExpected, "The peer has no certificate and uses plaintext only.",
                    "Start it with a certificate (Start-DfssPeer -Certificate, or on a store that has joined the "
                    + "cluster); or, if it is meant to "
                    + "be without, leave -Certificate out, and give -Cluster '' if a cluster was joined.")
                : new DfssException(
                    DfssErrorCode.NotADfssPeer, "What answers there is not TLS, and no DFSS peer.", "Check the port.");
    }

    /// <summary>
    /// Why the handshake failed: the check of the first byte or of the certificate, the connection, or TLS itself.
    /// </summary>
    private DfssException Explain(Exception error)
    {
        if (Find(error) is { } known)
        {
            return known;
        }

        if (!isPeer && ValidationResult?.Refusal is { } refusal)
        {
            return refusal;
        }

        if (error is IOException or ObjectDisposedException)
        {
            return new DfssException(
                DfssErrorCode.PeerUnreachable, "The connection was closed during the TLS handshake.", error);
        }

        Exception cause = error is AuthenticationException { InnerException: { } inner } ? inner : error;
        return new DfssException(
            DfssErrorCode.TlsFailed, $"The TLS handshake failed: {cause.Message.TrimEnd('.')}.",
            "Both sides need TLS 1.3, or -AllowTls12 if one has none; and each must trust the other's authority.",
            error);
    }

    private DfssException Broken(Exception error) => Find(error)?.Copy() ?? new DfssException(
        DfssErrorCode.PeerUnreachable,
        isAborted ? "The connection was closed from this side." : $"The connection broke: {error.Message}",
        error);

    private static DfssException? Find(Exception? error)
    {
        while (error is not null and not DfssException)
        {
            error = error.InnerException;
        }

        return error as DfssException;
    }

    private static ReadOnlyMemory<byte> Notice(DfssException reason)
    {
        FrameBuffer frame = new();
        MessageCodec.EncodeHeader(frame, ErrorAnswer.Create(id: null, reason), payloadBytes: null);
        frame.Seal(0);
        return frame.Written;
    }
}
