using Dfss.Transport;

namespace Dfss.Peers;

/// <summary>
/// The memory and work that a peer spends on all its clients together, and the shares of each identity: memory for
/// requests and for answers, and requests that are worked on. An identity with many connections gets no more than one
/// with a single connection.
/// </summary>
internal sealed class PeerMemory
{
    /// <summary>
    /// 16 MiB, reserved for requests of at most 64 KiB: one on each connection, independent of bulk requests.
    /// </summary>
    private const long SmallRequestBytes = DfssLimits.MaxConnections * (long)PayloadPool.SmallBytes;

    /// <summary>
    /// 32 MiB, two payloads of the largest size, that requests leave to answers, and answers to requests.
    /// </summary>
    private const long ReservedBytes = 2L * DfssLimits.MaxPayloadBytes;

    private const long BulkBytes = DfssLimits.PayloadBudgetBytes - SmallRequestBytes - ReservedBytes;

    /// <summary>32 MiB: the decoded headers of six requests of the longest header, or of forty full batches.</summary>
    private const long HeaderBytes = 32L << 20;

    private readonly FairBudget headers = new(HeaderBytes);
    private readonly FairBudget smallRequests = new(SmallRequestBytes);
    private readonly FairBudget bulkRequests = new(BulkBytes);
    private readonly FairBudget answers = new(BulkBytes);
    private readonly FairBudget work = new(RequestWeight.Limit);

    /// <summary>Where the payloads are.</summary>
    public PayloadPool Pool { get; } = new(DfssLimits.PayloadBudgetBytes - SmallRequestBytes, SmallRequestBytes);

    /// <summary>The memory and budgets that are held at this moment; 0 when nothing is under way.</summary>
    public long HeldBytes =>
        Pool.RentedBytes + headers.Held + smallRequests.Held + bulkRequests.Held + answers.Held + work.Held;

    /// <summary>The shares of a new identity.</summary>
    public IdentityShare Open() => new(
        new ReceiveShare(headers.Open(), smallRequests.Open(), bulkRequests.Open()), answers.Open(), work.Open());
}

/// <summary>The shares of all connections of one identity in a peer.</summary>
/// <param name="Requests">The memory of their requests.</param>
/// <param name="Answers">The memory of their answers.</param>
/// <param name="Work">The requests that are worked on, by <see cref="RequestWeight"/>.</param>
internal sealed record IdentityShare(ReceiveShare Requests, FairBudget.Share Answers, FairBudget.Share Work);
