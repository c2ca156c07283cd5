using Dfss.Protocol;
using Dfss.Security;

namespace Dfss.Transport;

/// <summary>
/// The way to one peer: a connection for bulk and one for the rest, so that a small request never waits behind 16 MiB. Both are made when
/// first needed and again after they broke. While calls wait, ping tells a slow peer from a dead one. Safe for concurrent use.
/// </summary>
internal sealed class PeerLink : IAsyncDisposable
{
    private readonly ClientChannelOptions options;
    private readonly TimeProvider clock;
    private readonly PeerLine bulk;
    private readonly PeerLine control;
    private readonly CancellationTokenSource stop = new();
    private readonly Lock gate = new();
    private StoreId? knownStore;
    private Task? monitor;
    private long lastAlive;

    /// <summary>Makes a link; connects to nothing yet.</summary>
    public PeerLink(PeerAddress address, ClientChannelOptions options)
    {
        Address = address;
        this.options = options;
        clock = options.Channel.TimeProvider;
        bulk = new PeerLine(ConnectAsync, clock);
        control = new PeerLine(ConnectAsync, clock);
    }

    /// <summary>Where the peer is.</summary>
    public PeerAddress Address { get; }

    /// <summary>Told what the peer says of itself at each new connection, before that is used; null: nobody is.</summary>
    public Func<HelloAnswer, CancellationToken, Task>? Greeted { get; init; }

    /// <summary>What time-outs are measured by.</summary>
    public TimeProvider Clock => clock;

    /// <summary>How long ago a byte last moved between here and the peer, in either direction.</summary>
    public TimeSpan Silence => clock.GetElapsedTime(Math.Max(bulk.LastByte, control.LastByte));

    /// <summary>What the peer says of itself, and what TLS was agreed upon; connects where that has not been done.</summary>
    /// <exception cref="DfssException">As <see cref="ClientChannel.ConnectAsync"/>; PeerUnreachable also when another store answers.</exception>
    public async Task<(HelloAnswer Hello, TlsAgreement? Agreement)> HelloAsync(CancellationToken cancellationToken)
    {
        ClientChannel channel = await control.OpenAsync(cancellationToken).ConfigureAwait(false);
        return (channel.Hello, channel.Agreement);
    }

    /// <summary>Makes one call, over a new connection where the last one broke. Nothing is tried again here.</summary>
    /// <exception cref="DfssException">The error the peer answered, or what became of the connection; it names the peer.</exception>
    public ValueTask<Response> CallAsync(PeerCall call, CancellationToken cancellationToken)
    {
        StartMonitor();
        PeerLine line = call.IsBulk ? bulk : control;
        return options.Debug is { } debug
            ? CallAndTellAsync(line, call, debug, cancellationToken)
            : line.CallAsync(call, cancellationToken);
    }

    /// <summary>Makes one call and reads what was answered.</summary>
    /// <param name="call">The call.</param>
    /// <param name="read">Reads the answer, whose memory is given back when it returns.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DfssException">As of a call; ProtocolViolation where the results are not what they should be.</exception>
    public async ValueTask<T> CallAsync<T>(PeerCall call, Func<Response, T> read, CancellationToken cancellationToken)
    {
        using Response response = await CallAsync(call, cancellationToken).ConfigureAwait(false);
        try
        {
            return read(response);
        }
        catch (DfssException exception) when (exception.Code is DfssErrorCode.InvalidArgument or DfssErrorCode.InvalidName)
        {
            // These codes blame whoever sent it, which to whoever asked was the peer.
            throw new DfssException(
                DfssErrorCode.ProtocolViolation, $"{Address}: the answer to '{call.Operation}' is malformed: {exception.Message}", exception);
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

        // Together: each may wait a little for a peer that stands still.
        await Task.WhenAll(bulk.DisposeAsync().AsTask(), control.DisposeAsync().AsTask()).ConfigureAwait(false);
    }

    private async ValueTask<Response> CallAndTellAsync(
        PeerLine line, PeerCall call, Action<string> debug, CancellationToken cancellationToken)
    {
        long started = clock.GetTimestamp();
        string outcome = "cancelled";
        try
        {
            Response response = await line.CallAsync(call, cancellationToken).ConfigureAwait(false);
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

    private async Task<ClientChannel> ConnectAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stop.Token);
        ClientChannel? channel = null;
        bool isTaken = false;
        try
        {
            channel = await ClientChannel.ConnectAsync(Address, options, either.Token).ConfigureAwait(false);
            ThrowIfAnotherStore(channel.Hello.StoreId);
            if (Greeted is { } greeted)
            {
                await greeted(channel.Hello, either.Token).ConfigureAwait(false);
            }

            isTaken = true;
            return channel;
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DfssException(DfssErrorCode.PeerUnreachable, $"{Address}: the link was closed from this side.", exception);
        }
        finally
        {
            if (!isTaken && channel is not null)
            {
                await channel.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private void ThrowIfAnotherStore(StoreId found)
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
                $"{Address}: another store answers there now: {found} instead of {known}.",
                "Find out where the peer is now, and name that address.");
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
                else if (clock.GetElapsedTime(Math.Max(lastAlive, Math.Max(bulk.LastByte, control.LastByte))) >= options.PingTimeout)
                {
                    DfssException reason = new(
                        DfssErrorCode.TimedOut, $"The peer answered no ping for {options.PingTimeout.TotalSeconds:0} s.");
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
            // Without it a dead peer would not be noticed: what waits fails, and the next request starts another one.
            DfssException reason = new(DfssErrorCode.PeerUnreachable, $"Watching the connection met a fault: {error.Message}", error);
            lock (gate)
            {
                monitor = null;
            }

            bulk.Abort(reason);
            control.Abort(reason);
        }
    }

    /// <summary>Asks on the connection that does not wait, or does not carry bulk. Any answer at all is a sign of life.</summary>
    private async Task<bool> IsAnsweringAsync()
    {
        using CancellationTokenSource timeout = new(options.PingTimeout, clock);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stop.Token);
        try
        {
            ClientChannel channel = await (bulk.Waiting > 0 ? control : bulk).OpenAsync(limit.Token).ConfigureAwait(false);
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
