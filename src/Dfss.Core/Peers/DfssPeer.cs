using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Dfss.Protocol;
using Dfss.Storage;
using Dfss.Transport;

namespace Dfss.Peers;

/// <summary>A running peer: a process's service of one store. Stops on dispose.</summary>
public sealed partial class DfssPeer : IAsyncDisposable
{
    /// <summary>5 s: a 16 MiB chunk over a slow link still arrives, and nobody waits long for a peer to stop.</summary>
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(5);

    /// <summary>Unreferenced chunks are looked for this often; they go a day after they were last asked for.</summary>
    private static readonly TimeSpan CollectionInterval = TimeSpan.FromHours(1);

    /// <summary>16 MiB, kept for requests of at most 64 KiB: one on each connection, however much bulk is under way.</summary>
    private const long SmallRequestBytes = DfssLimits.MaxConnections * (long)PayloadPool.SmallBytes;

    private readonly LocalStore store;
    private readonly IConnectionListener listener;
    private readonly PayloadPool pool = new(DfssLimits.PayloadBudgetBytes - SmallRequestBytes, SmallRequestBytes);
    private readonly ByteBudget answerBytes = new(DfssLimits.PayloadBudgetBytes - SmallRequestBytes - AnswerMemory.RequestBytes);
    private readonly RequestHandler handler;
    private readonly ConcurrentDictionary<PeerSession, Task> sessions = new();
    private readonly CancellationTokenSource stopping = new();

    // Not disposed: whoever is in a hurry may be so until after the end, and it owns no timer or handle.
    private readonly CancellationTokenSource hurrying = new();
    private readonly long startedTimestamp;
    private readonly Lazy<Task> stopped;
    private readonly Task accepting;
    private readonly Task collecting;
    private volatile Exception? fault;
    private readonly TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private DfssPeer(PeerOptions options, LocalStore store, IConnectionListener listener)
    {
        Options = options;
        this.store = store;
        this.listener = listener;
        startedTimestamp = options.TimeProvider.GetTimestamp();
        AdvertisedAddresses = Advertise();
        handler = new RequestHandler(store, Describe);
        stopped = new Lazy<Task>(StopOnceAsync);
        accepting = AcceptAsync();
        collecting = CollectAsync();
    }

    /// <summary>The options it was started with.</summary>
    public PeerOptions Options { get; }

    /// <summary>The store it serves.</summary>
    public StoreId StoreId => store.StoreId;

    /// <summary>The TCP port it listens on.</summary>
    public int Port => listener.Endpoints[0].Port;

    /// <summary>Where others can find it, as <c>host:port</c>.</summary>
    public IReadOnlyList<string> AdvertisedAddresses { get; }

    /// <summary>Open connections at this moment.</summary>
    public int Connections => sessions.Count;

    /// <summary>Payload memory that requests and answers hold at this moment, and what answers have taken of their budget, in bytes.</summary>
    internal long HeldBytes => pool.RentedBytes + answerBytes.LimitBytes - answerBytes.FreeBytes;

    /// <summary>Ends when the peer has stopped; fails when it had to stop because of a fault.</summary>
    public Task Completion => completion.Task;

    /// <summary>Opens the store and listens. When it returns, clients can connect.</summary>
    /// <exception cref="DfssException">StoreInUse, StoreFormat, StoreNotSupported, AddressUnavailable, InvalidArgument.</exception>
    public static Task<DfssPeer> StartAsync(PeerOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return StartAsync(options, new DurableFile(beforeStep: null), TcpTransport.Listen, cancellationToken);
    }

    /// <summary>The same over a <see cref="DurableFile"/> with a seam, and with another way to listen.</summary>
    internal static async Task<DfssPeer> StartAsync(
        PeerOptions options,
        DurableFile files,
        Func<string, int, IConnectionListener> listen,
        CancellationToken cancellationToken)
    {
        ListenAddress.ThrowIfNotAllowed(options);
        LocalStoreOptions storeOptions = new() { TimeProvider = options.TimeProvider, Log = options.Log };
        LocalStore store = await LocalStore.OpenAsync(
            options.StorePath, storeOptions, files, cancellationToken).ConfigureAwait(false);
        IConnectionListener? listener = null;
        try
        {
            listener = listen(options.Address, options.Port);
            return new DfssPeer(options, store, listener);
        }
        catch
        {
            if (listener is not null)
            {
                await listener.DisposeAsync().ConfigureAwait(false);
            }

            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Stops: takes no more, answers what is under way (for at most 5 s), closes the store.</summary>
    public Task StopAsync() => stopped.Value;

    /// <summary>
    /// Answers no more: a stop that is under way, or comes, breaks the connections at once and closes the store in order.
    /// What was not answered can be asked again.
    /// </summary>
    public void Hurry() => hurrying.Cancel();

    /// <summary>Stops the peer.</summary>
    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    private async Task StopOnceAsync()
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        await listener.DisposeAsync().ConfigureAwait(false);
        await Task.WhenAll(accepting, collecting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        using CancellationTokenSource limit = new(DrainTime, Options.TimeProvider);
        using var drainTime = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, hurrying.Token);
        await Task.WhenAll(sessions.Keys.Select(session => session.DrainAsync(drainTime.Token))).ConfigureAwait(false);
        foreach (PeerSession session in sessions.Keys)
        {
            session.Close();
        }

        // Closing in order waits for those that stand still too.
        using CancellationTokenRegistration abort = hurrying.Token.UnsafeRegister(
            static state => ((DfssPeer)state!).AbortSessions(), this);
        await Task.WhenAll([.. sessions.Values, .. turnedAway.Values]).ConfigureAwait(false);
        await store.DisposeAsync().ConfigureAwait(false);
        stopping.Dispose();
        if (fault is { } cause)
        {
            completion.SetException(cause);
        }
        else
        {
            completion.SetResult();
        }
    }

    private void AbortSessions()
    {
        foreach (PeerSession session in sessions.Keys)
        {
            session.Abort();
        }
    }

    private async Task CollectAsync()
    {
        using PeriodicTimer timer = new(CollectionInterval, Options.TimeProvider);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping.Token).ConfigureAwait(false))
            {
                await CollectOnceAsync().ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The peer stops.
        }
    }

    private async Task CollectOnceAsync()
    {
        try
        {
            GarbageCollectionResult result =
                await store.Collector.CollectAsync(GarbageCollector.DefaultGracePeriod, stopping.Token).ConfigureAwait(false);
            if (result.ChunksDeleted > 0)
            {
                Log(string.Create(
                    CultureInfo.InvariantCulture, $"Garbage collection removed {result.ChunksDeleted} chunks, {result.BytesDeleted} bytes."));
            }
        }
        catch (Exception error) when (error is DfssException or IOException or UnauthorizedAccessException)
        {
            Log($"Garbage collection failed and will be tried again: {error.Message}");
        }
    }

    private HelloAnswer Hello() => new(
        Handshake.Version, Handshake.Software, StoreId, AdvertisedAddresses, Capabilities: [], HelloLimits.Default);

    private MessageMap Describe()
    {
        StoreUsage usage = store.GetUsage();
        MessageMap map = new()
        {
            { "store_id", StoreId.ToByteArray() },
            { "software", Handshake.Software },
            { "addresses", MessageValue.From([.. AdvertisedAddresses.Select(address => (MessageValue)address)]) },
            { "process_id", Environment.ProcessId },
            { "uptime_ms", (long)Options.TimeProvider.GetElapsedTime(startedTimestamp).TotalMilliseconds },
            { "connections", Connections },
            { "chunks", usage.Chunks },
            { "stored_bytes", usage.StoredBytes },
        };
        if (store.Path is string path)
        {
            map.Add("store_path", path);
        }

        if (usage.FreeBytes is long free)
        {
            map.Add("free_bytes", free);
        }

        return map;
    }

    private List<string> Advertise()
    {
        if (Options.AdvertisedAddresses.Count > 0)
        {
            return [.. Options.AdvertisedAddresses.Select(text => PeerAddress.TryParse(text, out PeerAddress? address)
                ? (text.EndsWith(string.Create(CultureInfo.InvariantCulture, $":{address.Port}"), StringComparison.Ordinal)
                    ? address
                    : new PeerAddress(address.Host, Port)).ToString()
                : throw new DfssException(DfssErrorCode.InvalidArgument, $"'{text}' is no address to advertise.", "Write host or host:port."))];
        }

        // A wildcard is no address for others; the host's name is the best there is.
        return string.Equals(Options.Address, "localhost", StringComparison.OrdinalIgnoreCase)
            ? [new PeerAddress("localhost", Port).ToString()]
            : [.. listener.Endpoints.Select(endpoint => new PeerAddress(
                endpoint.Address.Equals(IPAddress.Any) || endpoint.Address.Equals(IPAddress.IPv6Any)
                    ? Dns.GetHostName()
                    : endpoint.Address.ToString(),
                Port).ToString()).Distinct()];
    }

    private void Log(string line) => Options.Log?.Invoke(line);
}
