namespace Dfss.Transfer;

/// <content>Copies, earlier versions and removed files: changes of records that move no chunk.</content>
public sealed partial class DfssClient
{
    /// <summary>
    /// Gives the content of a stored file, of its newest or an earlier version, a second name at the same peers. The
    /// copy has the same time, mode, keys and number of copies, and no earlier versions. No chunk is moved: the peers
    /// seal those that they have.
    /// </summary>
    /// <param name="file">The file; <see cref="StoredFile.AtVersion"/> of it for an earlier version.</param>
    /// <param name="newName">The name of the copy.</param>
    /// <param name="options">Whether an existing file of that name is replaced.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The copy.</returns>
    /// <exception cref="DfssException">FileExists: the new name exists. ChunkNotFound: some chunk is at no peer of the
    /// file that can be reached. Conflict: the new name is, or was, at other peers. InvalidArgument: it is the file's
    /// own name. InvalidName, NoMajority, CommitUncertain, PeerUnreachable, ...</exception>
    public Task<StoredFile> CopyAsync(
        StoredFile file, string newName, CopyOptions options, CancellationToken cancellationToken = default) =>
        new FileCopier(finder, directory, Tester, Options).CopyAsync(file, newName, options, cancellationToken);

    /// <summary>
    /// Makes an earlier version the newest again, in a new version of the name with the earlier content; or brings a
    /// removed file back, with those of its earlier versions whose chunks are there. The version that was the newest is
    /// kept.
    /// </summary>
    /// <param name="file">The version: <see cref="StoredFile.AtVersion"/> of a file, or a removed file.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The file at its new version.</returns>
    /// <exception cref="DfssException">ChunkNotFound: the chunks are gone, or are at peers that cannot be reached.
    /// InvalidArgument: it is the newest version. FileNotFound: it is not kept any more. Conflict: the name was changed
    /// meanwhile. NoMajority, CommitUncertain, PeerUnreachable, ...</exception>
    public Task<StoredFile> RestoreAsync(StoredFile file, CancellationToken cancellationToken = default) =>
        new FileRestorer(directory, Tester, Options).RestoreAsync(file, cancellationToken);

    /// <summary>
    /// Removes one earlier version of a file, in a new version of its name with the same content, also where the file
    /// has been changed since it was read. The next garbage collections delete the chunks that only it had.
    /// </summary>
    /// <param name="file">The file, at a later version.</param>
    /// <param name="version">The earlier version.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The file without that version.</returns>
    /// <exception cref="DfssException">InvalidArgument: it is the newest version. FileNotFound: it is not kept.
    /// Conflict: the file was moved meanwhile; NoMajority, CommitUncertain, PeerUnreachable, ...</exception>
    public Task<StoredFile> RemoveVersionAsync(
        StoredFile file, long version, CancellationToken cancellationToken = default) =>
        new FileRemover(directory, Options).RemoveVersionAsync(file, version, cancellationToken);

    /// <summary>The last file of a name that was removed; whether its chunks are still there,
    /// <see cref="TestAsync"/> says.</summary>
    /// <exception cref="DfssException">FileNotFound: the name has a file, or never had one; PeerUnreachable,
    /// ...</exception>
    public Task<StoredFile> GetRemovedAsync(string name, CancellationToken cancellationToken = default) =>
        new RecordReader(Options).ReadRemovedAsync(name, finder, cancellationToken);

    /// <summary>The last files of the removed names that begin with <paramref name="prefix"/>, by ascending name
    /// (ordinal). Advisory: <see cref="GetRemovedAsync"/> is exact.</summary>
    public IAsyncEnumerable<StoredFile> ListRemovedAsync(
        string prefix, CancellationToken cancellationToken = default) =>
        new FileLister(finder, directory, Options, lacks: null) { ListsRemoved = true }.ListAsync(
            prefix, cancellationToken);
}
