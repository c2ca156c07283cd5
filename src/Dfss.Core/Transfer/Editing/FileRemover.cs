using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>Removes stored files: a change of the record that moves no chunk.</summary>
internal sealed class FileRemover(PeerDirectory directory, TransferOptions options)
{
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

        await writer.RemoveAsync(cancellationToken).ConfigureAwait(false);
        return new StoredFile(current, IsCurrent: true);
    }
}
