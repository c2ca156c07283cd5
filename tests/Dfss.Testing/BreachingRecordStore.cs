using Dfss.Records;

namespace Dfss.Testing;

/// <summary>
/// Registers that break a rule, to see that a test notices: with <c>Promises</c>, prepares are answered and their
/// promises not kept; with <c>Seals</c>, seals are answered as done, and nothing is kept for them.
/// </summary>
internal sealed class BreachingRecordStore(IRecordStore inner, string breach) : IRecordStore
{
    public async ValueTask<IReadOnlyList<RegisterAnswer>> PrepareAsync(
        IReadOnlyList<PrepareRequest> requests, CancellationToken cancellationToken) =>
        breach == "Promises"
            ? [.. await ReadAsync([.. requests.Select(request => new ReadRequest(request.Name))], cancellationToken)]
            : await inner.PrepareAsync(requests, cancellationToken);

    public async ValueTask<IReadOnlyList<RegisterAnswer>> SealAsync(
        IReadOnlyList<SealRequest> requests, CancellationToken cancellationToken) =>
        breach == "Seals"
            ? await inner.PrepareAsync(
                [.. requests.Select(request => new PrepareRequest(request.Name, request.Ballot))], cancellationToken)
            : await inner.SealAsync(requests, cancellationToken);

    public ValueTask<IReadOnlyList<RegisterAnswer>> AcceptAsync(
        IReadOnlyList<AcceptRequest> requests, CancellationToken cancellationToken) =>
        inner.AcceptAsync(requests, cancellationToken);

    public ValueTask<IReadOnlyList<RegisterAnswer>> DecideAsync(
        IReadOnlyList<DecideRequest> requests, CancellationToken cancellationToken) =>
        inner.DecideAsync(requests, cancellationToken);

    public ValueTask<IReadOnlyList<RegisterAnswer>> ReadAsync(
        IReadOnlyList<ReadRequest> requests, CancellationToken cancellationToken) =>
        inner.ReadAsync(requests, cancellationToken);

    public ValueTask<RecordPage> ListAsync(ListRequest request, CancellationToken cancellationToken) =>
        inner.ListAsync(request, cancellationToken);
}
