using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>Restores the copies of a stored file: finds where they are, copies what is missing from good ones to the
/// next members of each chunk's ring, and has the members seal and accept the record once more, so that they keep it.
/// The same for the earlier versions that the record keeps. Each step may be repeated; a repair that is run again
/// continues.</summary>
internal sealed partial class FileRepairer(
    PeerDirectory directory, FileTester tester, ChunkBuffers buffers, TransferPace pace, TransferOptions options)
{
    /// <exception cref="DfssException">ChunkNotFound: some chunks have no good copy anywhere; all others were repaired.
    /// Conflict: the name was changed meanwhile. FileNotFound, NoMajority, PeerUnreachable,
    /// InvalidArgument.</exception>
    public async Task<RepairResult> RepairAsync(
        StoredFile file, RepairOptions repairOptions, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        progress?.Report(new(TransferPhase.Negotiating, 0, file.Record.Length));
        LocatedFile located = await LocatedFile.FindAsync(
            file, directory, options, cancellationToken).ConfigureAwait(false);
        (file, Home home, _) = located;
        FileRecord record = file.Record;
        Home? next = repairOptions.MoveTo is { } addresses
            ? await ReachNextAsync(record, addresses, cancellationToken).ConfigureAwait(false)
            : null;
        FileHealth health = await tester.TestAsync(
            located, repairOptions.Deep, progress, cancellationToken).ConfigureAwait(false);
        ThrowIfNotAsExpected(health);
        if (next is not null && !next.HasSameStoresAs(record.Home))
        {
            return await MoveAsync(
                health, located, next, repairOptions, progress, cancellationToken).ConfigureAwait(false);
        }

        FileRecord wanted = record with { Replicas = ChooseReplicas(record, repairOptions) };
        FileCopies copies = new(home, wanted, health.Content ?? throw WithoutManifest(health), health.Copies);
        CopyRound round = new(copies, [copies], buffers, pace, options);
        CopyRound[] rounds =
            [round, .. await BeginEarlierAsync(located, repairOptions.Deep, cancellationToken).ConfigureAwait(false)];
        IReadOnlyList<PeerHandle> withoutVote = await FindWithoutVoteAsync(
            home, record.Name, cancellationToken).ConfigureAwait(false);
        RepairPlan plan = Plan(rounds, health.File) with
        {
            WithoutVote = [.. withoutVote.Select(peer => peer.Member)],
            Readdressed = home.FindReaddressed(record),
        };
        bool isChange = wanted.Replicas != record.Replicas;
        RepairResult result = new(health.File, health.File.PresentReplicas!.Value, CopiedChunks: 0, CopiedBytes: 0);
        if (plan.Copies.Count == 0 && plan.LostChunks == 0 && !isChange && withoutVote.Count == 0
            && plan.Readdressed.Count == 0)
        {
            // What is there may have come with a repair that was interrupted before it was durable.
            await copies.FlushAsync(options, cancellationToken).ConfigureAwait(false);
        }
        else if (repairOptions.Confirm is null
            || await repairOptions.Confirm(plan, cancellationToken).ConfigureAwait(false))
        {
            FileRecord chosen = await CommitAsync(
                rounds, file, isChange, progress, cancellationToken).ConfigureAwait(false);
            if (withoutVote.Count > 0)
            {
                await BringUpAsync(
                    rounds, new StoredFile(chosen, IsCurrent: true), cancellationToken).ConfigureAwait(false);
            }

            result = result with
            {
                File = new StoredFile(chosen, IsCurrent: true) { PresentReplicas = copies.Table.PresentReplicas },
                CopiedChunks = rounds.Sum(one => one.CopiedChunks),
                CopiedBytes = rounds.Sum(one => one.CopiedBytes),
            };
        }
        else
        {
            return result;
        }

        WarnIfMissing(wanted, copies, round);
        return result;
    }

    /// <summary>Copies, then has the members seal what they hold and accept the record.</summary>
    private async Task<FileRecord> CommitAsync(
        CopyRound[] rounds, StoredFile file, bool isChange, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        FileCopies copies = rounds[0].Target;
        FileRecord record = file.Record;
        RecordWriter writer = isChange
            ? new RecordWriter(copies.Home, record.Name, WriteCondition.ReplaceVersion(record.Version), options)
            : RecordWriter.Refresh(copies.Home, record, options);
        await writer.PrepareAsync(cancellationToken).ConfigureAwait(false);

        IReadOnlyList<CopyRound>? earlier = null;
        return await writer.CommitAsync(
            isChange ? current => current! with { Replicas = copies.Record.Replicas } : RecordWriter.Same,
            async token =>
            {
                if (earlier is not null)
                {
                    // A member lacks what it reported, or is down.
                    await FileTester.AskAllAsync(copies.Home, copies.Table, token).ConfigureAwait(false);
                }

                await rounds[0].CopyAsync(progress, token).ConfigureAwait(false);
                await ThrowIfLostAsync(rounds[0], token).ConfigureAwait(false);

                // Those that are complete now, and no others later: the seals are requested in this order.
                earlier = await CopyEarlierAsync(
                    earlier ?? rounds[1..], isFirst: earlier is null, progress, token).ConfigureAwait(false);
                progress?.Report(new(TransferPhase.Committing, record.Length, record.Length));
                return [copies.PlanSeals(), .. earlier.Select(one => one.Target.PlanSeals())];
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// The members whose registers of the name have no vote: their stores were restored from an earlier copy.
    /// </summary>
    private async Task<IReadOnlyList<PeerHandle>> FindWithoutVoteAsync(
        Home home, string name, CancellationToken cancellationToken)
    {
        if (home.Place.IsUnanimous)
        {
            return [];
        }

        PeerHandle[] peers = [.. Enumerable.Range(0, home.Count).Select(member => home[member]).OfType<PeerHandle>()];
        IReadOnlyDictionary<StoreId, RegisterAnswer> answers =
            await new ClockProbe(directory.Clocks).AskAsync(peers, name, cancellationToken).ConfigureAwait(false);
        return [.. peers.Where(peer => answers.GetValueOrDefault(peer.StoreId)?.Status == RegisterStatus.NoVote)];
    }

    /// <summary>
    /// Makes sure that the members have a vote. A member that detects only in the round that its store was restored
    /// gets its vote in the next one.
    /// </summary>
    private async Task BringUpAsync(CopyRound[] rounds, StoredFile file, CancellationToken cancellationToken)
    {
        Home home = rounds[0].Target.Home;
        string name = file.Record.Name;
        if ((await FindWithoutVoteAsync(home, name, cancellationToken).ConfigureAwait(false)).Count > 0)
        {
            await CommitAsync(rounds, file, isChange: false, progress: null, cancellationToken).ConfigureAwait(false);
        }

        foreach (PeerHandle peer in await FindWithoutVoteAsync(home, name, cancellationToken).ConfigureAwait(false))
        {
            options.Warning?.Invoke(
                $"{peer} still has no vote on '{name}': it did not receive the decision. Repair the file again.");
        }
    }

    private static int ChooseReplicas(FileRecord record, RepairOptions repairOptions)
    {
        int replicas = repairOptions.Replicas ?? record.Replicas;
        return replicas <= record.Home.Count || repairOptions.Replicas is null ? replicas : throw new DfssException(
            DfssErrorCode.InvalidArgument,
            $"{replicas} copies of '{record.Name}' were asked for, and it has {record.Home.Count} "
                + $"{(record.Home.Count == 1 ? "peer" : "peers")}.",
            "Ask for fewer (-Replicas).");
    }

    /// <summary>Only the current version can be repaired, and only if a majority confirms it.</summary>
    private static void ThrowIfNotAsExpected(FileHealth health)
    {
        FileRecord record = health.File.Record;
        if (health.CurrentRecord is not { } current)
        {
            string reasons = string.Join(
                " ", health.Members.Where(member => !member.IsUp).Select(member => member.Reason));
            throw new DfssException(
                DfssErrorCode.NoMajority,
                $"'{record.Name}' is decided by {record.Home.Count} peers of which {(record.Home.Count / 2) + 1} must "
                + "answer, and fewer did. "
                + $"Nothing was changed. {reasons}".TrimEnd());
        }

        if (current.State == FileRecordState.Removed)
        {
            throw RecordReader.NotFound(record.Name);
        }

        if (current.Version != record.Version)
        {
            throw new DfssException(
                DfssErrorCode.Conflict,
                $"'{record.Name}' is at version {current.Version}, not at version {record.Version}.",
                "Look at it with Get-DfssFileInfo, then repair it again.");
        }
    }

    private static DfssException WithoutManifest(FileHealth health) => new(
        DfssErrorCode.ChunkNotFound,
        health.ManifestProblem!,
        "Start the file's other peers and repair it again, or send it again with -Force.")
    {
        ChunkId = health.Manifest.Id,
    };

    /// <summary>What was copied stays: the members have the manifest and the record, and so keep it.</summary>
    private async Task ThrowIfLostAsync(CopyRound round, CancellationToken cancellationToken)
    {
        if (round.LostChunks.Count > 0)
        {
            await round.Target.FlushAsync(options, cancellationToken).ConfigureAwait(false);
            throw Lost(round);
        }
    }

    private static DfssException Lost(CopyRound round)
    {
        FileCopies copies = round.Target;
        return new DfssException(
            DfssErrorCode.ChunkNotFound,
            DescribeLost(round, $"the {copies.Manifest.ChunkCount} chunks of {copies.Title}"),
            copies.IsEarlier
                ? GiveUpEarlier
                : "Start the file's other peers and repair it again, or send it again with -Force.")
        {
            ChunkId = copies.Manifest[round.LostChunks[0]],
        };
    }

    private static string DescribeLost(CopyRound round, string chunks)
    {
        IReadOnlyList<int> lost = round.LostChunks;
        string which = string.Join(", ", lost.Take(10)) + (lost.Count > 10 ? ", ..." : string.Empty);
        string reasons = string.Join(
            " ", round.Reasons.Prepend(round.Target.Home.Reasons).Where(reason => reason.Length > 0));
        return $"{lost.Count} of {chunks} (index {which}) have no good copy at any peer that can be reached; "
            + $"of the others {round.CopiedChunks} copies were made. {reasons}".TrimEnd();
    }

    private void WarnIfMissing(FileRecord wanted, FileCopies copies, CopyRound round)
    {
        int present = copies.Table.PresentReplicas;
        if (present < wanted.Replicas)
        {
            options.Warning?.Invoke(
                $"'{wanted.Name}' has {present} of its {wanted.Replicas} copies after its repair: too few of its "
                + $"{copies.Home.Count} peers can take more. "
                + string.Join(" ", round.Reasons.Prepend(copies.Home.Reasons).Where(reason => reason.Length > 0)));
        }
    }
}
