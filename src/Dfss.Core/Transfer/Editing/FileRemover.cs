using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>Removes stored files: a change of the record that moves no chunk.</summary>
internal sealed class FileRemover(PeerDirectory directory, TransferOptions options)
{
    /// <summary>
    /// Whether the content has another name now. Then the tombstone names nothing, so that nothing restores the old
    /// name.
    /// </summary>
    public bool IsRename { get; init; }

    /// <summary>Has the file's home decide that the name is removed.</summary>
    /// <exception cref="DfssException">
    /// FileNotFound, Conflict, NoMajority, CommitUncertain, PeerUnreachable.
    /// </exception>
    public async Task<StoredFile> RemoveAsync(
        StoredFile file, RemoveOptions removeOptions, CancellationToken cancellationToken)
    {
        string name = file.Record.Name;
        WriteCondition condition = removeOptions.Force
            ? WriteCondition.ReplaceAny
            : WriteCondition.ReplaceVersion(file.Record.Version);
        Home home = await Home.ReachAsync(file.Record, directory, cancellationToken).ConfigureAwait(false);
        RecordWriter writer = await RecordWriter.BeginAsync(
            name, home, condition, options, cancellationToken).ConfigureAwait(false);
        if (writer.Current is not { State: FileRecordState.File } current)
        {
            throw RecordReader.NotFound(name);
        }

        await writer.RemoveAsync(namesContent: !IsRename, cancellationToken).ConfigureAwait(false);
        return new StoredFile(current, IsCurrent: true);
    }

    /// <summary>
    /// Has the file's home decide that an earlier version is not kept any more: a new version with the same content.
    /// Nothing is sealed: what the new record keeps, the one before it keeps too.
    /// </summary>
    /// <exception cref="DfssException">As in <see cref="DfssClient.RemoveVersionAsync"/>.</exception>
    public async Task<StoredFile> RemoveVersionAsync(
        StoredFile file, long version, CancellationToken cancellationToken)
    {
        string name = file.Record.Name;
        if (version == file.Record.Version)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                FormattableString.Invariant(
                    $"Version {version} of '{file.Name}' is its newest one, which is the file itself."),
                "Remove-DfssFile without -Version removes the file; Restore-DfssFile -Version makes an earlier version "
                    + "the newest, and then this one can be removed.");
        }

        FileId removed = file.AtVersion(version).Record.FileId;
        Home home = await Home.ReachAsync(file.Record, directory, cancellationToken).ConfigureAwait(false);
        RecordWriter writer = await RecordWriter.BeginAsync(
            name, home, WriteCondition.ReplaceAny, options, cancellationToken).ConfigureAwait(false);
        if (writer.Current is not { State: FileRecordState.File } current)
        {
            throw RecordReader.NotFound(name);
        }

        if (!current.Previous.Any(IsRemoved))
        {
            throw new StoredFile(current, IsCurrent: true) { Name = file.Name }.NotKept(version);
        }

        FileRecord changed = await writer.CommitAsync(
            now => now is { State: FileRecordState.File }
                ? now with
                {
                    WriterId = writer.WriterId,
                    Previous = [.. now.Previous.Where(one => !IsRemoved(one))],
                }
                : throw RemovedMeanwhile(name),
            static _ => RecordWriter.NoSeals,
            cancellationToken).ConfigureAwait(false);
        return new StoredFile(changed, IsCurrent: true);

        // Any other change of the name leaves it the version that it is.
        bool IsRemoved(FileVersion one) => (one.Version, one.FileId) == (version, removed);
    }

    private static DfssException RemovedMeanwhile(string name) => new(
        DfssErrorCode.CommitUncertain, $"'{name}' was removed by another client meanwhile.",
        "Look at it with Get-DfssFileInfo, also with -Removed.");
}
