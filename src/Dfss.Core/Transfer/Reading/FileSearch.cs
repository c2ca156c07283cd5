using System.Runtime.ExceptionServices;

namespace Dfss.Transfer;

/// <summary>Finds a stored file again whose chunks are no longer where its record says.</summary>
internal sealed class FileSearch(PeerDirectory directory, TransferOptions options)
{
    /// <summary>The same content at the later home of its name.</summary>
    /// <param name="file">The file.</param>
    /// <param name="home">The home that does not give a chunk.</param>
    /// <param name="error">Why it does not.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DfssException">FileChanged: the name has other content, and the chunks of this one are gone. Or
    /// <paramref name="error"/> itself, where the name did not move.</exception>
    public async Task<(StoredFile File, Home Home)> FindMovedAsync(
        StoredFile file, Home home, DfssException error, CancellationToken cancellationToken)
    {
        FileRecord record = file.Record;
        FileRecord? now = await TryFindCurrentAsync(record.Name, home, cancellationToken).ConfigureAwait(false);
        if (now is null || LocatedFile.AfterMove(file, now) is not { } moved)
        {
            ThrowIfReplaced(record, now, error);
            ExceptionDispatchInfo.Throw(error);
            throw error;
        }

        options.Verbose?.Invoke($"'{record.Name}' moved to other peers meanwhile; the rest is fetched from there.");
        return (moved,
            await Home.ReachAsync(moved.Record, directory, enough: 1, cancellationToken).ConfigureAwait(false));
    }

    private async Task<FileRecord?> TryFindCurrentAsync(string name, Home home, CancellationToken cancellationToken)
    {
        try
        {
            return await new RecordReader(options).FindCurrentAsync(
                name, home, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException error)
        {
            // The error that is reported is that of the chunk.
            options.Verbose?.Invoke(error.Reason);
            return null;
        }
    }

    private static void ThrowIfReplaced(FileRecord record, FileRecord? now, DfssException error)
    {
        if (now is { State: FileRecordState.File } && now.FileId != record.FileId
            && error.Code == DfssErrorCode.ChunkNotFound)
        {
            throw new DfssException(
                DfssErrorCode.FileChanged,
                $"'{record.Name}' was replaced (version {record.Version} by {now.Version}) and its old "
                    + "chunks are gone.",
                "Run the command again: it uses the new version.",
                error);
        }
    }
}
