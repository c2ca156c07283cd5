using Dfss.Protocol;

namespace Dfss.Transfer;

/// <summary>
/// The state of a peer's scrub: it re-reads everything stored, in rounds, to find corrupt chunks.
/// </summary>
public sealed record ScrubInfo
{
    /// <summary>Bytes a second at the most; 0 where it is turned off.</summary>
    public required long BytesPerSecond { get; init; }

    /// <summary>Whether a round is going on; between rounds it rests.</summary>
    public required bool IsRunning { get; init; }

    /// <summary>Chunks checked in the round at hand, or in the last one.</summary>
    public required long Chunks { get; init; }

    /// <summary>Bytes checked in the round at hand, or in the last one.</summary>
    public required long Bytes { get; init; }

    /// <summary>Bad chunks that it has found in all.</summary>
    public required long CorruptChunks { get; init; }

    /// <summary>When the last round ended; null before the first has.</summary>
    public DateTimeOffset? LastCompleted { get; init; }

    /// <summary>Reads the map of peer_info.</summary>
    /// <exception cref="DfssException">
    /// InvalidArgument: a key is missing, of the wrong kind or out of range.
    /// </exception>
    internal static ScrubInfo FromMap(MessageMap map) => new()
    {
        BytesPerSecond = map.Required("rate").AsInteger(),
        IsRunning = map.Required("running").AsBoolean(),
        Chunks = map.Required("chunks").AsInteger(),
        Bytes = map.Required("bytes").AsInteger(),
        CorruptChunks = map.Required("corrupt").AsInteger(),
        LastCompleted = map.TryGet("completed", out MessageValue completed) ? Handshake.ToTime(completed) : null,
    };
}
