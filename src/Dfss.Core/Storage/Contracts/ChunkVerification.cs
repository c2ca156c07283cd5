using Dfss.Hashing;

namespace Dfss.Storage;

/// <summary>The check at the entrance of every store.</summary>
internal static class ChunkVerification
{
    /// <summary>Refuses content that is too long or does not hash to the chunk id.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.LimitExceeded"/>, <see
    /// cref="DfssErrorCode.ChunkCorrupt"/>.</exception>
    public static async ValueTask ThrowIfNotAsync(ChunkId id, ReadOnlyMemory<byte> content)
    {
        if (content.Length > DfssLimits.MaxPayloadBytes)
        {
            throw new DfssException(
                DfssErrorCode.LimitExceeded,
                $"A chunk has at most {DfssLimits.MaxPayloadBytes} bytes; this one has {content.Length}.",
                "Use a smaller -ChunkSize.");
        }

        if (await ChunkHasher.Shared.HashAsync(content).ConfigureAwait(false) != id)
        {
            throw new DfssException(
                DfssErrorCode.ChunkCorrupt,
                $"These {content.Length} bytes are not chunk {id}: their SHA-256 is another.", "Send it again.")
            { ChunkId = id };
        }
    }
}
