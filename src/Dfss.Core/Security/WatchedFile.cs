using Dfss.Storage;

namespace Dfss.Security;

/// <summary>
/// A file that other processes may replace while it is in use. It is read again when its time or length has changed.
/// While the new content cannot be used, the content read before stays in force. The failure is logged once until the
/// file can be used again or fails in another way. Safe for concurrent use.
/// </summary>
/// <typeparam name="T">The parsed content.</typeparam>
/// <param name="path">The file's path.</param>
/// <param name="what">The kind of file, for messages.</param>
/// <param name="read">Parses the bytes, given the content in force: null at first. Throws FormatException for invalid
/// bytes.</param>
/// <param name="log">Receives the failures that occur while the file is in use.</param>
/// <param name="initial">The content in force before the file is first read; null where there is none.</param>
internal sealed class WatchedFile<T>(
    string path, string what, Func<byte[], T?, T> read, Action<string>? log, T? initial = null)
    where T : class
{
    /// <summary>16 MiB: some 400,000 revoked certificates.</summary>
    private const long MaxBytes = 16L << 20;

    private readonly Lock gate = new();
    private (DateTime Written, long Length) stamp;
    private T? content = initial;
    private bool isRead;
    private string? logged;

    /// <summary>The content in force: as it was when the file could last be read.</summary>
    /// <exception cref="DfssException">InvalidArgument: the file has never been read, and cannot be.</exception>
    public T Current
    {
        get
        {
            lock (gate)
            {
                FileInfo file = new(path);
                (DateTime, long) now = file.Exists ? (FileAge.WrittenAt(file), file.Length) : default;
                if (content is null || now != stamp)
                {
                    Read(file, now);
                }

                return content!;
            }
        }
    }

    private void Read(FileInfo file, (DateTime, long) now)
    {
        try
        {
            content = file.Exists && file.Length > MaxBytes
                ? throw new FormatException($"it is over {MaxBytes} bytes long")
                : read(PrivateFile.ReadBytes(path), content);
            stamp = now;
            isRead = true;
            logged = null;
        }
        catch (Exception error) when (error is FormatException or IOException or UnauthorizedAccessException)
        {
            string reason = $"The {what} '{path}' cannot be used: {error.Message.TrimEnd('.')}.";
            if (content is null)
            {
                throw new DfssException(DfssErrorCode.InvalidArgument, reason, error);
            }

            // Invalid content is not parsed again until the file changes. A file that cannot be read now is read at the
            // next use.
            if (error is FormatException)
            {
                stamp = now;
            }

            LogOnce(isRead ? $"{reason} Its earlier content stays in force." : reason);
        }
    }

    private void LogOnce(string line)
    {
        if (line != logged)
        {
            logged = line;
            log?.Invoke(line);
        }
    }
}
