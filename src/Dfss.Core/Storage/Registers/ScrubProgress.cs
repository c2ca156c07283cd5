namespace Dfss.Storage;

/// <summary>How far the scrub of a store has come.</summary>
internal sealed record ScrubProgress
{
    /// <summary>The chunk checked last in the round at hand; null between rounds.</summary>
    public ChunkId? Position { get; init; }

    /// <summary>Chunks checked in the round at hand, or in the last one.</summary>
    public long Chunks { get; init; }

    /// <summary>Their bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>Bad chunks found since the store was made.</summary>
    public long Corrupt { get; init; }

    /// <summary>When the last round ended, in milliseconds of Unix time; null before the first has.</summary>
    public long? Completed { get; init; }
}
