using System.Runtime.CompilerServices;
using Dfss.Protocol;
using Dfss.Security;

namespace Dfss.Transport;

/// <summary>
/// A client's side of one connection after hello. Many requests may be in flight, and their answers arrive in any
/// order. Every failure is a <see cref="DfssException"/> that names the peer. When the connection breaks, every call
/// under way and every later call fails with PeerUnreachable or with the failure that broke it; the caller then makes
/// another channel. Safe for concurrent use.
/// </summary>
internal sealed partial class ClientChannel : IAsyncDisposable
{
    private readonly PeerAddress address;
    private readonly MessageChannel channel;
    private readonly SemaphoreSlim slots;
    private readonly CancellationTokenSource stop = new();
    private readonly Lock gate = new();
    private readonly Dictionary<uint, PendingCall> pending = [];
    private readonly Action abort;
    private readonly Task reader;
    private uint lastId = HelloId;
    private DfssException? notice;
    private DfssException? failure;

    private ClientChannel(PeerAddress address, MessageChannel channel, HelloAnswer hello)
    {
        this.address = address;
        this.channel = channel;
        Hello = hello;
        Agreement = channel.Agreement;
        Peer = channel.ValidationResult?.Identity;
        abort = channel.Abort;

        // One of the requests that the peer accepts at a time is reserved for ping.
        slots = new SemaphoreSlim(Math.Max(1, hello.Limits.MaxRequestsInFlight - 1));
        reader = ReadAllAsync();
    }

    /// <summary>The peer's answer to hello.</summary>
    public HelloAnswer Hello { get; }

    /// <summary>The negotiated TLS parameters; null without TLS.</summary>
    public TlsAgreement? Agreement { get; }

    /// <summary>The authenticated identity of the peer; null without TLS.</summary>
    public RemoteIdentity? Peer { get; }

    /// <summary>
    /// Whether the channel takes new calls: the connection has not failed, and the peer does not drain it.
    /// </summary>
    public bool IsUsable
    {
        get
        {
            lock (gate)
            {
                return failure is null && notice is null;
            }
        }
    }

    /// <summary>Whether the connection has ended and its resources are released.</summary>
    public bool IsClosed => reader.IsCompleted;

    /// <summary>When a byte last moved, in either direction, as the clock's timestamp.</summary>
    public long LastByte => channel.LastByte;

    /// <summary>
    /// Makes a call; an empty payload is sent as nil. The payload of the answer is received into memory of the pool.
    /// </summary>
    public ValueTask<Response> CallAsync(
        string operation, MessageMap arguments, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken) =>
        CallAsync(
            new PeerCall(operation, arguments, NilIfEmpty(payload), Destination: null, IsBulk: false),
            cancellationToken);

    /// <summary>
    /// Makes a call. It waits first while the peer's limit of requests in flight is reached. A request cancelled before
    /// it is sent is dropped; one cancelled later has its answer read and discarded. A cancellation in the middle of
    /// sending the request, or of receiving the answer into the caller's destination, breaks the connection.
    /// </summary>
    /// <exception cref="DfssException">The error that the peer answered, or the failure of the connection.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<Response> CallAsync(PeerCall call, CancellationToken cancellationToken)
    {
        ThrowIfUnusable();
        await slots.WaitAsync(cancellationToken).ConfigureAwait(false);
        return await SendAsync(call, slots, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Asks whether the peer is alive; does not count towards the limit of requests in flight.</summary>
    public async ValueTask PingAsync(CancellationToken cancellationToken)
    {
        PeerCall call = new(Operations.Ping, MessageMap.Empty, Payload: null, Destination: null, IsBulk: false);
        using Response response = await SendAsync(call, slot: null, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Breaks the connection at once: every call under way fails with this reason.</summary>
    public void Abort(DfssException reason)
    {
        lock (gate)
        {
            failure ??= reason;
        }

        channel.Abort();
    }

    /// <summary>Closes the connection; calls under way fail with PeerUnreachable. Safe to call again.</summary>
    public async ValueTask DisposeAsync()
    {
        bool isBusy;
        lock (gate)
        {
            failure ??= new DfssException(DfssErrorCode.PeerUnreachable, "The connection was closed from this side.");
            isBusy = pending.Count > 0;
        }

        if (isBusy)
        {
            channel.Abort();
        }

        await stop.CancelAsync().ConfigureAwait(false);
        await reader.ConfigureAwait(false);
    }

    private static ReadOnlyMemory<byte>? NilIfEmpty(ReadOnlyMemory<byte> payload) =>
        payload.IsEmpty ? (ReadOnlyMemory<byte>?)null : payload;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Response> SendAsync(PeerCall call, SemaphoreSlim? slot, CancellationToken cancellationToken)
    {
        PendingCall pendingCall = new(call.Destination, abort, slot);
        uint id = Register(pendingCall);
        try
        {
            Message request = Message.Request(id, call.Operation, call.Arguments);
            await channel.WriteAsync(request, call.Payload, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // The request was not sent, or was sent in part and the connection is broken: no answer is expected. If the
            // peer has begun to answer all the same, wait until the destination is no longer written to.
            if (pendingCall.Cancel(CancellationToken.None))
            {
                Forget(id);
            }

            await ((Task)pendingCall.Task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (exception is DfssException failed)
            {
                throw failed.Code == DfssErrorCode.LimitExceeded ? failed.At(address) : FailureOr(failed).At(address);
            }

            throw;
        }

        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static (state, token) => _ = ((PendingCall)state!).Cancel(token), pendingCall);
        return await pendingCall.Task.ConfigureAwait(false);
    }

    private uint Register(PendingCall call)
    {
        lock (gate)
        {
            if (failure is null && notice is null)
            {
                do
                {
                    lastId++;
                }
                while (pending.ContainsKey(lastId));
                pending.Add(lastId, call);
                return lastId;
            }
        }

        call.ReleaseSlot();
        ThrowIfUnusable();
        throw new InvalidOperationException("A channel once closed stays closed.");
    }

    private PendingCall? Forget(uint id)
    {
        PendingCall? call;
        lock (gate)
        {
            _ = pending.Remove(id, out call);
        }

        call?.ReleaseSlot();
        return call;
    }

    private void ThrowIfUnusable()
    {
        lock (gate)
        {
            if ((failure ?? notice) is { } reason)
            {
                throw reason.At(address);
            }
        }
    }

    private DfssException FailureOr(DfssException exception)
    {
        lock (gate)
        {
            return failure ?? exception;
        }
    }

}
