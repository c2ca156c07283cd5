namespace Dfss.Transfer;

/// <summary>A stored file at the home that its name has now: that of its record, or a later one if it moved.</summary>
/// <param name="File">The file, as the record of that home names it.</param>
/// <param name="Home">The home, as far as it was reached.</param>
/// <param name="Current">The record of the name that a majority has; null where too few answered.</param>
internal sealed record LocatedFile(StoredFile File, Home Home, FileRecord? Current)
{
    /// <summary>Finds it, and connects to every member of its home.</summary>
    /// <exception cref="DfssException">
    /// PeerUnreachable: no member is reached. NoMajority: it moved, and no member has the new home.
    /// </exception>
    public static async Task<LocatedFile> FindAsync(
        StoredFile file, PeerDirectory directory, TransferOptions options, CancellationToken cancellationToken)
    {
        Home home = await Home.ReachAsync(
            file.Record, directory, file.Record.Home.Count, cancellationToken).ConfigureAwait(false);
        FileRecord? current =
            await new RecordReader(options).FindCurrentAsync(
                file.Record.Name, home, cancellationToken).ConfigureAwait(false);
        if (current is null || AfterMove(file, current) is not StoredFile moved)
        {
            return new LocatedFile(file, home, current);
        }

        home = await Home.ReachAsync(current, directory, current.Home.Count, cancellationToken).ConfigureAwait(false);
        return new LocatedFile(moved, home, current);
    }

    /// <summary>The same content at the later home of its name; null where the name did not move, or does not keep it
    /// any more.</summary>
    public static StoredFile? AfterMove(StoredFile file, FileRecord current)
    {
        if (current.State != FileRecordState.File || current.Epoch <= file.Record.Epoch)
        {
            return null;
        }

        StoredFile now = new(current, IsCurrent: true);
        return current.FileId == file.Record.FileId ? now
            : current.Previous.FirstOrDefault(one => one.FileId == file.Record.FileId) is { } kept
                ? now.AtVersion(kept.Version)
            : null;
    }
}
