namespace Dfss.Security;

/// <summary>
/// A file that others may replace while it is in use: read again when its time or length has changed. What cannot be
/// read then changes nothing, and is said once. Safe for concurrent use.
/// </summary>
/// <typeparam name="T">What is in it.</typeparam>
/// <param name="path">Where it is.</param>
/// <param name="what">What it is, for messages.</param>
/// <param name="read">Reads it, given what held before: null at first. Throws FormatException where it is none.</param>
/// <param name="log">Told what goes wrong while it is in use.</param>
internal sealed class WatchedFile<T>(string path, string what, Func<byte[], T?, T> read, Action<string>? log)
    where T : class
{
    /// <summary>16 MiB: some 400,000 revoked certificates.</summary>
    private const long MaxBytes = 16L << 20;

    private readonly Lock gate = new();
    private (DateTime Written, long Length) stamp;
    private T? content;

    /// <summary>What is in it now, or was when it could last be read.</summary>
    /// <exception cref="DfssException">InvalidArgument: it has never been read, and cannot be.</exception>
    public T Current
    {
        get
        {
            lock (gate)
            {
                FileInfo file = new(path);
                (DateTime, long) now = file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
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
        }
        catch (Exception error) when (error is FormatException or IOException or UnauthorizedAccessException)
        {
            string reason = $"The {what} '{path}' cannot be used: {error.Message.TrimEnd('.')}.";
            if (content is null)
            {
                throw new DfssException(DfssErrorCode.InvalidArgument, reason, error);
            }

            // What is no such file stays none until it changes; what could not be read now is read when it is next asked for.
            if (error is FormatException)
            {
                stamp = now;
            }

            log?.Invoke($"{reason} What it said before holds.");
        }
    }
}
