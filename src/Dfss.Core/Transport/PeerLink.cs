using System.Runtime.CompilerServices;
using Dfss.Protocol;
using Dfss.Security;

namespace Dfss.Transport;

/// <summary>
/// A client's link to one peer: one connection for bulk and one for control, so that a small request never waits behind
/// 16 MiB. Each is opened when it is first needed and reopened after it broke. While calls wait, pings tell a slow peer
/// from a dead one. Safe for concurrent use.
/// </summary>
internal sealed partial class PeerLink : IAsyncDisposable
{
    private readonly ClientChannelOptions options;
    private readonly TimeProvider clock;
    private readonly PeerLine bulk;
    private readonly PeerLine control;
    private readonly CancellationTokenSource stop = new();
    private readonly Lock gate = new();
    private StoreId? knownStore;
    private volatile bool isShared;
    private volatile PeerAddress address;
    private Task? monitor;
    private long lastAlive;

    /// <summary>Makes a link; it opens no connection yet.</summary>
    public PeerLink(PeerAddress address, ClientChannelOptions options)
    {
        this.address = address;
        this.options = options;
        clock = options.Channel.TimeProvider;
        bulk = new PeerLine(ConnectAsync, () => knownStore is not null, clock);
        control = new PeerLine(ConnectAsync, () => knownStore is not null, clock);
    }

    /// <summary>The peer's address; of a store that several peers serve, that of the peer that is used.</summary>
    public PeerAddress Address => address;

    /// <summary>
    /// The other addresses at which peers of a store answered, for a store that several peers serve; null for none.
    /// </summary>
    public Func<StoreId, CancellationToken, IAsyncEnumerable<PeerAddress>>? Others { get; init; }

    /// <summary>
    /// Called with the peer's answer to hello on each new connection, before the connection is used; null for no call.
    /// </summary>
    public Func<HelloAnswer, CancellationToken, Task>? Greeted { get; init; }

    /// <summary>Whether there is a connection that takes calls.</summary>
    public bool IsOpen => control.IsOpen || bulk.IsOpen;

    /// <summary>The clock that time-outs are measured with.</summary>
    public TimeProvider Clock => clock;

    /// <summary>The time since a byte last moved between this client and the peer, in either direction.</summary>
    public TimeSpan Silence => clock.GetElapsedTime(Math.Max(bulk.LastByte, control.LastByte));

    /// <summary>Whether the peer has owed an answer for at least a time in which no byte moved.</summary>
    public bool IsSilentFor(TimeSpan least) =>
        (control.AwaitedFor >= least || bulk.AwaitedFor >= least) && Silence >= least;

    /// <summary>
    /// The peer's answer to hello and the negotiated TLS parameters; connects if there is no connection.
    /// </summary>
    /// <exception cref="DfssException">
    /// As <see cref="ClientChannel.ConnectAsync"/>; PeerUnreachable also when another store answers.
    /// </exception>
    public async Task<(HelloAnswer Hello, TlsAgreement? Agreement)> HelloAsync(CancellationToken cancellationToken)
    {
        ClientChannel channel = await control.OpenAsync(cancellationToken).ConfigureAwait(false);
        return (channel.Hello, channel.Agreement);
    }

    /// <summary>Makes one call, over a new connection if the last one broke. The link does not retry.</summary>
    /// <exception cref="DfssException">
    /// The error that the peer answered, or the failure of the connection; it names the peer.
    /// </exception>
    public ValueTask<Response> CallAsync(PeerCall call, CancellationToken cancellationToken)
    {
        StartMonitor();
        PeerLine line = call.IsBulk ? bulk : control;
        return options.Debug is { } debug
            ? CallAndLogAsync(line, call, debug, cancellationToken)
            : isShared ? CallSharedAsync(line, call, cancellationToken)
            : line.CallAsync(call, cancellationToken);
    }

    /// <summary>Makes one call and reads the answer.</summary>
    /// <param name="call">The call.</param>
    /// <param name="read">Reads the answer, whose memory is released when this function returns.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="DfssException">As for a call; ProtocolViolation: the results are malformed.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<T> CallAsync<T>(PeerCall call, Func<Response, T> read, CancellationToken cancellationToken)
    {
        using Response response = await CallAsync(call, cancellationToken).ConfigureAwait(false);
        try
        {
            return read(response);
        }
        catch (DfssException exception)
            when (exception.Code is DfssErrorCode.InvalidArgument or DfssErrorCode.InvalidName)
        {
            // These codes blame the sender of the value, and the sender of an answer is the peer.
            throw new DfssException(
                DfssErrorCode.ProtocolViolation, Address,
                $"the answer to '{call.Operation}' is malformed: {exception.Message}", exception);
        }
    }

    /// <summary>Closes the connections; calls under way fail with PeerUnreachable.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        if (monitor is { } running)
        {
            await running.ConfigureAwait(false);
        }

        // Both at once: each may wait briefly for a peer that does not respond.
        await Task.WhenAll(bulk.DisposeAsync().AsTask(), control.DisposeAsync().AsTask()).ConfigureAwait(false);
    }

    private async ValueTask<Response> CallAndLogAsync(
        PeerLine line, PeerCall call, Action<string> debug, CancellationToken cancellationToken)
    {
        long started = clock.GetTimestamp();
        string outcome = "cancelled";
        try
        {
            Response response = await CallSharedAsync(line, call, cancellationToken).ConfigureAwait(false);
            outcome = FormattableString.Invariant($"ok, {response.PayloadLength} B back");
            return response;
        }
        catch (DfssException exception)
        {
            outcome = exception.Code.ToString();
            throw;
        }
        finally
        {
            double milliseconds = clock.GetElapsedTime(started).TotalMilliseconds;
            debug(FormattableString.Invariant(
                $"{Address} {call.Operation}, {call.Payload?.Length ?? 0} B out: {outcome}, {milliseconds:0.0} ms"));
        }
    }

    private async Task<ClientChannel> ConnectToAsync(PeerAddress place, CancellationToken cancellationToken)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(
            cancellationToken, stop.Token);
        ClientChannel? channel = null;
        bool isTaken = false;
        try
        {
            channel = await ClientChannel.ConnectAsync(place, options, either.Token).ConfigureAwait(false);
            ThrowIfAnotherStore(place, channel.Hello.StoreId);
            if (Greeted is { } greeted)
            {
                await greeted(channel.Hello, either.Token).ConfigureAwait(false);
            }

            isShared = channel.Hello.IsShared;
            isTaken = true;
            return channel;
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DfssException(
                DfssErrorCode.PeerUnreachable, place, $"the link was closed from this side.", exception);
        }
        finally
        {
            if (!isTaken && channel is not null)
            {
                await channel.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private void ThrowIfAnotherStore(PeerAddress place, StoreId found)
    {
        StoreId known;
        lock (gate)
        {
            known = knownStore ??= found;
        }

        if (known != found)
        {
            throw new DfssException(
                DfssErrorCode.PeerUnreachable,
                place, $"another store answers there now: {found} in place of {known}.",
                "Give the address at which the peer of that store runs now (Get-DfssPeer there shows it).");
        }
    }

    private void StartMonitor()
    {
        if (monitor is not null)
        {
            return;
        }

        lock (gate)
        {
            ObjectDisposedException.ThrowIf(stop.IsCancellationRequested, this);
            lastAlive = clock.GetTimestamp();
            monitor ??= MonitorAsync();
        }
    }

    private async Task MonitorAsync()
    {
        using PeriodicTimer timer = new(options.PingInterval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stop.Token).ConfigureAwait(false))
            {
                if (bulk.Waiting + control.Waiting == 0)
                {
                    lastAlive = clock.GetTimestamp();
                }
                else if (await IsAnsweringAsync().ConfigureAwait(false))
                {
                    lastAlive = clock.GetTimestamp();
                }
                else if (clock.GetElapsedTime(
                    Math.Max(lastAlive, Math.Max(bulk.LastByte, control.LastByte))) >= options.PingTimeout)
                {
                    DfssException reason = new(
                        DfssErrorCode.TimedOut,
                        $"The peer answered no ping for {options.PingTimeout.TotalSeconds:0} s.");
                    bulk.Abort(reason);
                    control.Abort(reason);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The link is being closed.
        }
        catch (Exception error)
        {
            // Without the monitor a dead peer is not detected: the calls under way fail, and the next
            // request starts a new monitor.
            DfssException reason = new(
                DfssErrorCode.PeerUnreachable, $"Watching the connection met a fault: {error.Message}", error);
            lock (gate)
            {
                monitor = null;
            }

            bulk.Abort(reason);
            control.Abort(reason);
        }
    }

    /// <summary>
    /// Pings the peer on the control connection while bulk calls wait, else on the bulk connection. Any answer, an
    /// error included, shows that the peer is alive.
    /// </summary>
    private async Task<bool> IsAnsweringAsync()
    {
        using CancellationTokenSource timeout = new(options.PingTimeout, clock);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(
            timeout.Token, stop.Token);
        try
        {
            ClientChannel channel =
                await (bulk.Waiting > 0 ? control : bulk).OpenAsync(limit.Token).ConfigureAwait(false);
            await channel.PingAsync(limit.Token).ConfigureAwait(false);
            return true;
        }
        catch (DfssException exception)
        {
            return exception.Code is not (DfssErrorCode.PeerUnreachable or DfssErrorCode.TimedOut);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return false;
        }
    }
}
