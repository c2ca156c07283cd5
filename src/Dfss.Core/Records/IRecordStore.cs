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
/// peer at the other end of a connection. Every call takes a batch over distinct names and answers each by its index;
/// names are independent of each other. All calls are idempotent: a request without an answer may be sent again.
/// Promises, seals and accepts are on stable storage before the answer. Failures of the medium are
/// <see cref="DfssException"/>s (<see cref="DfssErrorCode.StoreFailed"/>); a ballot too far ahead, or a record that
/// does not fit its name, is <see cref="DfssErrorCode.InvalidArgument"/>.
/// </summary>
public interface IRecordStore
{
    /// <summary>
    /// Step 1 for each: refused below the promised ballot; else promises it and answers the accepted and the decided
    /// record.
    /// </summary>
    ValueTask<IReadOnlyList<RegisterAnswer>> PrepareAsync(
        IReadOnlyList<PrepareRequest> requests, CancellationToken cancellationToken);

    /// <summary>
    /// Step 3 for each: refused below the promised ballot. Else flushes the chunk store. Then it either answers which
    /// expected chunks are missing, and changes nothing; or it promises the ballot and protects the manifest and every
    /// chunk it lists from garbage collection until a decision at this ballot or above.
    /// </summary>
    ValueTask<IReadOnlyList<RegisterAnswer>> SealAsync(
        IReadOnlyList<SealRequest> requests, CancellationToken cancellationToken);

    /// <summary>Step 4 for each: refused below the promised ballot; else promises it and accepts the record.</summary>
    ValueTask<IReadOnlyList<RegisterAnswer>> AcceptAsync(
        IReadOnlyList<AcceptRequest> requests, CancellationToken cancellationToken);

    /// <summary>
    /// Step 5 for each: raises the decided record, and drops the name's seals at or below the ballot. Never refused.
    /// </summary>
    ValueTask<IReadOnlyList<RegisterAnswer>> DecideAsync(
        IReadOnlyList<DecideRequest> requests, CancellationToken cancellationToken);

    /// <summary>
    /// The state of each name's register. An unknown name has nothing promised, accepted or decided.
    /// </summary>
    ValueTask<IReadOnlyList<RegisterAnswer>> ReadAsync(
        IReadOnlyList<ReadRequest> requests, CancellationToken cancellationToken);

    /// <summary>The decided records by name, a page at a time.</summary>
    ValueTask<RecordPage> ListAsync(ListRequest request, CancellationToken cancellationToken);
}
