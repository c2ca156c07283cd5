using Dfss.Records;

namespace Dfss.Peers;

/// <summary>
/// The registers as clients may change them: no record is accepted or decided, and no home sealed, that breaks
/// <see cref="RecordRules"/>. A record that a name already has from before these rules is accepted again, so that a
/// client can remove or repair the file.
/// </summary>
internal sealed class CheckedRecordStore(IRecordStore records) : IRecordStore
{
    public ValueTask<IReadOnlyList<RegisterAnswer>> PrepareAsync(
        IReadOnlyList<PrepareRequest> requests, CancellationToken cancellationToken) =>
        records.PrepareAsync(requests, cancellationToken);

    public ValueTask<IReadOnlyList<RegisterAnswer>> ReadAsync(
        IReadOnlyList<ReadRequest> requests, CancellationToken cancellationToken) =>
        records.ReadAsync(requests, cancellationToken);

    public ValueTask<RecordPage> ListAsync(ListRequest request, CancellationToken cancellationToken) =>
        records.ListAsync(request, cancellationToken);

    public async ValueTask<IReadOnlyList<RegisterAnswer>> SealAsync(
        IReadOnlyList<SealRequest> requests, CancellationToken cancellationToken)
    {
        await CheckAsync(
            requests,
            (one, known) => RecordRules.FindProblem(one.Home, [.. known.SelectMany(RecordRules.HomesOf)]),
            cancellationToken).ConfigureAwait(false);
        return await records.SealAsync(requests, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<IReadOnlyList<RegisterAnswer>> AcceptAsync(
        IReadOnlyList<AcceptRequest> requests, CancellationToken cancellationToken)
    {
        await CheckAsync(
            requests, (one, known) => RecordRules.FindProblem(one.Record, known),
            cancellationToken).ConfigureAwait(false);
        return await records.AcceptAsync(requests, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<IReadOnlyList<RegisterAnswer>> DecideAsync(
        IReadOnlyList<DecideRequest> requests, CancellationToken cancellationToken)
    {
        await CheckAsync(
            requests, (one, known) => RecordRules.FindProblem(one.Record, known),
            cancellationToken).ConfigureAwait(false);
        return await records.DecideAsync(requests, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads the current record of a name only if the request alone breaks a rule.</summary>
    private async ValueTask CheckAsync<T>(
        IReadOnlyList<T> requests, Func<T, IReadOnlyList<FileRecord>, string?> findProblem,
        CancellationToken cancellationToken)
        where T : RegisterRequest
    {
        foreach (T request in requests.Where(one => findProblem(one, []) is not null))
        {
            RegisterAnswer state =
                (await records.ReadAsync([new ReadRequest(request.Name)], cancellationToken).ConfigureAwait(false))[0];
            FileRecord[] known =
                [.. new[] { state.Accepted, state.Decided }.OfType<BallotedRecord>().Select(one => one.Record)];
            if (findProblem(request, known) is { } problem)
            {
                throw new DfssException(
                    DfssErrorCode.InvalidArgument, $"The record of '{request.Name}' is refused: {problem}.",
                    "Name the peers by addresses at which others can reach them.");
            }
        }
    }
}
