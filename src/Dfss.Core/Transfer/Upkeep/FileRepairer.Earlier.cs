namespace Dfss.Transfer;

/// <content>The earlier versions that a record keeps: they are repaired with the file.</content>
internal sealed partial class FileRepairer
{
    private const string GiveUpEarlier =
        "Start the file's other peers and run the command again; or send the file again with "
            + "-Force -KeepVersions 0, which gives up its earlier versions.";

    /// <summary>The earlier versions that have content of their own, each content once.</summary>
    private static IEnumerable<StoredFile> EarlierOf(StoredFile file) => file.Record.Previous
        .DistinctBy(one => one.FileId)
        .Where(one => one.FileId != file.Record.FileId)
        .Select(one => file.AtVersion(one.Version));

    /// <summary>The copies to make of the earlier versions. One whose manifest is not available causes a warning, and
    /// does not prevent the others.</summary>
    private async Task<IReadOnlyList<CopyRound>> BeginEarlierAsync(
        LocatedFile located, bool deep, CancellationToken cancellationToken)
    {
        List<CopyRound> rounds = [];
        foreach (StoredFile earlier in EarlierOf(located.File))
        {
            FileHealth health = await tester.TestAsync(
                located with { File = earlier }, deep, progress: null, cancellationToken).ConfigureAwait(false);
            if (health.Content is { } manifest)
            {
                FileCopies copies = new(located.Home, earlier.Record, manifest, health.Copies) { IsEarlier = true };
                rounds.Add(new CopyRound(copies, [copies], buffers, pace, options));
            }
            else
            {
                Warn(earlier.Record, health.ManifestProblem!);
            }
        }

        return rounds;
    }

    /// <summary>Copies what is missing of the earlier versions.</summary>
    /// <returns>Those of which every chunk has a copy. What was copied of the others is kept with their
    /// manifests.</returns>
    /// <exception cref="DfssException">
    /// ChunkNotFound: a version that was complete in the last attempt is not any more.
    /// </exception>
    private async Task<IReadOnlyList<CopyRound>> CopyEarlierAsync(
        IReadOnlyList<CopyRound> rounds, bool isFirst, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        List<CopyRound> whole = [];
        foreach (CopyRound round in rounds)
        {
            // Versions share chunks: a chunk that was copied for one is there for the next.
            FileCopies copies = round.Target;
            await FileTester.AskAllAsync(copies.Home, copies.Table, cancellationToken).ConfigureAwait(false);
            await round.CopyAsync(progress, cancellationToken).ConfigureAwait(false);
            if (round.LostChunks.Count == 0)
            {
                whole.Add(round);
            }
            else if (isFirst)
            {
                Warn(copies.Record, DescribeLost(round, $"its {copies.Manifest.ChunkCount} chunks"));
            }
            else
            {
                // The members were asked to seal it already.
                throw Lost(round);
            }
        }

        return whole;
    }

    private void Warn(FileRecord earlier, string reason) => options.Warning?.Invoke(
        FormattableString.Invariant($"Version {earlier.Version} of '{earlier.Name}' is kept and incomplete: {reason}"));
}
