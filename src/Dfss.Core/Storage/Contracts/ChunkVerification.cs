namespace Dfss.Storage;

/// <summary>The check at the entrance of every store.</summary>
internal static class ChunkVerification
{
    /// <summary>Refuses what is too long or is not the chunk it is said to be.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.LimitExceeded"/>, <see
    /// cref="DfssErrorCode.ChunkCorrupt"/>.</exception>
    public static void ThrowIfNot(ChunkId id, ReadOnlySpan<byte> content)
    {
        if (content.Length > DfssLimits.MaxPayloadBytes)
        {
            throw new DfssException(
                DfssErrorCode.LimitExceeded,
                $"A chunk has at most {DfssLimits.MaxPayloadBytes} bytes; this one has {content.Length}.",
                "Use a smaller -ChunkSize.");
        }

        if (ChunkId.Of(content) != id)
        {
            throw new DfssException(
                DfssErrorCode.ChunkCorrupt,
                $"These {content.Length} bytes are not chunk {id}: their SHA-256 is another.", "Send it again.")
            { ChunkId = id };
        }
    }
}
