using Dfss.Encryption;

namespace Dfss.Transfer;

/// <summary>How a stored file is opened as a stream.</summary>
public sealed record OpenOptions
{
    /// <summary>The options that hold when none are given.</summary>
    public static OpenOptions Default { get; } = new();

    /// <summary>
    /// The keys to read an encrypted file with; null for a file that is not encrypted. With keys, a file that is not
    /// encrypted is refused: any writer could have replaced it.
    /// </summary>
    public KeyRing? Keys { get; init; }

    /// <summary>Whether the client ends, with its connections, when the stream is disposed.</summary>
    public bool DisposesClient { get; init; }
}
