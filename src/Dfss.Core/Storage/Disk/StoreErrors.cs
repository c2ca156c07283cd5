using Microsoft.Data.Sqlite;

namespace Dfss.Storage;

/// <summary>The errors for failures of the medium.</summary>
internal static class StoreErrors
{
    /// <summary>
    /// Whether the system refused or failed a read or write; .NET has a separate type for EACCES and EPERM.
    /// </summary>
    public static bool IsOfMedium(Exception exception) => exception is IOException or UnauthorizedAccessException;

    /// <summary>
    /// Whether a read failed because the medium has lost the data permanently.
    /// </summary>
    public static bool IsCorrupt(Exception? exception) => exception switch
    {
        IOException io => DurableFile.IsCorrupt(io),
        // SQLITE_IOERR, SQLITE_CORRUPT.
        SqliteException sqlite => sqlite.SqliteErrorCode is 10 or 11,
        _ => false,
    };

    /// <summary>The caller's error for a failed read or write of the store at <paramref name="path"/>.</summary>
    public static DfssException From(Exception exception, string path) =>
        exception is IOException io && DurableFile.IsOutOfSpace(io)
            ? Full(path, exception)
            : Failed(path, exception);

    /// <summary>The disk is full.</summary>
    public static DfssException Full(string path, Exception? exception) => new(
        DfssErrorCode.StoreFull,
        $"The store at '{path}' is full: {FreeSpace.Of(path).Describe()}",
        "Free some space there, or send to another peer.",
        exception);

    /// <summary>The error for a fault of the store itself: an unexpected exception.</summary>
    public static DfssException Fault(string path, Exception exception) => new(
        DfssErrorCode.StoreFailed,
        $"The store at '{path}' met a fault: {exception.Message} Nothing of this was acknowledged.",
        "Restart the peer; its log has the details.",
        exception);

    /// <summary>The disk failed.</summary>
    public static DfssException Failed(string path, Exception? exception) => new(
        DfssErrorCode.StoreFailed,
        $"The disk of the store at '{path}' failed: {exception?.Message} Nothing of this was acknowledged.",
        "Check the disk, then send again.",
        exception);

    /// <summary>
    /// Examines a folder of the store; reports a refusal of the system as a failure of the medium.
    /// </summary>
    public static T Guarded<T>(string path, Func<T> look)
    {
        try
        {
            return look();
        }
        catch (Exception exception) when (IsOfMedium(exception))
        {
            throw From(exception, path);
        }
    }

    /// <summary>Refuses a destination that a chunk does not fit into.</summary>
    public static void ThrowIfTooShort(long lengthBytes, Memory<byte> destination)
    {
        if (lengthBytes > destination.Length)
        {
            throw new DfssException(
                DfssErrorCode.LimitExceeded,
                $"The chunk has {lengthBytes} bytes; there is room for {destination.Length}.");
        }
    }
}
