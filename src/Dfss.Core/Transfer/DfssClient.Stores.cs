namespace Dfss.Transfer;

/// <content>Copies to other peers.</content>
public sealed partial class DfssClient
{
    /// <summary>
    /// Copies a stored file to the peers of another client, chunk by chunk through the memory of this process. The
    /// destination is asked which chunks it has, and gets the others, each verified when it is read; then it decides on
    /// the file, so that it has either all of it or nothing. A copy that fails or is cancelled goes on when it is run
    /// again: the chunks that arrived are not sent once more.
    /// </summary>
    /// <remarks>
    /// Content, chunk size, time, mode and keys come along; encrypted chunks are copied as they are, without a key. If
    /// no file has the name at the destination, the earlier versions come along too, and all keep their numbers. If it
    /// has the file already, with the same content, time, mode and keys, nothing is changed; with
    /// <see cref="StoreCopyOptions.Force"/> only if it has all its chunks, and the earlier versions of the source.
    /// <see cref="DfssException.IsOfDestination"/> says whose failure it is.
    /// </remarks>
    /// <param name="file">The file at peers of this client; <see cref="StoredFile.AtVersion"/> of it for one earlier
    /// version, without those before it.</param>
    /// <param name="destination">The client of the peers that get the file; it may have another identity. Its limit of
    /// bytes a second holds.</param>
    /// <param name="newName">The name at the destination.</param>
    /// <param name="options">How it is copied.</param>
    /// <param name="progress">Receives the progress.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The file at the destination, and what was sent.</returns>
    /// <exception cref="DfssException">
    /// FileExists: the destination has another file of the name. ChunkNotFound, ChunkCorrupt: a chunk has no good copy
    /// at the peers of the file that can be reached. TooFewReplicas, StoreFull, NoMajority, CommitUncertain: of the
    /// destination. InvalidArgument: it is the file's own name at its own peers. InvalidName, FileChanged,
    /// PeerUnreachable, ...
    /// </exception>
    public Task<StoreCopyResult> CopyToAsync(
        StoredFile file,
        DfssClient destination,
        string newName,
        StoreCopyOptions options,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(destination);
        ArgumentNullException.ThrowIfNull(options);
        FileSender sender = new(
            destination.finder,
            destination.directory,
            destination.buffers,
            destination.journals,
            destination.Pace(options.Gate),
            destination.Options);
        return sender.CopyAsync(file, newName, OpenStoredAsync, options, progress, cancellationToken);
    }

    /// <summary>
    /// Whether the peers of another client have another file of a name, so that copying a file there without
    /// <see cref="StoreCopyOptions.Force"/> would fail. Only reads.
    /// </summary>
    /// <exception cref="DfssException">InvalidName, NoMajority, PeerUnreachable, ...</exception>
    public static async Task<bool> IsNameTakenAsync(
        StoredFile file, DfssClient destination, string newName, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(destination);
        try
        {
            StoredFile there = await destination.GetAsync(
                FileName.NormalizeNew(newName), cancellationToken).ConfigureAwait(false);
            return !FileSender.HasAll(there.Record, file.Record);
        }
        catch (DfssException error) when (error.Code == DfssErrorCode.FileNotFound)
        {
            return false;
        }
    }

    /// <summary>Opens a version as its peers have it: encrypted, if it is.</summary>
    private Task<StoredContent> OpenStoredAsync(StoredFile file, CancellationToken cancellationToken) =>
        StoredContent.OpenAsync(
            file,
            key: null,
            directory,
            (at, home) => new ChunkFetcher(home, at.Record, holders, buffers, Options),
            Pace(gate: null),
            Options,
            cancellationToken);
}
