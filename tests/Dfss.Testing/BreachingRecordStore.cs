using Dfss.Records;

namespace Dfss.Testing;

/// <summary>
/// Registers that break a rule, to see that a test notices: with <c>Promises</c>, prepares are answered and their
/// promises not kept; with <c>Seals</c>, seals are answered as done, and nothing is kept for them.
/// </summary>
internal sealed class BreachingRecordStore(IRecordStore inner, string breach) : IRecordStore
{
    public ValueTask<IReadOnlyList<RegisterAnswer>> AskAsync(
        IReadOnlyList<RegisterRequest> requests, CancellationToken cancellationToken) =>
        inner.AskAsync([.. requests.Select(Break)], cancellationToken);

    public ValueTask<RecordPage> ListAsync(ListRequest request, CancellationToken cancellationToken) =>
        inner.ListAsync(request, cancellationToken);

    private RegisterRequest Break(RegisterRequest request) => (breach, request) switch
    {
        ("Promises", PrepareRequest) => new ReadRequest(request.Name),
        ("Seals", SealRequest seal) => new PrepareRequest(seal.Name, seal.Ballot),
        _ => request,
    };
}
