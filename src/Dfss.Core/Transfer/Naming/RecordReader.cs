using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>Reads a name's record from its home, and finishes a change that its writer did not complete.</summary>
internal sealed class RecordReader(TransferOptions options)
{
    /// <exception cref="DfssException">FileNotFound, PeerUnreachable, ...</exception>
    public async Task<StoredFile> ReadAsync(string name, HomeFinder finder, CancellationToken cancellationToken)
    {
        string stored = FileName.Normalize(name);
        return await ReadAnyAsync(stored, finder, cancellationToken).ConfigureAwait(false) is { IsRemoved: false } file
            ? file
            : throw NotFound(stored);
    }

    /// <summary>The last file of a name that was removed.</summary>
    /// <exception cref="DfssException">FileNotFound: the name has a file, or never had one; ...</exception>
    public async Task<StoredFile> ReadRemovedAsync(
        string name, HomeFinder finder, CancellationToken cancellationToken)
    {
        string stored = FileName.Normalize(name);
        StoredFile? file = await ReadAnyAsync(stored, finder, cancellationToken).ConfigureAwait(false);
        return file switch
        {
            null => throw NotFound(stored),
            { IsRemoved: false } => throw new DfssException(
                DfssErrorCode.FileNotFound,
                FormattableString.Invariant($"'{stored}' was not removed: it is at version {file.Record.Version}."),
                "Restore-DfssFile -Version makes an earlier version the newest."),
            _ => file,
        };
    }

    /// <summary>The name's file, or the last one of a name that was removed; null if it never had one.</summary>
    private async Task<StoredFile?> ReadAnyAsync(string stored, HomeFinder finder, CancellationToken cancellationToken)
    {
        FoundHome found = await finder.FindAsync(stored, cancellationToken).ConfigureAwait(false);
        bool isAbsent = found.Home is null && found.HasMajority
            && await finder.IsAbsentAsync(stored, found, cancellationToken).ConfigureAwait(false);
        Home home = found.Home ?? throw (isAbsent ? NotFound(stored) : new DfssException(
            DfssErrorCode.NoMajority,
            $"The peers that answered have no file named '{stored}', but too few answered. {found.Reasons}".TrimEnd()));
        return await ReadAnyAsync(stored, home, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// The name's file at its home, or at a later one if it moved; null where it was removed or was never sent.
    /// </summary>
    public async Task<StoredFile?> ReadAsync(string name, Home home, CancellationToken cancellationToken) =>
        await ReadAnyAsync(name, home, cancellationToken).ConfigureAwait(false) is { IsRemoved: false } file
            ? file
            : null;

    private async Task<StoredFile?> ReadAnyAsync(string name, Home home, CancellationToken cancellationToken)
    {
        (RegisterReader reader, RegisterDriver driver, home) =
            await FollowAsync(name, home, cancellationToken).ConfigureAwait(false);
        if (reader is { IsCurrent: false, Result: null })
        {
            throw new DfssException(
                DfssErrorCode.NoMajority,
                $"'{name}' is decided by {home.Count} peers of which {home.Majority} must answer; fewer did, and those "
                + "have no decision. "
                + driver.Reasons);
        }

        if (!reader.IsCurrent)
        {
            options.Warning?.Invoke(
                $"'{name}' was read from fewer than {home.Majority} of its {home.Count} peers and may be out of date. "
                    + $"{driver.Reasons}");
        }

        return reader.Result?.Record switch
        {
            { State: FileRecordState.File } record => new StoredFile(record, reader.IsCurrent),
            { State: FileRecordState.Removed } tombstone => StoredFile.OfRemoved(tombstone, reader.IsCurrent),
            _ => null,
        };
    }

    /// <summary>
    /// The record that a majority of the name's home has; null where too few answered, or it was never sent.
    /// </summary>
    public async Task<FileRecord?> FindCurrentAsync(string name, Home home, CancellationToken cancellationToken)
    {
        (RegisterReader reader, _, _) = await FollowAsync(name, home, cancellationToken).ConfigureAwait(false);
        return reader.IsCurrent ? reader.Result?.Record : null;
    }

    public static DfssException NotFound(string name) =>
        new(
            DfssErrorCode.FileNotFound,
            $"No peer that was asked has a file named '{name}'.",
            "List what is stored with Get-DfssFileInfo; names are case-sensitive.");

    /// <summary>Reads at this home, and where the name has moved from it, at the next.</summary>
    public Task<(RegisterReader Reader, RegisterDriver Driver, Home Home)> FollowAsync(
        string name, Home home, CancellationToken cancellationToken) => LaterHome.FollowAsync(name, home, async at =>
        {
            RegisterReader reader = new(name, at.Place, Guid.NewGuid);
            RegisterDriver driver = new(at, options);
            await driver.RunAsync(reader, () => false, cancellationToken).ConfigureAwait(false);
            Home? later = reader.HasMoved
                ? await LaterHome.ReachAsync(reader, at, cancellationToken).ConfigureAwait(false)
                : null;
            return ((reader, driver, at), later);
        });
}
