using Dfss.Records;

namespace Dfss.Transfer;

/// <content>
/// The versions of a file that is copied. The manifest of one earlier version is in memory at a time: those of 64
/// versions of 100 GiB take 450 MB. It is read again if a peer loses chunks of the version before it seals them.
/// </content>
internal sealed partial class FileSender
{
    /// <summary>Copies the earlier versions, each content once; one whose chunks are gone is a warning.</summary>
    /// <returns>Those that are whole.</returns>
    private async Task<IReadOnlyList<FileVersion>> CopyEarlierAsync(
        IReadOnlyList<StoredFile> earlier, Home home, List<CopiedVersion> copied, Copying copying,
        CancellationToken cancellationToken)
    {
        CopiedVersion newest = copied[0];
        HashSet<FileId> whole = [copying.File.Record.FileId];
        HashSet<FileId> gone = [];
        List<FileVersion> kept = [];
        foreach (StoredFile version in earlier)
        {
            FileId content = version.Record.FileId;
            if (!whole.Contains(content) && !gone.Contains(content))
            {
                try
                {
                    copied.Add((await CopyVersionAsync(
                        version, home, newest.Plan, copying, cancellationToken).ConfigureAwait(false)).Copied);
                    whole.Add(content);
                }
                catch (DfssException error) when (
                    error.Code is DfssErrorCode.ChunkNotFound or DfssErrorCode.ChunkCorrupt
                        or DfssErrorCode.FileChanged && copying.Reads.HasFailedWith(error))
                {
                    gone.Add(content);
                    options.Warning?.Invoke(
                        $"{FileCopies.TitleOf(version.Record)} does not come along: {error.Reason} "
                            + "If its chunks come back, copy the file again with -Force.");
                }
            }

            if (whole.Contains(content))
            {
                kept.Add(version.Record.Content with { Replicas = copying.Copies[content], Run = Run });
            }
        }

        return kept;
    }

    /// <summary>Copies the chunks of one version.</summary>
    /// <param name="file">The version.</param>
    /// <param name="home">Where they go.</param>
    /// <param name="before">The plan of the newest version: members that it has left out get none of this one; null for
    /// the newest, which keeps its manifest.</param>
    /// <param name="copying">How they are copied.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    private async Task<(CopiedVersion Copied, StoredSource Source)> CopyVersionAsync(
        StoredFile file, Home home, SendPlan? before, Copying copying, CancellationToken cancellationToken)
    {
        SendOptions asSent = new()
        {
            Replicas = copying.Copies[file.Record.FileId],
            MinimumReplicas = copying.Options.MinimumReplicas,
        };
        (int replicas, int minimum) = ChooseReplicas(TitleOf(file, before), home.Count, asSent);
        StoredSource source = await OpenAsync(file, TitleOf(file, before), copying, cancellationToken)
            .ConfigureAwait(false);
        SendPlan plan = new(
            new Placement(home.Count, replicas, Run),
            minimum,
            source.Manifest.ChunkCount,
            Enumerable.Range(0, home.Count).Select(member => before?.CanTake(member) ?? home[member] is not null));
        SendShortfall shortfall = new(source.Path, home, plan, directory, options);
        shortfall.ThrowIfBelowMinimum();
        ChunkUploader uploader = CreateUploader(source, shortfall, copying);
        await uploader.UploadAsync(before is null ? copying.Progress : null, cancellationToken).ConfigureAwait(false);
        await uploader.CompleteAsync(source.Manifest, cancellationToken).ConfigureAwait(false);
        return (
            new CopiedVersion(file, source.Path, plan, shortfall) { Ready = plan.ToSealPlan(source.Manifest) }, source);
    }

    /// <summary>What the members are to seal of a version; puts again what they have lost meanwhile.</summary>
    private async Task<SealPlan> PlanSealAsync(
        CopiedVersion version, Home home, Copying copying, CancellationToken cancellationToken)
    {
        if (version.Ready is { } ready)
        {
            version.Ready = null;
            return ready;
        }

        StoredSource source = await OpenAsync(version.File, version.Title, copying, cancellationToken)
            .ConfigureAwait(false);
        ChunkUploader uploader = CreateUploader(source, version.Shortfall, copying);
        uploader.IsSealing = true;
        await uploader.CompleteAsync(source.Manifest, cancellationToken).ConfigureAwait(false);
        return version.Plan.ToSealPlan(source.Manifest);
    }

    private static async Task<StoredSource> OpenAsync(
        StoredFile file, string title, Copying copying, CancellationToken cancellationToken) => new(
            await copying.Reads.OpenAsync(file, cancellationToken).ConfigureAwait(false),
            file.Record.Content,
            title,
            copying.Reads);

    private ChunkUploader CreateUploader(StoredSource source, SendShortfall shortfall, Copying copying)
    {
        ChunkUploader uploader = new(
            source, shortfall, source.Manifest.ChunkSize, journal: null, cipher: null, buffers, pace, options);
        copying.Counts.Add(uploader.Sent);
        return uploader;
    }

    private static string TitleOf(StoredFile file, SendPlan? before) => before is null
        ? file.Record.Name
        : FormattableString.Invariant($"{file.Record.Name}, version {file.Record.Version}");

    /// <summary>One copy of one file.</summary>
    private sealed record Copying(
        StoredFile File, StoreCopyOptions Options, SourceReads Reads, IProgress<TransferProgress>? Progress)
    {
        /// <summary>What each upload sent.</summary>
        public List<SentCount> Counts { get; } = [];

        /// <summary>How many copies each content gets: versions that share one have the same chunks.</summary>
        public Dictionary<FileId, int> Copies { get; } = [];

        /// <summary>How many chunks and manifests the destination did not have.</summary>
        public int Added => Counts.Sum(one => one.Added);

        /// <summary>
        /// As many copies as at the peers now, no fewer than a new file has, and of earlier versions no fewer than each
        /// chunk must have; as far as there are members.
        /// </summary>
        public void CountCopies(IReadOnlyList<StoredFile> versions, FileRecord? there, int memberCount)
        {
            IEnumerable<FileVersion> present = there?.Previous.Prepend(there.Content) ?? [];
            FileVersion[] all = [.. versions.Select(one => one.Record.Content), .. present];
            foreach (FileId content in versions.Select(one => one.Record.FileId).Distinct())
            {
                int most = all.Where(one => one.FileId == content).Max(one => one.Replicas);
                int least = content == File.Record.FileId
                    ? SendOptions.DefaultReplicas
                    : Math.Max(SendOptions.DefaultReplicas, Options.MinimumReplicas ?? 0);
                Copies[content] = Options.Replicas ?? Math.Min(Math.Max(most, least), memberCount);
            }
        }
    }

    /// <summary>A version whose chunks are at the destination.</summary>
    private sealed record CopiedVersion(StoredFile File, string Title, SendPlan Plan, SendShortfall Shortfall)
    {
        /// <summary>What the members are to seal, until they are asked.</summary>
        public SealPlan? Ready { get; set; }
    }
}
