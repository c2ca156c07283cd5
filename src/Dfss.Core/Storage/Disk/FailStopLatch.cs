using Microsoft.Data.Sqlite;

namespace Dfss.Storage;

/// <summary>The fail-stop state of a store. After a failed commit of a database or sync of a folder, it is unknown what
/// is on the disk; the store then neither writes nor votes until it is opened again and has read what is there. Reads
/// continue: chunks are verified by their hashes.</summary>
internal sealed class FailStopLatch(string path, Action<string>? log)
{
    private readonly Action<string>? log = GuardedLog.Guard(log);
    private Exception? cause;

    /// <summary>The failure that set it; null while it is not set.</summary>
    public Exception? Cause => Volatile.Read(ref cause);

    /// <summary>Sets the latch. The first cause stays.</summary>
    public void Set(Exception exception)
    {
        if (Interlocked.CompareExchange(ref cause, exception, comparand: null) is null)
        {
            // A failure that is not the disk's is logged with its stack.
            string text = IsOfDisk(exception) ? exception.Message : exception.ToString().ReplaceLineEndings(" ");
            log?.Invoke($"The store at '{path}' takes no more writes and votes until the peer is restarted: {text}");
        }
    }

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
        $"The store at '{path}' takes no more writes and votes, as "
        + $"{(IsOfDisk(exception) ? "its disk failed" : "it met a fault")}: "
        + exception.Message,
        IsOfDisk(exception) ? "Check the disk, then restart the peer." : "Restart the peer; its log has the details.",
        exception);

    private static bool IsOfDisk(Exception exception) =>
        StoreErrors.IsOfMedium(exception) || exception is SqliteException;
}
