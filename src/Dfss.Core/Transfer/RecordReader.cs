using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>Reads a name's record from its home, and finishes a change that its writer left half-way.</summary>
internal sealed class RecordReader(TransferOptions options)
{
    /// <exception cref="DfssException">FileNotFound, PeerUnreachable, ...</exception>
    public async Task<StoredFile> ReadAsync(string name, HomeFinder finder, CancellationToken cancellationToken)
    {
        string stored = FileName.Normalize(name);
        FoundHome found = await finder.FindAsync(stored, cancellationToken).ConfigureAwait(false);
        Home home = found.Home ?? throw (found.HasMajority ? NotFound(stored) : new DfssException(
            DfssErrorCode.NoMajority, $"The peers that answered know no file named '{stored}', but too few did. {found.Reasons}"));
        return await ReadAsync(stored, home, cancellationToken).ConfigureAwait(false) ?? throw NotFound(stored);
    }

    /// <summary>The name's file at its home; null where it was removed or was never sent.</summary>
    public async Task<StoredFile?> ReadAsync(string name, Home home, CancellationToken cancellationToken)
    {
        RegisterReader reader = new(name, home.Count, Guid.NewGuid);
        RegisterDriver driver = new(home, options);
        await driver.RunAsync(reader, () => false, cancellationToken).ConfigureAwait(false);
        if (reader is { IsCurrent: false, Result: null })
        {
            throw new DfssException(
                DfssErrorCode.NoMajority,
                $"'{name}' is decided by {home.Count} peers of which {home.Majority} must answer; fewer did, and those know of no decision. "
                + driver.Reasons);
        }

        if (!reader.IsCurrent)
        {
            options.Warning?.Invoke(
                $"'{name}' was read from fewer than {home.Majority} of its {home.Count} peers and may be out of date. {driver.Reasons}");
        }

        return reader.Result?.Record is { State: FileRecordState.File } record ? new StoredFile(record, reader.IsCurrent) : null;
    }

    private static DfssException NotFound(string name) =>
        new(
            DfssErrorCode.FileNotFound,
            $"No peer asked knows a file named '{name}'.",
            "List what is stored with Get-DfssFileInfo; names are case-sensitive.");
}
