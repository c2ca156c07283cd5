namespace Dfss.Transfer;

/// <content>Copies of files that are stored at other peers: they are sent as they are, chunk by chunk.</content>
internal sealed partial class FileSender
{
    /// <summary>
    /// 2^31-1: above it no version number is taken over. The peers of the source say the number, and the versions that
    /// follow need numbers too.
    /// </summary>
    private const long MaxTakenVersion = int.MaxValue;

    /// <exception cref="DfssException">As in <see cref="DfssClient.CopyToAsync"/>.</exception>
    public async Task<StoreCopyResult> CopyAsync(
        StoredFile file,
        string newName,
        Func<StoredFile, CancellationToken, Task<StoredContent>> openAsync,
        StoreCopyOptions copyOptions,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        Copying copying = new(file, copyOptions, new SourceReads(openAsync), progress);
        string name = FileName.NormalizeNew(newName);
        progress?.Report(new(TransferPhase.Negotiating, 0, file.Record.ContentLength));
        try
        {
            return await CopyAsync(copying, name, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException failure) when (!copying.Reads.HasFailedWith(failure))
        {
            throw failure.AtDestination();
        }
    }

    /// <summary>Whether a record has all of another one that a copy brings along: content, keys, time and
    /// mode.</summary>
    public static bool HasAll(FileRecord there, FileRecord record) =>
        there.FileId == record.FileId && Equals(there.Encryption, record.Encryption)
            && there.Modified == record.Modified && there.UnixMode == record.UnixMode;

    private async Task<StoreCopyResult> CopyAsync(Copying copying, string name, CancellationToken cancellationToken)
    {
        FileRecord record = copying.File.Record;
        RecordWriter writer;
        try
        {
            SendOptions asSent = new() { Force = copying.Options.Force };
            writer = await PrepareAsync(name, asSent, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException error) when (error.Code == DfssErrorCode.FileExists)
        {
            StoredFile there = await new RecordReader(options).ReadAsync(
                name, finder, cancellationToken).ConfigureAwait(false);
            ThrowIfThere(record, name, there.Record.Home);
            if (!there.IsCurrent || !HasAll(there.Record, record))
            {
                throw;
            }

            return StoreCopyResult.OfUnchanged(there);
        }

        ThrowIfThere(record, name, writer.Home.Members);
        return await CopyAsync(copying, writer, cancellationToken).ConfigureAwait(false);
    }

    private static void ThrowIfThere(FileRecord record, string name, IReadOnlyList<HomeMember> home)
    {
        if (name == record.Name
            && home.Select(member => member.StoreId).ToHashSet().SetEquals(
                record.Home.Select(member => member.StoreId)))
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument, $"'{name}' cannot be copied to its own peers under its own name.",
                "Name other peers, or another name.");
        }
    }

    private async Task<StoreCopyResult> CopyAsync(
        Copying copying, RecordWriter writer, CancellationToken cancellationToken)
    {
        FileRecord record = copying.File.Record;
        FileRecord? current = writer.Current is { State: FileRecordState.File } file ? file : null;
        IReadOnlyList<StoredFile> earlier = current is null || IsTakenOver(current, record) ? FindEarlier(copying) : [];
        copying.CountCopies([copying.File, .. earlier], current, writer.Home.Count);
        (CopiedVersion newest, StoredSource source) = await CopyVersionAsync(
            copying.File, writer.Home, before: null, copying, cancellationToken).ConfigureAwait(false);
        List<CopiedVersion> copied = [newest];
        IReadOnlyList<FileVersion> kept = await CopyEarlierAsync(
            earlier, writer.Home, copied, copying, cancellationToken).ConfigureAwait(false);
        if (current is not null && copying.Added == 0
            && await FindUnchangedAsync(
                current, DescribeCopy(current), writer, cancellationToken).ConfigureAwait(false) is { } there)
        {
            return StoreCopyResult.OfUnchanged(there);
        }

        if (earlier.Count > 0)
        {
            // Also if none of them came along: with the number of the source they still can.
            writer.BeginAtVersion(record.Version);
        }

        copying.Progress?.Report(new(TransferPhase.Committing, record.ContentLength, record.ContentLength));
        FileRecord chosen = await writer.CommitAsync(
            DescribeCopy,
            [.. copied.Select(one => one.Plan)],
            (index, token) => PlanSealAsync(copied[index], writer.Home, copying, token),
            cancellationToken).ConfigureAwait(false);
        newest.Shortfall.WarnOfFewerCopies();
        return new StoreCopyResult(
            new StoredFile(chosen, IsCurrent: true) { PresentReplicas = newest.Plan.PossibleReplicas },
            IsUnchanged: false,
            copying.Counts.Sum(one => one.Chunks),
            copying.Counts.Sum(one => one.Bytes));

        FileRecord DescribeCopy(FileRecord? replaced) => Describe(
            replaced, writer.Name, source, source.Manifest, writer.Home, newest.Plan.Replicas, writer.WriterId) with
        {
            Encryption = record.Encryption,
            Previous = replaced is not { State: FileRecordState.File } ? kept
                : IsTakenOver(replaced, record) ? Merge(kept, replaced.Previous)
                : EarlierVersions.Keep(replaced, record.FileId, record.Encryption, copying.Options.KeepVersions),
        };
    }

    /// <summary>
    /// The file of the name, where the copy would change nothing: what a majority has decided, not what this change has
    /// found, since a minority may have accepted that alone.
    /// </summary>
    private async Task<StoredFile?> FindUnchangedAsync(
        FileRecord found, FileRecord wanted, RecordWriter writer, CancellationToken cancellationToken) =>
        HasAll(found, wanted) && found.Replicas == wanted.Replicas && found.Previous.SequenceEqual(wanted.Previous)
            && await new RecordReader(options).ReadAsync(
                writer.Name, writer.Home, cancellationToken).ConfigureAwait(false) is { IsCurrent: true } there
            && there.Record.WriterId == found.WriterId && there.Record.Version == found.Version
                ? there
                : null;

    /// <summary>
    /// Whether a file at the destination is a copy with the earlier versions of the source, or some of them: those that
    /// it lacks can join it, under their numbers.
    /// </summary>
    private static bool IsTakenOver(FileRecord there, FileRecord record) =>
        HasAll(there, record) && there.Version >= record.Version
            && there.Previous.All(kept => record.Previous.Any(one =>
                one.Version == kept.Version && one.FileId == kept.FileId && Equals(one.Encryption, kept.Encryption)));

    private static FileVersion[] Merge(IReadOnlyList<FileVersion> copied, IReadOnlyList<FileVersion> there) =>
    [
        .. copied.Concat(there).DistinctBy(one => one.Version).OrderByDescending(one => one.Version)
            .Take(DfssLimits.MaxPreviousVersions),
    ];

    /// <summary>The earlier versions that come along: of a file as it is now, not of one of its earlier
    /// versions.</summary>
    private IReadOnlyList<StoredFile> FindEarlier(Copying copying)
    {
        FileRecord record = copying.File.Record;
        FileVersion[] earlier = copying.File.Newest is not null ? [] :
        [
            .. record.Previous.Where(one => one.Version < record.Version).DistinctBy(one => one.Version)
                .Take(copying.Options.EarlierVersions ?? DfssLimits.MaxPreviousVersions),
        ];
        if (earlier.Length > 0 && record.Version > MaxTakenVersion)
        {
            options.Warning?.Invoke(FormattableString.Invariant(
                $"The earlier versions of '{record.Name}' do not come along: its version number {record.Version} is ")
                + "out of range.");
            return [];
        }

        return [.. earlier.Select(one => copying.File.AtVersion(one.Version))];
    }
}
