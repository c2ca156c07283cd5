using System.Runtime.ExceptionServices;

namespace Dfss;

/// <summary>
/// The exception of DFSS for all expected failures. Its code says what failed. Its message says what failed, where and,
/// if this case has its own advice, what to do.
/// </summary>
public sealed class DfssException : Exception
{
    /// <summary>Makes an exception without its own advice: the code alone says what to do.</summary>
    /// <param name="code">What failed.</param>
    /// <param name="reason">What failed and where (peer, file, chunk), in full sentences.</param>
    /// <param name="innerException">The exception that caused the failure, if any.</param>
    public DfssException(DfssErrorCode code, string reason, Exception? innerException = null)
        : this(code, reason, advice: null, innerException)
    {
    }

    /// <summary>Makes an exception with its own advice.</summary>
    /// <param name="code">What failed.</param>
    /// <param name="reason">What failed and where (peer, file, chunk), in full sentences.</param>
    /// <param name="advice">What to do in this case, in full sentences; null if the code alone says it.</param>
    /// <param name="innerException">The exception that caused the failure, if any.</param>
    public DfssException(DfssErrorCode code, string reason, string? advice, Exception? innerException = null)
        : base(advice is null ? reason : $"{reason} {advice}", innerException)
    {
        Code = code;
        Reason = reason;
        Advice = advice;
        Detail = reason;
    }

    /// <summary>Makes an exception about a peer: its reason begins with the peer's address.</summary>
    internal DfssException(DfssErrorCode code, PeerAddress peer, string detail, Exception? innerException = null)
        : this(code, peer, detail, advice: null, innerException)
    {
    }

    /// <summary>The same, with its own advice.</summary>
    internal DfssException(
        DfssErrorCode code, PeerAddress peer, string detail, string? advice, Exception? innerException = null)
        : this(code, $"{peer}: {detail}", advice, innerException)
    {
        Peer = peer;
        Detail = detail;
    }

    /// <summary>What failed.</summary>
    public DfssErrorCode Code { get; }

    /// <summary>What failed and where: the message without the advice.</summary>
    public string Reason { get; }

    /// <summary>What to do in this case; null if the code alone says it.</summary>
    public string? Advice { get; }

    /// <summary>
    /// The address of the peer that failed, or that could not be reached; null for a failure of no peer, or of several.
    /// The reason names it.
    /// </summary>
    public PeerAddress? Peer { get; private init; }

    /// <summary>The reason without the peer's address, for a sentence that names the peer already.</summary>
    internal string Detail { get; private init; }

    /// <summary>The chunk that the failure is about; null if it is about no chunk, or the chunk is unknown.</summary>
    public ChunkId? ChunkId { get; init; }

    /// <summary>
    /// For <see cref="DfssErrorCode.FileNotFound"/>: stored names that differ from the missing one by their case or by
    /// one letter; the reason names them too. Empty where none is known.
    /// </summary>
    public IReadOnlyList<string> NearNames { get; init; } = [];

    /// <summary>Whether the peers failed that a stored file was copied to, not those that have it.</summary>
    public bool IsOfDestination { get; init; }

    /// <summary>Whether the same call may succeed when the caller repeats it without changing anything.</summary>
    public bool IsTransient => Code is DfssErrorCode.PeerUnreachable or DfssErrorCode.TimedOut or DfssErrorCode.PeerBusy
        or DfssErrorCode.CommitUncertain or DfssErrorCode.NoMajority or DfssErrorCode.PeerFault
        or DfssErrorCode.TooFewReplicas or DfssErrorCode.IssuerUnreachable or DfssErrorCode.RevocationStatusUnknown;

    /// <summary>Whether another attempt fails too until the user changes something, whatever the code says.</summary>
    internal bool IsLasting { get; init; }

    /// <summary>Whether the peer was lost: nothing was refused.</summary>
    internal bool IsOfLostPeer => Code is DfssErrorCode.PeerUnreachable or DfssErrorCode.TimedOut;

    /// <summary>
    /// A copy of the failure, for another caller or with more detail: an exception object is thrown to one caller only.
    /// The copy has the same cause and stack trace.
    /// </summary>
    /// <param name="reason">What failed and where, if more is known now; null to keep it.</param>
    /// <param name="advice">What to do, if more is known now; null to keep it.</param>
    /// <param name="nearNames">Names that are near the missing one, if they are known now; null to keep them.</param>
    public DfssException Copy(
        string? reason = null, string? advice = null, IReadOnlyList<string>? nearNames = null)
    {
        return Traced(new(Code, reason ?? Reason, advice ?? Advice, InnerException)
        {
            ChunkId = ChunkId,
            NearNames = nearNames ?? NearNames,
            Peer = Peer,
            Detail = reason ?? Detail,
            IsLasting = IsLasting,
            IsOfDestination = IsOfDestination,
        });
    }

    /// <summary>A copy of the failure, as one of the peers that a stored file was copied to.</summary>
    internal DfssException AtDestination() => Traced(new(Code, Reason, Advice, InnerException)
    {
        ChunkId = ChunkId,
        NearNames = NearNames,
        Peer = Peer,
        Detail = Detail,
        IsLasting = IsLasting,
        IsOfDestination = true,
    });

    /// <summary>
    /// A copy of the failure that says at which peer it occurred; where it says so already, only a copy.
    /// </summary>
    internal DfssException At(PeerAddress peer) =>
        Peer is not null
            ? Copy()
            : Traced(new(Code, peer, Reason, Advice, InnerException) { ChunkId = ChunkId, IsLasting = IsLasting });

    private DfssException Traced(DfssException copy)
    {
        if (StackTrace is { } trace)
        {
            ExceptionDispatchInfo.SetRemoteStackTrace(copy, trace);
        }

        return copy;
    }
}
