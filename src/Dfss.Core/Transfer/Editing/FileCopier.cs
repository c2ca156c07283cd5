using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>
/// Makes another name of a stored file's content, at the same members. No chunk is moved: the members seal the chunks
/// that they hold for the new name, as after a send, and then vote on its record.
/// </summary>
internal sealed class FileCopier(
    HomeFinder finder, PeerDirectory directory, FileTester tester, TransferOptions options)
{
    /// <exception cref="DfssException">As in <see cref="DfssClient.CopyAsync"/>.</exception>
    public async Task<StoredFile> CopyAsync(
        StoredFile file, string newName, CopyOptions copyOptions, CancellationToken cancellationToken)
    {
        string name = FileName.NormalizeNew(newName);
        if (name == file.Record.Name)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument, $"'{name}' cannot be copied to its own name.",
                "Give another name; Restore-DfssFile -Version makes an earlier version the newest.");
        }

        LocatedFile located = await LocatedFile.FindAsync(
            file, directory, options, cancellationToken).ConfigureAwait(false);
        await ThrowIfElsewhereAsync(name, located.Home, copyOptions, cancellationToken).ConfigureAwait(false);
        return await CreateAsync(
            located.File, name, located.Home, copyOptions, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Fails where the peers that the user names have the new name recorded at another home.</summary>
    public async Task ThrowIfElsewhereAsync(
        string name, Home home, CopyOptions copyOptions, CancellationToken cancellationToken)
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
        throw taken is null || copyOptions.Force ? Elsewhere(name) : Exists(name);
    }

    /// <summary>Makes the name at the members that hold the file.</summary>
    /// <exception cref="DfssException">
    /// FileExists, Conflict; ChunkNotFound: some chunk is at no member; NoMajority, CommitUncertain.
    /// </exception>
    public async Task<StoredFile> CreateAsync(
        StoredFile file, string name, Home home, CopyOptions copyOptions, CancellationToken cancellationToken)
    {
        RecordWriter writer = await PrepareAsync(name, home, copyOptions, cancellationToken).ConfigureAwait(false);
        FileCopies? copies = null;
        FileRecord made = await writer.CommitAsync(
            current => file.Record with
            {
                Name = name,
                State = FileRecordState.File,
                FormerHome = [],

                // The order by which its chunks were placed, which is not that of the name's earlier home.
                Home = home.Members,
                WriterId = writer.WriterId,
                Previous = EarlierVersions.Keep(
                    current, file.Record.FileId, file.Record.Encryption, copyOptions.KeepVersions),
            },
            async token =>
            {
                copies = await tester.FindCopiesAsync(file, writer.Home, token).ConfigureAwait(false);
                await copies.SpreadManifestAsync(options, token).ConfigureAwait(false);
                return [copies.PlanSeals()];
            },
            cancellationToken).ConfigureAwait(false);
        return copies!.ToStoredFile(made, options);
    }

    /// <summary>The error of a name that has a file.</summary>
    public static DfssException Exists(string name) => new(
        DfssErrorCode.FileExists, $"'{name}' exists. Nothing was changed.",
        "Give another name, or remove that file first.");

    /// <summary>
    /// Prepares the new name at these members. If the name was in use before, they may be a later home of it.
    /// </summary>
    private async Task<RecordWriter> PrepareAsync(
        string name, Home home, CopyOptions copyOptions, CancellationToken cancellationToken)
    {
        Home first = await home.GoToAsync(
            new RecordHome(home.Members, HomeEpoch.Original), cancellationToken).ConfigureAwait(false);
        WriteCondition condition = copyOptions.Force ? WriteCondition.ReplaceAny : WriteCondition.CreateOnly;
        RecordWriter writer = await RecordWriter.BeginAsync(
            name, first, condition, options, cancellationToken).ConfigureAwait(false);
        return writer.Home.HasSameStoresAs(home.Members) ? writer : throw Elsewhere(name);
    }

    private static DfssException Elsewhere(string name) => new(
        DfssErrorCode.Conflict,
        $"'{name}' was in use before, on other peers than those of this file. Nothing was changed.",
        "Give another name, or receive the file and send it under that name.");
}
