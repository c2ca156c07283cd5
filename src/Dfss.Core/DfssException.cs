namespace Dfss;

/// <summary>
/// The one exception of DFSS for expected failures. Its code says what failed; its message says where and what to do.
/// </summary>
public sealed class DfssException : Exception
{
    /// <summary>Makes an exception.</summary>
    /// <param name="code">What failed.</param>
    /// <param name="message">What, where (peer, file, chunk) and what to do, in full sentences.</param>
    /// <param name="innerException">The cause, where another exception told it.</param>
    public DfssException(DfssErrorCode code, string message, Exception? innerException = null)
        : base(message, innerException) => Code = code;

    /// <summary>What failed.</summary>
    public DfssErrorCode Code { get; }

    /// <summary>Whether the same call may succeed when it is made again, with nothing changed by the caller.</summary>
    public bool IsTransient => Code is DfssErrorCode.PeerUnreachable or DfssErrorCode.TimedOut or DfssErrorCode.PeerBusy
        or DfssErrorCode.CommitUncertain or DfssErrorCode.NoMajority or DfssErrorCode.PeerFault;
}
