using System.Collections.Concurrent;
using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>
/// Batches the single steps of many names into few requests: of each step, one request is under way, and calls that
/// arrive meanwhile share the next. A store made of a store; a call over several names passes through as it is.
/// </summary>
internal sealed class BatchingRecordStore(IRecordStore inner) : IRecordStore, IAsyncDisposable
{
    /// <summary>
    /// 256 names: a peer answers them in some milliseconds, with one sync. 1 MiB: far below what a frame carries, with
    /// the answers, which hold up to two records each.
    /// </summary>
    private static readonly BatchLimits Limits = new(MaxItems: 256, MaxBytes: 1 << 20);

    /// <summary>A queue for each step.</summary>
    private readonly ConcurrentDictionary<Type, BatchingQueue<RegisterRequest, RegisterAnswer>> queues = [];

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<RegisterAnswer>> AskAsync(
        IReadOnlyList<RegisterRequest> requests, CancellationToken cancellationToken)
    {
        if (requests is not [var one])
        {
            return await inner.AskAsync(requests, cancellationToken).ConfigureAwait(false);
        }

        BatchingQueue<RegisterRequest, RegisterAnswer> queue = queues.GetOrAdd(
            one.GetType(),
            static (_, store) => new BatchingQueue<RegisterRequest, RegisterAnswer>(
                store.AskAsync, Limits, Measure, request => request.Name),
            inner);
        return [await queue.AskAsync(one, cancellationToken).ConfigureAwait(false)];
    }

    /// <inheritdoc/>
    public ValueTask<RecordPage> ListAsync(ListRequest request, CancellationToken cancellationToken) =>
        inner.ListAsync(request, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (BatchingQueue<RegisterRequest, RegisterAnswer> queue in queues.Values)
        {
            await queue.DisposeAsync().ConfigureAwait(false);
        }
    }

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
