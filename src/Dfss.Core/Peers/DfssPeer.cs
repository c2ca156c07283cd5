using System.Collections.Concurrent;
using Dfss.Clusters;
using Dfss.Protocol;
using Dfss.Security;
using Dfss.Storage;
using Dfss.Transport;

namespace Dfss.Peers;

/// <summary>A running peer: a process's service of one store. Stops on dispose.</summary>
public sealed partial class DfssPeer : IAsyncDisposable
{
    /// <summary>5 s: a 16 MiB chunk over a slow link still arrives, and stopping a peer stays quick.</summary>
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(5);

    private readonly IPeerStore store;
    private readonly IConnectionListener listener;
    private readonly PeerMemory memory = new();
    private readonly ConnectionLimiter connectionLimiter;
    private readonly FailedHandshakes failedHandshakes;
    private readonly RequestHandlers handlers;
    private readonly LoopbackToken? token;
    private readonly SessionLog sessionLog;
    private readonly ConcurrentDictionary<PeerSession, Task> sessions = new();
    private readonly CancellationTokenSource stopping = new();

    // Not disposed: a caller may abort until after the end, and it owns no timer or handle.
    private readonly CancellationTokenSource aborting = new();
    private readonly PeerInstance instance = PeerInstance.Create();
    private readonly long startedTimestamp;
    private readonly Lazy<Task> stopped;
    private readonly Task accepting;
    private readonly Task collecting;
    private readonly Task scrubbing;
    private readonly Task watching;
    private readonly Task renewing;
    private readonly Task keepingToken;
    private readonly BackgroundTask collection;
    private readonly BackgroundTask identityWatch;
    private readonly BackgroundTask renewal;
    private readonly BackgroundTask tokenWatch;
    private volatile TlsTransport? tls;
    private volatile Exception? fault;
    private readonly TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private DfssPeer(
        PeerOptions options, IPeerStore store, TlsTransport? tls, LoopbackToken? token, IConnectionListener listener)
    {
        Options = options;
        this.store = store;
        this.tls = tls;
        Identity = options.Identity;
        knownIssuer = tls?.Validator.Issuer?.Current;
        this.token = token;
        this.listener = listener;
        startedTimestamp = options.TimeProvider.GetTimestamp();
        AdvertisedAddresses = Advertise(options, listener);
        ClusterRequests cluster = new(
            options.Issuer,
            () => new ClusterPeer(StoreId, AdvertisedAddresses, IsIssuer: true),
            () => this.tls?.Validator,
            TellRevokedAsync,
            TellMovedAsync);
        connectionLimiter = new ConnectionLimiter(memory.Open);
        failedHandshakes = new FailedHandshakes(options.TimeProvider);
        sessionLog = new SessionLog(Log, options.TimeProvider);
        stopped = new Lazy<Task>(StopOnceAsync);
        collection = NewWork(BackgroundTaskInfo.Collection, options.CollectionInterval);
        handlers = new RequestHandlers(
            store, new CheckedRecordStore(options.ServeRecords(store.Records)), cluster,
            new UpkeepRequests(store, Describe, collection.NoteSuccess));
        identityWatch = NewWork("Revocation watch", options.IdentityInterval);
        renewal = NewWork("Certificate renewal", options.RenewalInterval);
        tokenWatch = NewWork("Token watch", TokenInterval);
        accepting = AcceptAsync();
        collecting = collection.RunAsync(CollectAsync, options.CollectionInterval, stopping.Token);
        scrubbing = ScrubAsync();
        watching = tls is null
            ? Task.CompletedTask
            : identityWatch.RunAsync(WatchIdentitiesAsync, options.IdentityInterval, stopping.Token);
        keepingToken = token is null
            ? Task.CompletedTask
            : tokenWatch.RunAsync(KeepTokenAsync, TokenInterval, stopping.Token);
        renewing = tls is null
            ? Task.CompletedTask
            : renewal.RunAsync(RenewAsync, firstWait: TimeSpan.Zero, stopping.Token);
    }

    /// <summary>The options it was started with.</summary>
    public PeerOptions Options { get; }

    /// <summary>The store it serves.</summary>
    public StoreId StoreId => store.StoreId;

    /// <summary>
    /// What the operator must know of how its store was opened: that it is another store than before.
    /// </summary>
    public IReadOnlyList<string> StoreNotices => store.Notices;

    /// <summary>The TCP port it listens on.</summary>
    public int Port => listener.Endpoints[0].Port;

    /// <summary>The addresses that it advertises, as <c>host:port</c>.</summary>
    public IReadOnlyList<string> AdvertisedAddresses { get; }

    /// <summary>Open connections at this moment.</summary>
    public int Connections => sessions.Count;

    /// <summary>
    /// The memory and budgets that requests and answers hold at this moment; 0 when nothing is under way.
    /// </summary>
    internal long HeldBytes => memory.HeldBytes;

    /// <summary>Ends when the peer has stopped; fails when it had to stop because of a fault.</summary>
    public Task Completion => completion.Task;

    /// <summary>Opens the store and listens. When it returns, clients can connect.</summary>
    /// <exception cref="DfssException">StoreInUse, StoreFormat, StoreRelocated, StoreNotSupported, AddressUnavailable,
    /// InvalidArgument; CertificateExpired, CertificateRevoked, CertificateNotTrusted: no client would accept its
    /// certificate.</exception>
    public static async Task<DfssPeer> StartAsync(PeerOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        try
        {
            return await StartAsync(
                options, new DurableFile(beforeStep: null), TcpTransport.Listen,
                cancellationToken).ConfigureAwait(false);
        }
        catch when (options.Issuer is not null)
        {
            await options.Issuer.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The same over a <see cref="DurableFile"/> with a seam, and with another way to listen.</summary>
    internal static async Task<DfssPeer> StartAsync(
        PeerOptions options,
        DurableFile files,
        Func<string, int, IConnectionListener> listen,
        CancellationToken cancellationToken)
    {
        ListenAddress.ThrowIfNotAllowed(options);
        options.ThrowIfNotOfEngine();
        options = options with { Log = GuardedLog.Guard(options.Log) };
        IPeerStore store = await OpenStoreAsync(options, files, cancellationToken).ConfigureAwait(false);
        IConnectionListener? listener = null;
        try
        {
            options = options with { Identity = options.Identity ?? options.Issuer?.Identify(store.StoreId) };
            TlsTransport? tls = null;
            if (options.Identity is { } identity)
            {
                tls = new TlsTransport(identity, options.TimeProvider, options.Log);
                ThrowIfUnusable(tls.Validator, identity, store);
            }

            listener = listen(options.Address, options.Port);
            if (options.Issuer is { } issuer)
            {
                // Before the first client is greeted: hello has the number of the statement of these addresses.
                await issuer.SetAddressesAsync(
                    store.StoreId, Advertise(options, listener), options.Log).ConfigureAwait(false);
            }

            LoopbackToken? token = await CreateTokenAsync(options, listener, cancellationToken).ConfigureAwait(false);
            return new DfssPeer(options, store, tls, token, listener);
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

    private static async Task<IPeerStore> OpenStoreAsync(
        PeerOptions options, DurableFile files, CancellationToken cancellationToken)
    {
        LocalStoreOptions storeOptions = new()
        {
            TimeProvider = options.TimeProvider,
            Log = options.Log,
            ScrubBytesPerSecond = options.ScrubBytesPerSecond,
            QuotaBytes = options.QuotaBytes,
            MinimumFreeBytes = options.MinimumFreeBytes,
            MemoryStoreId = options.MemoryStoreId,
            Relocation = options.StoreRelocation,
            ServeChunks = options.ServeChunks,
        };
        return options.Engine is { } engine
            ? await BucketStore.OpenAsync(engine, storeOptions, cancellationToken).ConfigureAwait(false)
            : await LocalStore.OpenAsync(
                options.StorePath, storeOptions, files, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Stops: takes no more requests, answers those under way (for at most 5 s), closes the store.</summary>
    public Task StopAsync() => stopped.Value;

    /// <summary>
    /// Answers no more requests: a stop, current or later, breaks the connections at once and closes the store in
    /// order. Clients can repeat requests without an answer.
    /// </summary>
    public void Abort() => aborting.Cancel();

    /// <summary>Stops the peer.</summary>
    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    /// <summary>Each step is done, whether or not the one before failed; completion reports the first
    /// failure.</summary>
    private async Task StopOnceAsync()
    {
        await TryStopAsync(stopping.CancelAsync).ConfigureAwait(false);
        await TryStopAsync(StopListeningAsync).ConfigureAwait(false);
        await Task.WhenAll(
            accepting, collecting, scrubbing, watching,
            renewing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await TryStopAsync(EndSessionsAsync).ConfigureAwait(false);
        await TryStopAsync(() => store.DisposeAsync().AsTask()).ConfigureAwait(false);
        if (Options.Issuer is { } issuer)
        {
            await TryStopAsync(() => issuer.DisposeAsync().AsTask()).ConfigureAwait(false);
        }

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

    private async Task TryStopAsync(Func<Task> step)
    {
        try
        {
            await step().ConfigureAwait(false);
        }
        catch (Exception error)
        {
            fault ??= error;
            Log($"Stopping met a fault: {error.ToString().ReplaceLineEndings(" ")}");
        }
    }

    private async Task StopListeningAsync()
    {
        // This task would write the files that are removed here. They are removed before the port is free for another
        // peer, which writes its own.
        await keepingToken.ConfigureAwait(false);
        try
        {
            token?.Delete();
        }
        finally
        {
            await listener.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task EndSessionsAsync()
    {
        using CancellationTokenSource limit = new(DrainTime, Options.TimeProvider);
        using var drainTime = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, aborting.Token);
        await Task.WhenAll(sessions.Keys.Select(session => session.DrainAsync(drainTime.Token)))
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (PeerSession session in sessions.Keys)
        {
            session.Close();
        }

        // Closing in order also waits for stalled clients.
        using CancellationTokenRegistration abort = aborting.Token.UnsafeRegister(
            static state => ((DfssPeer)state!).AbortSessions(), this);
        await Task.WhenAll(sessions.Values).ConfigureAwait(false);
        sessionLog.Dispose();
    }

    private void AbortSessions()
    {
        foreach (PeerSession session in sessions.Keys)
        {
            session.Abort();
        }
    }

    private void Log(string line) => Options.Log?.Invoke(line);
}
