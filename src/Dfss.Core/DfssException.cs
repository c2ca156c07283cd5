using System.Runtime.ExceptionServices;

namespace Dfss;

/// <summary>
/// The one exception of DFSS for expected failures. Its code says what failed; its message says what, where and, where
/// this case has an advice of its own, what to do.
/// </summary>
public sealed class DfssException : Exception
{
    /// <summary>Makes an exception whose code alone says what to do.</summary>
    /// <param name="code">What failed.</param>
    /// <param name="reason">What and where (peer, file, chunk), in full sentences.</param>
    /// <param name="innerException">The cause, where another exception told it.</param>
    public DfssException(DfssErrorCode code, string reason, Exception? innerException = null)
        : this(code, reason, advice: null, innerException)
    {
    }

    /// <summary>Makes an exception that says what to do.</summary>
    /// <param name="code">What failed.</param>
    /// <param name="reason">What and where (peer, file, chunk), in full sentences.</param>
    /// <param name="advice">What to do in this case, in full sentences; null where only the code says.</param>
    /// <param name="innerException">The cause, where another exception told it.</param>
    public DfssException(DfssErrorCode code, string reason, string? advice, Exception? innerException = null)
        : base(advice is null ? reason : $"{reason} {advice}", innerException)
    {
        Code = code;
        Reason = reason;
        Advice = advice;
    }

    /// <summary>What failed.</summary>
    public DfssErrorCode Code { get; }

    /// <summary>What failed and where: the message without the advice.</summary>
    public string Reason { get; }

    /// <summary>What to do in this case; null where only the code says.</summary>
    public string? Advice { get; }

    /// <summary>The chunk concerned; null where it is about none, or none is known.</summary>
    public ChunkId? ChunkId { get; init; }

    /// <summary>Whether the same call may succeed when it is made again, with nothing changed by the caller.</summary>
    public bool IsTransient => Code is DfssErrorCode.PeerUnreachable or DfssErrorCode.TimedOut or DfssErrorCode.PeerBusy
        or DfssErrorCode.CommitUncertain or DfssErrorCode.NoMajority or DfssErrorCode.PeerFault
        or DfssErrorCode.TooFewReplicas or DfssErrorCode.IssuerUnreachable or DfssErrorCode.RevocationStatusUnknown;

    /// <summary>
    /// The same failure once more, for another caller or with more said: an exception that was thrown is told to
    /// nobody else. Its cause and stack trace go with it.
    /// </summary>
    /// <param name="reason">What and where, where more is known now.</param>
    /// <param name="advice">What to do, where more is known now.</param>
    public DfssException Retold(string? reason = null, string? advice = null)
    {
        DfssException copy = new(Code, reason ?? Reason, advice ?? Advice, InnerException) { ChunkId = ChunkId };
        if (StackTrace is { } trace)
        {
            ExceptionDispatchInfo.SetRemoteStackTrace(copy, trace);
        }

        return copy;
    }
}
