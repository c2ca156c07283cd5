namespace Dfss.Transfer;

/// <summary>Which earlier versions the next record of a name keeps.</summary>
internal static class EarlierVersions
{
    /// <summary>
    /// Those of a name whose content is replaced. The replaced content is the first, unless it is the same with the
    /// same keys.
    /// </summary>
    /// <param name="current">The record that is replaced; null: none.</param>
    /// <param name="newFileId">The content that replaces it.</param>
    /// <param name="newKeys">Its keys; null if it is not encrypted.</param>
    /// <param name="count">How many are kept.</param>
    public static IReadOnlyList<FileVersion> Keep(
        FileRecord? current, FileId newFileId, KeyEnvelope? newKeys, int count) =>
        current is not { State: FileRecordState.File } ? []
            : [.. (current.FileId == newFileId && Equals(current.Encryption, newKeys)
                ? current.Previous
                : current.Previous.Prepend(current.Content)).Take(count)];

    /// <summary>
    /// What a record names: the content and the earlier versions that are kept; of a tombstone what the name had before
    /// it was removed, newest first. A tombstone keeps no chunk of these: they can be restored until a garbage
    /// collection deletes their chunks.
    /// </summary>
    public static IEnumerable<FileVersion> Of(FileRecord? record) => record is { State: FileRecordState.File }
        ? record.Previous.Prepend(record.Content)
        : record?.Previous ?? [];
}
