namespace Dfss.Transfer;

/// <summary>
/// Gives a stored file another name: makes the new name with the same content at the same members, then removes the
/// old one. No chunk is moved. A crash between the two leaves both names, never neither.
/// </summary>
internal sealed class FileRenamer(
    HomeFinder finder, PeerDirectory directory, FileTester tester, TransferOptions options)
{
    /// <exception cref="DfssException">
    /// FileExists: the new name exists. Conflict: the file was changed meanwhile; then it has both names, if the new
    /// one was made. FileNotFound, ChunkNotFound, InvalidName, NoMajority, CommitUncertain, PeerUnreachable.
    /// </exception>
    public async Task<StoredFile> RenameAsync(StoredFile file, string newName, CancellationToken cancellationToken)
    {
        FileRecord record = file.Record;
        string name = FileName.NormalizeNew(newName);
        Home home = await Home.ReachAsync(record, directory, cancellationToken).ConfigureAwait(false);
        await ThrowIfChangedAsync(record, home, cancellationToken).ConfigureAwait(false);
        FileCopier copier = new(finder, directory, tester, options);
        await copier.ThrowIfElsewhereAsync(
            name, home, CopyOptions.Default, cancellationToken).ConfigureAwait(false);
        StoredFile renamed;
        try
        {
            renamed = await copier.CreateAsync(
                file, name, home, CopyOptions.Default, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException error) when (error.Code == DfssErrorCode.FileExists)
        {
            throw FileCopier.Exists(name);
        }

        try
        {
            await new FileRemover(directory, options) { IsRename = true }.RemoveAsync(
                file, RemoveOptions.Default, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException error)
        {
            throw error.Copy(
                $"'{name}' was made, and '{record.Name}' could not be removed: {error.Reason}",
                $"Look at both with Get-DfssFileInfo, and remove '{record.Name}' if it is not needed.");
        }

        return renamed;
    }

    /// <summary>
    /// Whether the new name has a file now, at these peers or at others that the asked peers have recorded.
    /// </summary>
    public async Task<bool> IsTakenAsync(StoredFile file, string newName, CancellationToken cancellationToken)
    {
        string name = FileName.NormalizeNew(newName);
        Home home = await Home.ReachAsync(file.Record.Home, directory, cancellationToken).ConfigureAwait(false);
        home.ThrowIfNoneReached(file.Record.Name);
        RecordReader reader = new(options);
        if (await reader.ReadAsync(name, home, cancellationToken).ConfigureAwait(false) is not null)
        {
            return true;
        }

        Home? other = finder.IsEmpty
            ? null
            : (await finder.FindAsync(name, cancellationToken).ConfigureAwait(false)).Home;
        return other is not null
            && await reader.ReadAsync(name, other, cancellationToken).ConfigureAwait(false) is not null;
    }

    private async Task ThrowIfChangedAsync(FileRecord record, Home home, CancellationToken cancellationToken)
    {
        StoredFile current = await new RecordReader(options).ReadAsync(
            record.Name, home, cancellationToken).ConfigureAwait(false) ?? throw RecordReader.NotFound(record.Name);
        if (current.Record.Version != record.Version)
        {
            throw new DfssException(
                DfssErrorCode.Conflict,
                $"'{record.Name}' is at version {current.Record.Version}, not at version {record.Version}.",
                "Look at it with Get-DfssFileInfo, then rename it again.");
        }
    }
}
