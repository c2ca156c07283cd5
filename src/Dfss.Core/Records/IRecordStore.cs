namespace Dfss.Records;

/// <summary>What to list.</summary>
/// <param name="After">
/// The last name of the page before (names are in ordinal order of their UTF-8 bytes); null for the first page.
/// </param>
/// <param name="Limit">The largest number of results, 1-1000.</param>
/// <param name="Prefix">The prefix of the names to list; empty for all.</param>
public sealed record ListRequest(string? After, int Limit, string Prefix = "");

/// <summary>
/// One page of a list: decided records by ascending name, tombstones included, and whether more follow.
/// </summary>
public sealed record RecordPage(IReadOnlyList<BallotedRecord> Records, bool HasMore)
{
    /// <summary>
    /// For each record, whether its register has no vote: see <see cref="RegisterStatus.NoVote"/>. Empty: the peer does
    /// not report it.
    /// </summary>
    public IReadOnlyList<bool> Doubted { get; init; } = [];

    /// <summary>The store's own clock; null if it sends none.</summary>
    public StoreClock? Clock { get; init; }

    /// <summary>The latest clocks of other stores that it has recorded.</summary>
    public IReadOnlyList<StoreClock> Known { get; init; } = [];

    /// <summary>
    /// Whether the client may not see some of the names that begin with the prefix; they are not listed.
    /// </summary>
    public bool IsLimited { get; init; }

    /// <summary>The records of the page that cannot be read, by ascending name.</summary>
    public IReadOnlyList<UnreadableRecord> Unreadable { get; init; } = [];
}

/// <summary>A record in a list that cannot be read.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Reason">Why it cannot be read, in full sentences.</param>
public sealed record UnreadableRecord(string Name, string Reason);

/// <summary>
/// The registers of one member: one per name, changed only by the five steps of CASPaxos. In memory, on a disk, or at a
/// peer at the other end of a connection.
/// </summary>
public interface IRecordStore
{
    /// <summary>
    /// Takes one step for each name: the step that the requests' type says (<see cref="PrepareRequest"/>,
    /// <see cref="SealRequest"/>, <see cref="AcceptRequest"/>, <see cref="DecideRequest"/>, <see cref="ReadRequest"/>).
    /// Idempotent: a request without an answer may be sent again. Promises, seals, accepted and decided records are on
    /// stable storage before the answer.
    /// </summary>
    /// <param name="requests">Requests of one type, over distinct names; names are independent of each other.</param>
    /// <param name="cancellationToken">Cancels the operation; a step may have been taken all the same.</param>
    /// <returns>The answers, by the index of their requests.</returns>
    /// <exception cref="DfssException">StoreFailed: the medium failed. InvalidArgument: a ballot is too far ahead, or a
    /// record does not fit its name.</exception>
    ValueTask<IReadOnlyList<RegisterAnswer>> AskAsync(
        IReadOnlyList<RegisterRequest> requests, CancellationToken cancellationToken);

    /// <summary>The decided records by name, a page at a time.</summary>
    ValueTask<RecordPage> ListAsync(ListRequest request, CancellationToken cancellationToken);
}
