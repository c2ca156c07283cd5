using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>
/// Batches the single steps of many names into few requests: of each step, one request is under way, and calls that
/// arrive meanwhile share the next. A store made of a store; a call over several names passes through as it is.
/// </summary>
internal sealed class BatchingRecordStore : IRecordStore, IAsyncDisposable
{
    /// <summary>
    /// 256 names: a peer answers them in some milliseconds, with one sync. 1 MiB: far below what a frame carries, with
    /// the answers, which hold up to two records each.
    /// </summary>
    private static readonly BatchLimits Limits = new(MaxItems: 256, MaxBytes: 1 << 20);

    private readonly IRecordStore inner;
    private readonly BatchingQueue<PrepareRequest, RegisterAnswer> prepares;
    private readonly BatchingQueue<SealRequest, RegisterAnswer> seals;
    private readonly BatchingQueue<AcceptRequest, RegisterAnswer> accepts;
    private readonly BatchingQueue<DecideRequest, RegisterAnswer> decides;
    private readonly BatchingQueue<ReadRequest, RegisterAnswer> reads;

    public BatchingRecordStore(IRecordStore inner)
    {
        this.inner = inner;
        prepares = Gather<PrepareRequest>(inner.PrepareAsync);
        seals = Gather<SealRequest>(inner.SealAsync);
        accepts = Gather<AcceptRequest>(inner.AcceptAsync);
        decides = Gather<DecideRequest>(inner.DecideAsync);
        reads = Gather<ReadRequest>(inner.ReadAsync);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<RegisterAnswer>> PrepareAsync(
        IReadOnlyList<PrepareRequest> requests, CancellationToken cancellationToken) =>
        requests is [var one]
            ? AskAsync(prepares, one, cancellationToken)
            : inner.PrepareAsync(requests, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<RegisterAnswer>> SealAsync(
        IReadOnlyList<SealRequest> requests, CancellationToken cancellationToken) =>
        requests is [var one] ? AskAsync(seals, one, cancellationToken) : inner.SealAsync(requests, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<RegisterAnswer>> AcceptAsync(
        IReadOnlyList<AcceptRequest> requests, CancellationToken cancellationToken) =>
        requests is [var one]
            ? AskAsync(accepts, one, cancellationToken)
            : inner.AcceptAsync(requests, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<RegisterAnswer>> DecideAsync(
        IReadOnlyList<DecideRequest> requests, CancellationToken cancellationToken) =>
        requests is [var one]
            ? AskAsync(decides, one, cancellationToken)
            : inner.DecideAsync(requests, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<RegisterAnswer>> ReadAsync(
        IReadOnlyList<ReadRequest> requests, CancellationToken cancellationToken) =>
        requests is [var one] ? AskAsync(reads, one, cancellationToken) : inner.ReadAsync(requests, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<RecordPage> ListAsync(ListRequest request, CancellationToken cancellationToken) =>
        inner.ListAsync(request, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await prepares.DisposeAsync().ConfigureAwait(false);
        await seals.DisposeAsync().ConfigureAwait(false);
        await accepts.DisposeAsync().ConfigureAwait(false);
        await decides.DisposeAsync().ConfigureAwait(false);
        await reads.DisposeAsync().ConfigureAwait(false);
    }

    private static BatchingQueue<TRequest, RegisterAnswer> Gather<TRequest>(
        Func<IReadOnlyList<TRequest>, CancellationToken, ValueTask<IReadOnlyList<RegisterAnswer>>> ask)
        where TRequest : RegisterRequest => new(ask, Limits, Measure, request => request.Name);

    private static async ValueTask<IReadOnlyList<RegisterAnswer>> AskAsync<TRequest>(
        BatchingQueue<TRequest, RegisterAnswer> queue, TRequest request, CancellationToken cancellationToken) =>
        [await queue.AskAsync(request, cancellationToken).ConfigureAwait(false)];

    /// <summary>
    /// The bytes of a request: mostly a seal's bitmap, a record's home (an address has up to some 255 bytes) and its
    /// name.
    /// </summary>
    private static int Measure(RegisterRequest request) => request switch
    {
        SealRequest seal => seal.Expected.Bits.Length,
        AcceptRequest accept => Measure(accept.Record),
        DecideRequest decide => Measure(decide.Record),
        _ => 0,
    };

    private static int Measure(FileRecord record) =>
        DfssLimits.MaxNameBytes + record.Home.Sum(member => member.Addresses.Sum(address => address.Length));
}
