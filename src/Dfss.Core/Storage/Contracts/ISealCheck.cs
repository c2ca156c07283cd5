using Dfss.Records;

namespace Dfss.Storage;

/// <summary>What a member lacks of a file that it is to seal.</summary>
/// <param name="Chunks">Which of the expected chunks; empty where the manifest is missing.</param>
/// <param name="IsManifestMissing">Whether the manifest is.</param>
internal readonly record struct MissingChunks(ChunkBitmap Chunks, bool IsManifestMissing)
{
    /// <summary>The manifest is missing, so what else is, is unknown.</summary>
    public static MissingChunks Manifest { get; } = new(default, IsManifestMissing: true);

    /// <summary>Chunks of a file are missing.</summary>
    public static MissingChunks Of(FileManifest manifest, Func<int, bool> isMissing) =>
        new(ChunkBitmap.Create(manifest.ChunkCount, isMissing), IsManifestMissing: false);
}

/// <summary>Finds out whether a store has the chunks that a seal is to protect.</summary>
internal interface ISealCheck
{
    /// <summary>Begins to look, for one batch of seals.</summary>
    ValueTask<ISealLook> BeginAsync(CancellationToken cancellationToken);
}

/// <summary>
/// One look at the chunks of a batch of seals: flush, find what is missing, store the seals of the others, and see
/// whether the findings still hold. Disposed when the seals are answered.
/// </summary>
internal interface ISealLook : IDisposable
{
    /// <summary>How many files of a batch are best looked at at once.</summary>
    int AtOnce => 1;

    /// <summary>Makes every chunk durable that was put before.</summary>
    ValueTask FlushAsync(CancellationToken cancellationToken);

    /// <summary>What is missing of a file; null if all that the request expects is there.</summary>
    ValueTask<MissingChunks?> FindMissingAsync(SealRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Called once the seals are stored. True: what was found there is protected by them. False: it may have been
    /// condemned before it was; ask <see cref="FindMissingAsync"/> once more, whose answer holds then. Called before
    /// that, true says that what was missing was missing at a moment of the look.
    /// </summary>
    ValueTask<bool> HoldsAsync(CancellationToken cancellationToken);
}
