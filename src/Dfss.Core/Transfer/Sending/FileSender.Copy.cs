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
        FileRecord record = file.Record;
        string name = FileName.NormalizeNew(newName);
        progress?.Report(new(TransferPhase.Negotiating, 0, record.ContentLength));
        RecordWriter writer;
        try
        {
            SendOptions asSent = new() { Force = copyOptions.Force };
            writer = await PrepareAsync(name, asSent, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException error) when (error.Code == DfssErrorCode.FileExists)
        {
            StoredFile there = await new RecordReader(options).ReadAsync(
                name, finder, cancellationToken).ConfigureAwait(false);
            ThrowIfThere(record, name, there.Record.Home);
            if (!HasAll(there.Record, record))
            {
                throw;
            }

            return StoreCopyResult.OfUnchanged(there);
        }

        ThrowIfThere(record, name, writer.Home.Members);
        return writer.Current is { State: FileRecordState.File } current && HasAll(current, record)
            ? StoreCopyResult.OfUnchanged(new StoredFile(current, IsCurrent: true))
            : await CopyAsync(
                file, writer, new Copying(openAsync, copyOptions, progress), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Whether a record has all of another one that a copy brings along: content, keys, time and
    /// mode.</summary>
    public static bool HasAll(FileRecord there, FileRecord record) =>
        there.FileId == record.FileId && Equals(there.Encryption, record.Encryption)
            && there.Modified == record.Modified && there.UnixMode == record.UnixMode;

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
        StoredFile file, RecordWriter writer, Copying copying, CancellationToken cancellationToken)
    {
        FileRecord record = file.Record;
        CopiedVersion newest = await CopyVersionAsync(
            file, writer.Home, before: null, copying, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<StoredFile> earlier = writer.Current is { State: FileRecordState.File }
            ? []
            : FindEarlier(file, copying.Options);
        List<CopiedVersion> copied = [newest];
        List<FileVersion> kept = await CopyEarlierAsync(
            earlier, writer.Home, copied, copying, cancellationToken).ConfigureAwait(false);
        if (kept.Count > 0)
        {
            writer.BeginAtVersion(record.Version);
        }

        copying.Progress?.Report(new(TransferPhase.Committing, record.ContentLength, record.ContentLength));
        FileRecord chosen = await writer.CommitAsync(
            current => Describe(
                current, writer.Name, newest.Source, newest.Source.Manifest, writer.Home, newest.Plan.Replicas,
                writer.WriterId) with
            {
                Encryption = record.Encryption,
                Previous = current is { State: FileRecordState.File }
                    ? EarlierVersions.Keep(
                        current, record.FileId, record.Encryption, copying.Options.KeepVersions)
                    : kept,
            },
            [.. copied.Select(one => one.Plan)],
            async token =>
            {
                foreach (CopiedVersion one in copied)
                {
                    await one.Uploader.CompleteAsync(one.Source.Manifest, token).ConfigureAwait(false);
                }

                return [.. copied.Select(one => one.Plan.ToSealPlan(one.Source.Manifest))];
            },
            cancellationToken).ConfigureAwait(false);
        newest.Shortfall.WarnOfFewerCopies();
        return new StoreCopyResult(
            new StoredFile(chosen, IsCurrent: true) { PresentReplicas = newest.Plan.PossibleReplicas },
            IsUnchanged: false,
            copied.Sum(one => one.Uploader.SentChunks),
            copied.Sum(one => one.Uploader.SentBytes));
    }

    /// <summary>The earlier versions that come along: of a file as it is now, not of one of its earlier
    /// versions.</summary>
    private IReadOnlyList<StoredFile> FindEarlier(StoredFile file, StoreCopyOptions copyOptions)
    {
        FileRecord record = file.Record;
        FileVersion[] earlier = file.Newest is not null ? [] :
        [
            .. record.Previous.Where(one => one.Version < record.Version).DistinctBy(one => one.Version)
                .Take(copyOptions.EarlierVersions ?? DfssLimits.MaxPreviousVersions),
        ];
        if (earlier.Length > 0 && record.Version > MaxTakenVersion)
        {
            options.Warning?.Invoke(FormattableString.Invariant(
                $"The earlier versions of '{record.Name}' do not come along: its version number {record.Version} is ")
                + "out of range.");
            return [];
        }

        return [.. earlier.Select(one => file.AtVersion(one.Version))];
    }

    /// <summary>Copies the earlier versions, each content once; one whose chunks are gone is a warning.</summary>
    /// <returns>Those that are whole.</returns>
    private async Task<List<FileVersion>> CopyEarlierAsync(
        IReadOnlyList<StoredFile> earlier, Home home, List<CopiedVersion> copied, Copying copying,
        CancellationToken cancellationToken)
    {
        CopiedVersion newest = copied[0];
        HashSet<FileId> whole = [newest.Source.Manifest.FileId];
        HashSet<FileId> gone = [];
        List<FileVersion> kept = [];
        foreach (StoredFile version in earlier)
        {
            FileId content = version.Record.FileId;
            if (!whole.Contains(content) && !gone.Contains(content))
            {
                try
                {
                    copied.Add(await CopyVersionAsync(
                        version, home, newest.Plan, copying with { Progress = null },
                        cancellationToken).ConfigureAwait(false));
                    whole.Add(content);
                }
                catch (DfssException error) when (
                    error.Code is DfssErrorCode.ChunkNotFound or DfssErrorCode.ChunkCorrupt
                        or DfssErrorCode.FileChanged)
                {
                    gone.Add(content);
                    options.Warning?.Invoke(
                        $"{FileCopies.TitleOf(version.Record)} does not come along: {error.Reason}");
                }
            }

            if (whole.Contains(content))
            {
                int replicas = copying.Options.Replicas ?? CopiesOf(version.Record, home);
                kept.Add(version.Record.Content with { Replicas = replicas, Run = Run });
            }
        }

        return kept;
    }

    /// <summary>Copies the chunks of one version.</summary>
    /// <param name="file">The version.</param>
    /// <param name="home">Where they go.</param>
    /// <param name="before">The plan of another version: members that it has left out get none of this one.</param>
    /// <param name="copying">How they are copied.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    private async Task<CopiedVersion> CopyVersionAsync(
        StoredFile file, Home home, SendPlan? before, Copying copying, CancellationToken cancellationToken)
    {
        FileRecord record = file.Record;
        StoredContent content = await copying.OpenAsync(file, cancellationToken).ConfigureAwait(false);
        StoredSource source = new(
            content,
            record.Content,
            before is null ? record.Name : FormattableString.Invariant($"{record.Name}, version {record.Version}"));
        SendOptions asSent = new()
        {
            Replicas = copying.Options.Replicas ?? CopiesOf(record, home),
            MinimumReplicas = copying.Options.MinimumReplicas,
        };
        (int replicas, int minimum) = ChooseReplicas(source.Path, home.Count, asSent);
        SendPlan plan = new(
            new Placement(home.Count, replicas, Run),
            minimum,
            content.ChunkCount,
            Enumerable.Range(0, home.Count).Select(member => before?.CanTake(member) ?? home[member] is not null));
        SendShortfall shortfall = new(source.Path, home, plan, directory, options);
        shortfall.ThrowIfBelowMinimum();
        ChunkUploader uploader = new(
            source, shortfall, source.Manifest.ChunkSize, journal: null, cipher: null, buffers, pace, options);
        await uploader.UploadAsync(copying.Progress, cancellationToken).ConfigureAwait(false);
        return new CopiedVersion(source, plan, shortfall, uploader);
    }

    /// <summary>As many copies as at its peers now, and no fewer than a new file has, as far as there are
    /// members.</summary>
    private static int CopiesOf(FileRecord record, Home home) =>
        Math.Min(Math.Max(record.Replicas, SendOptions.DefaultReplicas), home.Count);

    private sealed record Copying(
        Func<StoredFile, CancellationToken, Task<StoredContent>> OpenAsync,
        StoreCopyOptions Options,
        IProgress<TransferProgress>? Progress);

    private sealed record CopiedVersion(
        StoredSource Source, SendPlan Plan, SendShortfall Shortfall, ChunkUploader Uploader);
}
