namespace Dfss.Storage;

/// <summary>
/// The fuse of a store. When a database's commit or a folder's sync has failed, nobody can tell any more what is on the
/// disk; then the store
/// neither writes nor votes until it is opened again and has read back what is there. Reads go on: chunks carry their
/// own proof.
/// </summary>
internal sealed class FailStopLatch(string path)
{
    private Exception? cause;

    /// <summary>What blew it; null while whole.</summary>
    public Exception? Cause => Volatile.Read(ref cause);

    /// <summary>Blows the fuse. The first cause stays.</summary>
    public void Set(Exception exception) => Interlocked.CompareExchange(ref cause, exception, comparand: null);

    /// <summary>Lets a write or a vote pass, or refuses it.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFailed"/>.</exception>
    public void ThrowIfSet()
    {
        if (Cause is { } exception)
        {
            throw Refusal(exception);
        }
    }

    /// <summary>The refusal of a write or a vote.</summary>
    public DfssException Refusal(Exception exception) => new(
        DfssErrorCode.StoreFailed,
        $"The store at '{path}' takes no more writes and votes, as its disk failed: {exception.Message}",
        "Check the disk, then restart the peer.",
        exception);
}
