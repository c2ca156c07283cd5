using Dfss.Records;

namespace Dfss.Transfer;

/// <content>
/// Moving a file to other peers: its chunks, and those of the earlier versions that are kept, are copied there and
/// sealed; then its home accepts a last record of the name, which has the new home.
/// </content>
internal sealed partial class FileRepairer
{
    /// <summary>The new home, with every member reached.</summary>
    /// <exception cref="DfssException">PeerUnreachable, or what all that fail have in common; LimitExceeded: they are
    /// too many.</exception>
    private async Task<Home> ReachNextAsync(
        FileRecord record, IReadOnlyList<PeerAddress> addresses, CancellationToken cancellationToken)
    {
        IReadOnlyList<(PeerAddress Address, PeerHandle? Peer, DfssException? Error)> listed =
            await new HomeFinder(addresses, directory).ConnectAllAsync(cancellationToken).ConfigureAwait(false);
        DfssException[] errors = [.. listed.Select(one => one.Error).OfType<DfssException>()];
        if (errors.Length > 0)
        {
            // A member that does not answer now would lack its vote permanently.
            throw errors[0].Copy(
                $"'{record.Name}' was not moved: {errors.Length} of the {listed.Count} peers to move it to cannot "
                + "be reached. "
                + string.Join(" ", errors.Select(error => error.Reason)),
                errors.Length == 1 ? "Start that peer, or leave it out." : "Start those peers, or leave them out.");
        }

        HomeMember[] members = [.. listed.Select(one => one.Peer!).Distinct().Select(peer => peer.Member)];
        HomeFinder.ThrowIfTooMany(members);
        RecordHome next = new(Placement.Rotate(members, record.Name), new HomeEpoch(record.Epoch + 1, First: null));
        return await Home.ReachAsync(next, directory, enough: members.Length, cancellationToken).ConfigureAwait(false);
    }

    /// <exception cref="DfssException">
    /// ChunkNotFound, TooFewReplicas: nothing was moved, and the next attempt finds what was copied. Conflict: the name
    /// was changed meanwhile. CommitUncertain, NoMajority, InvalidArgument.
    /// </exception>
    private async Task<RepairResult> MoveAsync(
        FileHealth health,
        LocatedFile located,
        Home next,
        RepairOptions repairOptions,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        Home home = located.Home;
        FileRecord wanted = Describe(health.File.Record, next, repairOptions);
        CopyRound[] rounds = await BeginRoundsAsync(
            health, located, next, wanted, cancellationToken).ConfigureAwait(false);
        RepairPlan plan = Plan(rounds, health.File) with { MoveTo = next.Members };
        int before = health.File.PresentReplicas!.Value;
        if (repairOptions.Confirm is not null
            && !await repairOptions.Confirm(plan, cancellationToken).ConfigureAwait(false))
        {
            return new RepairResult(health.File, before, CopiedChunks: 0, CopiedBytes: 0);
        }

        FileRecord moved = await CommitMoveAsync(
            rounds, home, next, wanted, progress, cancellationToken).ConfigureAwait(false);
        WarnIfMissing(wanted, rounds[0].Target, rounds[0]);
        return new RepairResult(
            new StoredFile(moved, IsCurrent: true) { PresentReplicas = rounds[0].Target.Table.PresentReplicas },
            before,
            rounds.Sum(round => round.CopiedChunks),
            rounds.Sum(round => round.CopiedBytes))
        {
            MovedFrom = home.Members,
        };
    }

    /// <summary>The record after the move, without the fields that the vote sets.</summary>
    private static FileRecord Describe(FileRecord record, Home next, RepairOptions repairOptions)
    {
        if (repairOptions.Replicas > next.Count)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                $"{repairOptions.Replicas} copies of '{record.Name}' were asked for, and it is to have {next.Count} "
                    + $"{(next.Count == 1 ? "peer" : "peers")}.",
                "Ask for fewer (-Replicas), or name more peers.");
        }

        return record with
        {
            State = FileRecordState.Moved,
            Replicas = Math.Min(repairOptions.Replicas ?? record.Replicas, next.Count),
            Home = next.Members,
            FormerHome = record.Home,
            Previous = [.. record.Previous.Select(
                earlier => earlier with { Replicas = Math.Min(earlier.Replicas, next.Count) })],
        };
    }

    /// <summary>The copies to make of the file, and then of each earlier version that is kept.</summary>
    private async Task<CopyRound[]> BeginRoundsAsync(
        FileHealth health, LocatedFile located, Home next, FileRecord wanted, CancellationToken cancellationToken)
    {
        StoredFile file = health.File;
        FileManifest manifest = health.Content ?? throw NotMoved(file.Record, WithoutManifest(health));
        FileCopies current = new(located.Home, file.Record, manifest, health.Copies);
        List<CopyRound> rounds =
            [await BeginRoundAsync(current, next, wanted, health.IsDeep, cancellationToken).ConfigureAwait(false)];
        foreach (StoredFile earlier in EarlierOf(file))
        {
            FileHealth tested = await tester.TestAsync(
                located with { File = earlier }, health.IsDeep, progress: null,
                cancellationToken).ConfigureAwait(false);
            FileRecord kept = earlier.Record with { Replicas = Math.Min(earlier.Record.Replicas, next.Count) };
            manifest = tested.Content ?? throw NotMoved(kept, WithoutManifest(tested).Copy(
                $"{FileCopies.TitleOf(kept)} is kept and incomplete: {tested.ManifestProblem}", GiveUpEarlier));
            FileCopies there = new(located.Home, earlier.Record, manifest, tested.Copies) { IsEarlier = true };
            rounds.Add(
                await BeginRoundAsync(there, next, kept, health.IsDeep, cancellationToken).ConfigureAwait(false));
        }

        return [.. rounds];
    }

    private async Task<CopyRound> BeginRoundAsync(
        FileCopies there, Home next, FileRecord wanted, bool deep, CancellationToken cancellationToken)
    {
        CopyTable table = new(wanted.FileId, there.Manifest, next.Count);
        // A deep repair has asked the members that stay to hash their copies, and they have set corrupt ones aside.
        await tester.AskAllAsync(
            next,
            table,
            hashes: member => deep && there.Home.Members.All(one => one.StoreId != next.Members[member].StoreId),
            progress: null,
            cancellationToken).ConfigureAwait(false);
        FileCopies target = new(next, wanted, there.Manifest, table) { IsEarlier = there.IsEarlier };
        return new CopyRound(target, [target, there], buffers, limit, options);
    }

    private static DfssException NotMoved(FileRecord record, DfssException error) =>
        error.Copy($"'{record.Name}' was not moved: {error.Reason}", error.Advice);

    private static RepairPlan Plan(CopyRound[] rounds, StoredFile file)
    {
        Dictionary<HomeMember, int> copies = [];
        HashSet<ChunkId> planned = [];
        RepairPlan plan = new(file, copies, Bytes: 0, LostChunks: 0);
        foreach (CopyRound round in rounds)
        {
            (IReadOnlyDictionary<HomeMember, int> more, long bytes, int lost) = round.Plan(planned);
            foreach ((HomeMember member, int count) in more)
            {
                copies[member] = copies.GetValueOrDefault(member) + count;
            }

            plan = plan with
            {
                Bytes = plan.Bytes + bytes,
                LostChunks = plan.LostChunks + lost,
                LostVersions = lost > 0 ? [.. plan.LostVersions, round.Target.Record.Version] : plan.LostVersions,
            };
        }

        return plan;
    }

    /// <summary>
    /// Copies the chunks, has the new home seal them, the old one accept the move, and the new one accept the file.
    /// </summary>
    private async Task<FileRecord> CommitMoveAsync(
        CopyRound[] rounds, Home home, Home next, FileRecord wanted, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        Home voting = home.WithGuests(next);
        RecordWriter writer = new(voting, wanted.Name, WriteCondition.ReplaceVersion(wanted.Version), options);
        await writer.PrepareAsync(cancellationToken).ConfigureAwait(false);

        bool isFirst = true;
        await writer.CommitAsync(
            _ => wanted,
            async token =>
            {
                List<SealPlan> plans = [];
                foreach (CopyRound round in rounds)
                {
                    plans.Add(AmongVoters(
                        await CopyAllAsync(
                            round, asksAgain: !isFirst || plans.Count > 0, progress, token).ConfigureAwait(false),
                        voting, next));
                }

                isFirst = false;
                progress?.Report(new(TransferPhase.Committing, wanted.Length, wanted.Length));
                return plans;
            },
            cancellationToken).ConfigureAwait(false);
        return await BeginAtAsync(writer.Chosen!, next, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Copies what the new home lacks, and returns what each member should seal.</summary>
    private static async Task<SealPlan> CopyAllAsync(
        CopyRound round, bool asksAgain, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        FileCopies target = round.Target;
        if (asksAgain)
        {
            // Versions share chunks; and a member may lack what it reported, or be down.
            await FileTester.AskAllAsync(target.Home, target.Table, cancellationToken).ConfigureAwait(false);
        }

        await round.CopyAsync(progress, cancellationToken).ConfigureAwait(false);
        FileRecord record = target.Record;
        if (round.LostChunks.Count > 0)
        {
            throw NotMoved(record, Lost(round));
        }

        int least = Math.Min(SendOptions.DefaultReplicas, record.Replicas);
        int present = target.Table.PresentReplicas;
        return present >= least ? target.PlanSeals() : throw new DfssException(
            DfssErrorCode.TooFewReplicas,
            $"'{record.Name}' was not moved: each chunk of {target.Title} needs "
            + $"{(least == 1 ? "a peer" : $"{least} peers")} to move to, "
            + $"and some have {present}. "
            + string.Join(" ", round.Reasons.Prepend(target.Home.Reasons).Where(reason => reason.Length > 0)),
            "Repair those peers and run the command again, which continues the move; or move the file to others.");
    }

    /// <summary>
    /// The plan of the new home's members, extended to all members that vote: the others seal nothing.
    /// </summary>
    private static SealPlan AmongVoters(SealPlan plan, Home voting, Home next)
    {
        int[] places =
        [
            .. voting.Members.Select(member => next.Members.TakeWhile(one => one.StoreId != member.StoreId).Count()),
        ];
        return plan with
        {
            ExpectedByMember = [.. places.Select(place => place < next.Count ? plan.ExpectedByMember[place] : default)],
            Sealers = [.. places.Select(place => place < next.Count)],
        };
    }

    /// <summary>
    /// Has the new home accept its first record, so that not only the members of the old one have it.
    /// </summary>
    private async Task<FileRecord> BeginAtAsync(BallotedRecord moved, Home next, CancellationToken cancellationToken)
    {
        RecordHome later = RecordHome.OfDecided(moved);
        Home home = await next.GoToAsync(later, cancellationToken).ConfigureAwait(false);
        (RegisterReader reader, RegisterDriver driver, home) =
            await new RecordReader(options).FollowAsync(
                moved.Record.Name, home, cancellationToken).ConfigureAwait(false);
        if (!reader.IsCurrent)
        {
            options.Warning?.Invoke(
                $"'{moved.Record.Name}' moved, and of its {home.Count} new peers fewer than the {home.Majority} answer "
                + "that it needs from now on. "
                + driver.Reasons);
        }
        else if (reader.Result is BallotedRecord current)
        {
            // A reader sends it only to the members whose answers it needed; what the others sealed would stay until it
            // is settled.
            await NotifyAsync(current, home, cancellationToken).ConfigureAwait(false);
        }

        return later.Epoch.First!.Record;
    }

    /// <summary>Sends the decision to every member, and waits only shortly for slow ones.</summary>
    private async Task NotifyAsync(BallotedRecord decided, Home home, CancellationToken cancellationToken)
    {
        using CancellationTokenSource leave = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        int told = 0;
        Task[] telling =
            [.. Enumerable.Range(0, home.Count).Select(member => home[member]).OfType<PeerHandle>()
                .Select(TellOneAsync)];
        await StragglerGrace.WaitAsync(
            telling, () => Volatile.Read(ref told) >= home.Majority, directory.Clock,
            cancellationToken).ConfigureAwait(false);
        await leave.CancelAsync().ConfigureAwait(false);
        await StragglerGrace.EndAsync(telling, cancellationToken).ConfigureAwait(false);

        async Task TellOneAsync(PeerHandle peer)
        {
            try
            {
                await peer.Records.AskAsync(
                    [new DecideRequest(decided.Record.Name, decided.Ballot, decided.Record)],
                    leave.Token).ConfigureAwait(false);
                Interlocked.Increment(ref told);
            }
            catch (DfssException error)
            {
                options.Verbose?.Invoke(
                    $"{peer} was not notified that '{decided.Record.Name}' moved, and learns it later: {error.Reason}");
            }
        }
    }
}
