using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>
/// Makes an earlier version of a name the newest again, or brings a removed file back: a new version with the former
/// content. No chunk is moved; the members seal the chunks that they still have, and then vote on the record.
/// </summary>
internal sealed class FileRestorer(PeerDirectory directory, FileTester tester, TransferOptions options)
{
    /// <exception cref="DfssException">As in <see cref="DfssClient.RestoreAsync"/>.</exception>
    public async Task<StoredFile> RestoreAsync(StoredFile file, CancellationToken cancellationToken)
    {
        string name = file.Record.Name;
        LocatedFile located = await LocatedFile.FindAsync(
            file, directory, options, cancellationToken).ConfigureAwait(false);
        WriteCondition condition = FindCondition(file, located.Current);
        RecordWriter writer = await RecordWriter.BeginAsync(
            name, located.Home, condition, options, cancellationToken).ConfigureAwait(false);
        FileVersion wanted = file.Record.Content;
        Restoring restoring = new(writer, tester, options, wanted);
        try
        {
            FileRecord restored = await writer.CommitAsync(
                restoring.Describe, restoring.PlanSealsAsync, cancellationToken).ConfigureAwait(false);
            return restoring.Copies!.ToStoredFile(restored, options);
        }
        catch (DfssException error) when (error.Code == DfssErrorCode.ChunkNotFound)
        {
            throw error.Copy(
                FormattableString.Invariant(
                    $"Version {wanted.Version} of '{name}' cannot be restored: chunks of it are gone. {error.Reason}"),
                "If peers of the file are stopped, start them and try again; else garbage collection has deleted it.");
        }
    }

    /// <summary>
    /// The name must stay as it is now: a file that another client sends meanwhile is not replaced.
    /// </summary>
    private static WriteCondition FindCondition(StoredFile file, FileRecord? current)
    {
        FileVersion wanted = file.Record.Content;
        if (current is { State: FileRecordState.File } && current.Version == wanted.Version)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                FormattableString.Invariant($"Version {wanted.Version} of '{file.Name}' is its newest one."),
                "Give an earlier one with -Version; Get-DfssFileInfo shows those that are kept in Versions.");
        }

        if (current is not null
            && !EarlierVersions.Of(current).Any(one => (one.Version, one.FileId) == (wanted.Version, wanted.FileId)))
        {
            throw current.State == FileRecordState.File
                ? new StoredFile(current, IsCurrent: true) { Name = file.Name }.NotKept(wanted.Version)
                : RecordReader.NotFound(file.Name);
        }

        // Without a majority the writer gives the reasons.
        return WriteCondition.ReplaceVersion(current?.Version ?? file.Record.Version);
    }

    /// <summary>What one restore seals and writes.</summary>
    private sealed class Restoring(
        RecordWriter writer, FileTester tester, TransferOptions options, FileVersion wanted)
    {
        // Of a removed name: the other versions that are whole, which are restored with it.
        private List<FileVersion>? others;

        /// <summary>The copies of the restored content.</summary>
        public FileCopies? Copies { get; private set; }

        /// <summary>
        /// A file keeps all its versions, the replaced one too: the restored one is not a version twice.
        /// </summary>
        public FileRecord Describe(FileRecord? current) => current! with
        {
            State = FileRecordState.File,
            Content = wanted,
            WriterId = writer.WriterId,
            Previous =
            [
                .. EarlierVersions.Of(current)
                    .Where(one => one.Version != wanted.Version
                        && (current.State == FileRecordState.File || others!.Contains(one)))
                    .Take(DfssLimits.MaxPreviousVersions),
            ],
        };

        /// <summary>
        /// The chunks of a file's versions are kept by its present record. Those of a removed file are kept by nothing
        /// until they are sealed.
        /// </summary>
        public async Task<IReadOnlyList<SealPlan>> PlanSealsAsync(CancellationToken cancellationToken)
        {
            FileRecord current = writer.Current!;
            (Copies, SealPlan plan) = await PlanAsync(current, wanted, cancellationToken).ConfigureAwait(false);
            List<SealPlan> plans = [plan];
            if (others is null)
            {
                others = [];
                foreach (FileVersion other in current.State == FileRecordState.Removed ? current.Previous : [])
                {
                    if (other.Version != wanted.Version
                        && await TryPlanAsync(current, other, cancellationToken).ConfigureAwait(false) is { } kept)
                    {
                        others.Add(other);
                        plans.Add(kept);
                    }
                }

                return plans;
            }

            foreach (FileVersion other in others)
            {
                plans.Add((await PlanAsync(current, other, cancellationToken).ConfigureAwait(false)).Plan);
            }

            return plans;
        }

        private async Task<SealPlan?> TryPlanAsync(
            FileRecord current, FileVersion version, CancellationToken cancellationToken)
        {
            try
            {
                return (await PlanAsync(current, version, cancellationToken).ConfigureAwait(false)).Plan;
            }
            catch (DfssException error) when (error.Code == DfssErrorCode.ChunkNotFound)
            {
                options.Warning?.Invoke(FormattableString.Invariant(
                    $"Version {version.Version} of '{current.Name}' does not come back: chunks of it are gone."));
                return null;
            }
        }

        private async Task<(FileCopies Copies, SealPlan Plan)> PlanAsync(
            FileRecord current, FileVersion version, CancellationToken cancellationToken)
        {
            StoredFile file = new(current with { Content = version }, IsCurrent: true);
            FileCopies copies = await tester.FindCopiesAsync(
                file, writer.Home, cancellationToken).ConfigureAwait(false);
            await copies.SpreadManifestAsync(options, cancellationToken).ConfigureAwait(false);
            return (copies, copies.PlanSeals());
        }
    }
}
