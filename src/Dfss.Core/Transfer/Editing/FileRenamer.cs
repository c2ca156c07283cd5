using Dfss.Records;

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
        await ThrowIfElsewhereAsync(name, home, cancellationToken).ConfigureAwait(false);
        FileRecord renamed = await CreateAsync(file, name, home, cancellationToken).ConfigureAwait(false);
        try
        {
            await new FileRemover(directory, options).RemoveAsync(
                file, RemoveOptions.Default, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException error)
        {
            throw error.Copy(
                $"'{name}' was made, and '{record.Name}' could not be removed: {error.Reason}",
                $"Look at both with Get-DfssFileInfo, and remove '{record.Name}' if it is not needed.");
        }

        return new StoredFile(renamed, IsCurrent: true);
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

    /// <summary>Fails where the peers that the user names have the new name recorded at another home.</summary>
    private async Task ThrowIfElsewhereAsync(string name, Home home, CancellationToken cancellationToken)
    {
        Home? other = finder.IsEmpty
            ? null
            : (await finder.FindAsync(name, cancellationToken).ConfigureAwait(false)).Home;
        if (other is null || home.HasSameStoresAs(other.Members))
        {
            return;
        }

        StoredFile? taken = await new RecordReader(options).ReadAsync(
            name, other, cancellationToken).ConfigureAwait(false);
        throw taken is null ? ElsewhereBefore(name) : Exists(name);
    }

    private async Task<FileRecord> CreateAsync(
        StoredFile file, string name, Home home, CancellationToken cancellationToken)
    {
        try
        {
            RecordWriter writer = await PrepareAsync(name, home, cancellationToken).ConfigureAwait(false);
            return await writer.CommitAsync(
                _ => file.Record with
                {
                    Name = name,

                    // The order by which its chunks were placed, which is not that of the name's earlier home.
                    Home = home.Members,
                    WriterId = writer.WriterId,
                    Previous = [],
                },
                token => PlanSealsAsync(file, writer.Home, token),
                cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException error) when (error.Code == DfssErrorCode.FileExists)
        {
            throw Exists(name);
        }
    }

    /// <summary>
    /// Prepares the new name at these members. If the name was in use before, they may be a later home of it.
    /// </summary>
    private async Task<RecordWriter> PrepareAsync(string name, Home home, CancellationToken cancellationToken)
    {
        Home first = await home.GoToAsync(
            new RecordHome(home.Members, HomeEpoch.Original), cancellationToken).ConfigureAwait(false);
        RecordWriter writer =
            await RecordWriter.BeginAsync(
                name, first, WriteCondition.CreateOnly, options, cancellationToken).ConfigureAwait(false);
        return writer.Home.HasSameStoresAs(home.Members) ? writer : throw ElsewhereBefore(name);
    }

    private async Task<IReadOnlyList<SealPlan>> PlanSealsAsync(
        StoredFile file, Home home, CancellationToken cancellationToken)
    {
        FileCopies copies = await tester.FindCopiesAsync(
            file, home, cancellationToken).ConfigureAwait(false);
        await copies.SpreadManifestAsync(options, cancellationToken).ConfigureAwait(false);
        return [copies.PlanSeals()];
    }

    private static DfssException Exists(string name) => new(
        DfssErrorCode.FileExists, $"'{name}' exists. Nothing was changed.",
        "Give another name, or remove that file first.");

    private static DfssException ElsewhereBefore(string name) => new(
        DfssErrorCode.Conflict,
        $"'{name}' was in use before, on other peers than those of this file. Nothing was changed.",
        "Give another name, or receive the file and send it under that name.");
}
