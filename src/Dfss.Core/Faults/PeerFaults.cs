namespace Dfss.Faults;

/// <summary>Whether a peer under test can be reached.</summary>
public enum PeerOutage
{
    /// <summary>It can.</summary>
    None,

    /// <summary>It neither answers nor closes a connection, like a machine that has lost its network.</summary>
    Dead,

    /// <summary>It breaks every connection at once, like a machine on which no peer runs.</summary>
    Refused,
}

/// <summary>The faults of a <see cref="FaultyPeer"/> at one moment.</summary>
public sealed record PeerFaults
{
    /// <summary>No fault.</summary>
    public static PeerFaults None { get; } = new();

    /// <summary>How long each request waits before the peer handles it. Requests wait beside each other.</summary>
    public TimeSpan Delay
    {
        get;
        init => field = value >= TimeSpan.Zero && value.TotalMilliseconds <= int.MaxValue
            ? value
            : throw new ArgumentOutOfRangeException(
                nameof(Delay), value, $"A delay is 0 to {int.MaxValue} milliseconds.");
    }

    /// <summary>Every so many requests, the peer breaks the connection in place of handling one: 1 for each request, 0
    /// for none.</summary>
    public int DropEvery
    {
        get;
        init => field = value >= 0
            ? value
            : throw new ArgumentOutOfRangeException(nameof(DropEvery), value, "A number of requests is 0 or more.");
    }

    /// <summary>
    /// The share of the stored chunks, 0 to 1, that read with one bit changed. The seed of the peer and the chunk's id
    /// decide which chunks and which bit, so it is the same ones each time. A check of the peer sets such a chunk
    /// aside: it is missing then.
    /// </summary>
    public double CorruptShare
    {
        get;
        init => field = value is >= 0 and <= 1
            ? value
            : throw new ArgumentOutOfRangeException(nameof(CorruptShare), value, "A share is 0 to 1.");
    }

    /// <summary>Whether new chunks are refused with <see cref="DfssErrorCode.StoreFull"/>.</summary>
    public bool IsFull { get; init; }

    /// <summary>Whether the peer can be reached.</summary>
    public PeerOutage Outage
    {
        get;
        init => field = Enum.IsDefined(value)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(Outage), value, "An outage is None, Dead or Refused.");
    }
}
