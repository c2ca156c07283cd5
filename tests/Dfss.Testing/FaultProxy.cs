using Dfss.Transport;

namespace Dfss.Testing;

/// <summary>
/// A man in the middle: passes TCP connections on to a target, and delays, throttles, cuts or stalls what passes.
/// Changes count from the next piece that passes on.
/// </summary>
internal sealed class FaultProxy : IAsyncDisposable
{
    private const int PieceBytes = 16 << 10;

    private readonly PeerAddress target;
    private readonly TimeProvider clock;
    private readonly IConnectionListener listener = TcpTransport.Listen("127.0.0.1", 0);
    private readonly CancellationTokenSource stop = new();
    private readonly List<IConnection> connections = [];
    private readonly List<Task> pumps = [];
    private readonly Task accepting;
    private volatile TaskCompletionSource flowing = CreateFlowing();
    private readonly TaskCompletionSource stalled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long stallAtBytes = long.MaxValue;
    private long passedBytes;
    private volatile bool isSevered;

    public FaultProxy(PeerAddress target, TimeProvider clock)
    {
        this.target = target;
        this.clock = clock;
        accepting = AcceptAsync();
    }

    /// <summary>Where to connect instead of to the target.</summary>
    public PeerAddress Address => new("127.0.0.1", listener.Endpoints[0].Port);

    /// <summary>How long each piece of at most 16 KiB is held back.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>The rate of each direction of each connection; null for as fast as it goes.</summary>
    public int? BytesPerSecond { get; set; }

    /// <summary>
    /// Every connection is broken when so many bytes have passed, over all and in both directions; null for never.
    /// </summary>
    public long? CutAfterBytes { get; set; }

    /// <summary>Called with the length of each piece to the target, before it passes on, from any thread.</summary>
    public Action<int>? OnSending { get; set; }

    /// <summary>Called with the length of each piece from the target, before it passes on, from any thread.</summary>
    public Action<int>? OnReceiving { get; set; }

    /// <summary>Bytes passed so far, over all connections and in both directions.</summary>
    public long PassedBytes => Interlocked.Read(ref passedBytes);

    /// <summary>Nothing passes any more, and nothing is broken, until <see cref="Resume"/>.</summary>
    public void Stall() => flowing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Stalls when so many bytes have passed, over all and in both directions.</summary>
    /// <returns>Ends when it has stalled.</returns>
    public Task StallAt(long bytes)
    {
        Interlocked.Exchange(ref stallAtBytes, bytes);
        return stalled.Task;
    }

    /// <summary>Ends a stall.</summary>
    public void Resume() => flowing.TrySetResult();

    /// <summary>Breaks every connection now open.</summary>
    public void Cut()
    {
        lock (connections)
        {
            connections.ForEach(connection => connection.Abort());
            connections.Clear();
        }
    }

    /// <summary>Breaks every connection now open, and every new one, until <see cref="Heal"/>.</summary>
    public void Sever()
    {
        isSevered = true;
        Cut();
    }

    /// <summary>New connections pass again.</summary>
    public void Heal() => isSevered = false;

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await accepting;
        await listener.DisposeAsync();
        Cut();
        await Task.WhenAll(pumps);
        stop.Dispose();
    }

    private static TaskCompletionSource CreateFlowing()
    {
        TaskCompletionSource source = new(TaskCreationOptions.RunContinuationsAsynchronously);
        source.SetResult();
        return source;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                IConnection near = await listener.AcceptAsync(stop.Token);
                pumps.Add(PassAsync(near));
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private async Task PassAsync(IConnection near)
    {
        try
        {
            IConnection far = await TcpTransport.ConnectAsync(target, TimeSpan.FromSeconds(60), stop.Token);
            lock (connections)
            {
                connections.Add(near);
                connections.Add(far);
            }

            if (isSevered)
            {
                near.Abort();
                far.Abort();
            }

            await Task.WhenAll(
                PumpAsync(near, far, bytes => OnSending?.Invoke(bytes)),
                PumpAsync(far, near, bytes => OnReceiving?.Invoke(bytes)));
            await far.DisposeAsync();
        }
        catch (Exception exception) when (exception is DfssException or OperationCanceledException)
        {
            near.Abort();
        }

        await near.DisposeAsync();
    }

    private async Task PumpAsync(IConnection source, IConnection destination, Action<int> onPassing)
    {
        byte[] piece = new byte[PieceBytes];
        try
        {
            while (await source.ReceiveAsync(piece, stop.Token) is > 0 and int received)
            {
                onPassing(received);
                await HoldAsync(received);
                long passed = Interlocked.Add(ref passedBytes, received);
                int sent = CutAfterBytes is { } cut && passed > cut
                    ? (int)Math.Max(0, received - (passed - cut))
                    : received;
                await destination.SendAsync(piece.AsMemory(0, sent), stop.Token);
                if (sent < received)
                {
                    source.Abort();
                    destination.Abort();
                    return;
                }
            }

            await destination.DisposeAsync();
            return;
        }
        catch (Exception exception) when (exception is DfssException or OperationCanceledException)
        {
            // One side broke: so does the other.
        }

        source.Abort();
        destination.Abort();
    }

    private async Task HoldAsync(int bytes)
    {
        if (Interlocked.Read(ref passedBytes) >= Interlocked.Read(ref stallAtBytes) && stalled.TrySetResult())
        {
            Stall();
        }

        await flowing.Task.WaitAsync(stop.Token);
        TimeSpan hold = Delay
            + (BytesPerSecond is { } rate ? TimeSpan.FromSeconds((double)bytes / rate) : TimeSpan.Zero);
        if (hold > TimeSpan.Zero)
        {
            await Task.Delay(hold, clock, stop.Token);
        }
    }
}
