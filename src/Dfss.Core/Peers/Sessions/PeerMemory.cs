using Dfss.Transport;

namespace Dfss.Peers;

/// <summary>
/// What a peer spends on all its clients together, and the shares of it that each identity gets: memory for what they
/// send and for what they are answered, and requests that are worked on. One with many connections gets no more of it
/// than one with one.
/// </summary>
internal sealed class PeerMemory
{
    /// <summary>
    /// 16 MiB, kept for requests of at most 64 KiB: one on each connection, however much bulk is under way.
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

    /// <summary>What is held at this moment, of memory and of the budgets; 0 when nothing is under way.</summary>
    public long HeldBytes =>
        Pool.RentedBytes + headers.Held + smallRequests.Held + bulkRequests.Held + answers.Held + work.Held;

    /// <summary>The shares of an identity that has come.</summary>
    public IdentityShare Open() => new(
        new ReceiveShare(headers.Open(), smallRequests.Open(), bulkRequests.Open()), answers.Open(), work.Open());
}

/// <summary>What the connections of one identity have of a peer, all together.</summary>
/// <param name="Requests">What they have sent.</param>
/// <param name="Answers">What they are answered.</param>
/// <param name="Work">The requests that are worked on, by <see cref="RequestWeight"/>.</param>
internal sealed record IdentityShare(ReceiveShare Requests, FairBudget.Share Answers, FairBudget.Share Work);
