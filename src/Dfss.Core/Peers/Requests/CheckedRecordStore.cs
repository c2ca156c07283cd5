using Dfss.Records;

namespace Dfss.Peers;

/// <summary>
/// The registers as clients may change them: no record is accepted or decided, and no home sealed, that breaks
/// <see cref="RecordRules"/>. A record that a name already has from before these rules is accepted again, so that a
/// client can remove or repair the file.
/// </summary>
internal sealed class CheckedRecordStore(IRecordStore records) : IRecordStore
{
    public async ValueTask<IReadOnlyList<RegisterAnswer>> AskAsync(
        IReadOnlyList<RegisterRequest> requests, CancellationToken cancellationToken)
    {
        foreach (RegisterRequest request in requests)
        {
            await CheckAsync(request, cancellationToken).ConfigureAwait(false);
        }

        return await records.AskAsync(requests, cancellationToken).ConfigureAwait(false);
    }

    public ValueTask<RecordPage> ListAsync(ListRequest request, CancellationToken cancellationToken) =>
        records.ListAsync(request, cancellationToken);

    /// <summary>What of a request breaks a rule, beside the records that the name has; null for nothing.</summary>
    private static string? FindProblem(RegisterRequest request, IReadOnlyList<FileRecord> known) => request switch
    {
        SealRequest seal => RecordRules.FindProblem(seal.Home, [.. known.SelectMany(RecordRules.HomesOf)]),
        AcceptRequest accept => RecordRules.FindProblem(accept.Record, known),
        DecideRequest decide => RecordRules.FindProblem(decide.Record, known),
        _ => null,
    };

    /// <summary>Reads the current record of a name only if the request alone breaks a rule.</summary>
    private async ValueTask CheckAsync(RegisterRequest request, CancellationToken cancellationToken)
    {
        if (FindProblem(request, []) is null)
        {
            return;
        }

        RegisterAnswer state =
            (await records.AskAsync([new ReadRequest(request.Name)], cancellationToken).ConfigureAwait(false))[0];
        FileRecord[] known =
            [.. new[] { state.Accepted, state.Decided }.OfType<BallotedRecord>().Select(one => one.Record)];
        if (FindProblem(request, known) is { } problem)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument, $"The record of '{request.Name}' is refused: {problem}.",
                "Name the peers by addresses at which others can reach them.");
        }
    }
}
