using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>Changes one name's record at its home: prepares, and, once the caller has put the chunks, seals, accepts
/// and decides.</summary>
internal sealed partial class RecordWriter
{
    /// <summary>A member that lacks acknowledged chunks this often in a row is broken; once is a sweep between put and
    /// seal.</summary>
    private const int MaxSealRounds = 3;

    private const string LookAgain = "Look at it with Get-DfssFileInfo, then run the command again.";

    private readonly Home home;
    private readonly string name;
    private readonly RegisterDriver driver;
    private readonly SealingRound round;
    private readonly WriteCondition condition;

    public RecordWriter(Home home, string name, WriteCondition condition, TransferOptions options)
        : this(home, condition, Guid.NewGuid(),
            id => new Proposer(name, home.Place, condition, id, Guid.NewGuid), options)
    {
    }

    private RecordWriter(
        Home home, WriteCondition condition, Guid writerId, Func<Guid, SealingRound> begin, TransferOptions options)
    {
        this.home = home;
        this.condition = condition;
        WriterId = writerId;
        round = begin(writerId);
        name = round.Name;
        driver = new RegisterDriver(home, options);
    }

    /// <summary>One that changes nothing but the members' addresses: the members seal what they hold, and accept the
    /// record once more.</summary>
    /// <param name="home">The home.</param>
    /// <param name="record">The current record of the name.</param>
    /// <param name="options">How to transfer.</param>
    /// <param name="givesWayAfter">
    /// For one that ends in a conflict where another writer is at work on the name: the ballot of the record. Else
    /// null.
    /// </param>
    public static RecordWriter Refresh(
        Home home, FileRecord record, TransferOptions options, Ballot? givesWayAfter = null) => new(
            home,
            WriteCondition.ReplaceVersion(record.Version),
            record.WriterId,
            _ => new Refresher(home.Place, record, Guid.NewGuid, givesWayAfter),
            options);

    /// <summary>What a refresh makes of the record.</summary>
    public static Func<FileRecord?, FileRecord> Same { get; } = static current => current!;

    /// <summary>The plans of a change that has no chunks to seal.</summary>
    public static Task<IReadOnlyList<SealPlan>> NoSeals { get; } = Task.FromResult<IReadOnlyList<SealPlan>>([]);

    /// <summary>Where the change is made.</summary>
    public Home Home => home;

    /// <summary>The name.</summary>
    public string Name => name;

    /// <summary>Marks the record as this change's own.</summary>
    public Guid WriterId { get; }

    /// <summary>After step 2: the current record of the name; null where it was never sent.</summary>
    public FileRecord? Current => round.Current?.Record;

    /// <summary>Whether a member that answered has no vote on the name.</summary>
    public bool HasMemberWithoutVote => driver.HasMemberWithoutVote;

    /// <summary>After step 5: the record and the ballot it was chosen at.</summary>
    public BallotedRecord? Chosen => round.Chosen;

    /// <summary>Has the record get this version at least: a file that comes from other peers with its earlier versions
    /// keeps their numbers.</summary>
    public void BeginAtVersion(long version) => ((Proposer)round).LeastVersion = version;

    /// <summary>Begins a change, by steps 1 and 2, at the home that the name has now.</summary>
    /// <exception cref="DfssException">
    /// As in <see cref="PrepareAsync"/>, without the conflict of a name at another home.
    /// </exception>
    public static Task<RecordWriter> BeginAsync(
        string name, Home home, WriteCondition condition, TransferOptions options,
        CancellationToken cancellationToken) =>
        LaterHome.FollowAsync(name, home, async at =>
        {
            RecordWriter writer = new(at, name, condition, options);
            return (writer, await writer.TryPrepareAsync(cancellationToken).ConfigureAwait(false));
        });

    /// <summary>Steps 1 and 2: whether the change may be made at this home, before any chunk is sent.</summary>
    /// <exception cref="DfssException">
    /// FileExists, Conflict, NoMajority, StoreRunsTwice, or the common error of the members that failed, as
    /// StoreFailed.
    /// </exception>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        if (await TryPrepareAsync(cancellationToken).ConfigureAwait(false) is not null)
        {
            throw new DfssException(
                DfssErrorCode.Conflict, $"'{name}' moved to other peers meanwhile.", "Run the command again.");
        }
    }

    /// <summary>Prepares; returns the home that the name has now, if that is another one.</summary>
    private async Task<Home?> TryPrepareAsync(CancellationToken cancellationToken)
    {
        await home.ThrowIfAnyRunsTwiceAsync(cancellationToken).ConfigureAwait(false);
        await driver.RunAsync(
            round, () => round.State == ProposerState.Prepared, cancellationToken).ConfigureAwait(false);
        if (round.State == ProposerState.Moved)
        {
            return await LaterHome.ReachAsync(round, home, cancellationToken).ConfigureAwait(false);
        }

        ThrowIfFailed();
        return round.Current is { } current && !home.IsSameAs(current.Record.Home)
            ? await home.GoToAsync(RecordHome.OfAccepted(current), cancellationToken).ConfigureAwait(false)
            : null;
    }

    /// <summary>Steps 3 to 5 with chunks that are at their members already, according to the plan.</summary>
    /// <param name="describe">The record, made from the one it replaces (null: none).</param>
    /// <param name="planSeals">
    /// Says which member is to seal what: of the file, and then of earlier versions that are put again; nothing for a
    /// record without chunks. Called first, and again when a member turns out not to have what it was to seal.
    /// </param>
    /// <param name="cancellationToken">Gives up; whether the change was made is then not known.</param>
    /// <exception cref="DfssException">
    /// FileExists, Conflict, NoMajority, CommitUncertain, StoreFailed, and what <paramref name="planSeals"/> throws.
    /// </exception>
    public Task<FileRecord> CommitAsync(
        Func<FileRecord?, FileRecord> describe,
        Func<CancellationToken, Task<IReadOnlyList<SealPlan>>> planSeals,
        CancellationToken cancellationToken) => CommitAsync(
            describe,
            planSeals,
            async (index, token) => (await planSeals(token).ConfigureAwait(false))[index],
            ThrowIfTooOften,
            cancellationToken);

    /// <summary>
    /// Steps 3 to 5 of a send: the plan records what a member is missing, and the sender puts it again. There is a plan
    /// for the file, and for each earlier version that is sent with it.
    /// </summary>
    /// <param name="describe">The record, made from the one it replaces (null: none).</param>
    /// <param name="plans">The plans.</param>
    /// <param name="planSealAsync">
    /// Puts what the plan of this index lacks, and says which member is to seal what. Called once for each plan, and
    /// again for the one of which a member turns out not to have what it was to seal.
    /// </param>
    /// <param name="cancellationToken">Gives up; whether the change was made is then not known.</param>
    /// <exception cref="DfssException">As above.</exception>
    public Task<FileRecord> CommitAsync(
        Func<FileRecord?, FileRecord> describe,
        IReadOnlyList<SendPlan> plans,
        Func<int, CancellationToken, Task<SealPlan>> planSealAsync,
        CancellationToken cancellationToken) =>
        CommitAsync(
            describe,
            async token =>
            {
                List<SealPlan> seals = [];
                for (int index = 0; index < plans.Count; index++)
                {
                    seals.Add(await planSealAsync(index, token).ConfigureAwait(false));
                }

                return seals;
            },
            planSealAsync,
            tries => NoteMissing(plans[round.PlanIndex], tries),
            cancellationToken);

    /// <summary>Steps 4 and 5 of a removal: a tombstone in place of the name's record.</summary>
    /// <param name="namesContent">Whether it names what the name had, so that it can be restored.</param>
    /// <param name="cancellationToken">Gives up; whether the change was made is then not known.</param>
    /// <exception cref="DfssException">Conflict, NoMajority, CommitUncertain.</exception>
    public Task<FileRecord> RemoveAsync(bool namesContent, CancellationToken cancellationToken) => CommitAsync(
        current => new FileRecord
        {
            Name = name,
            Version = 1,
            State = FileRecordState.Removed,
            Home = home.Members,
            WriterId = WriterId,
            Previous = namesContent
                ? [.. EarlierVersions.Of(current).Take(DfssLimits.MaxPreviousVersions)]
                : [],
        },
        static _ => NoSeals,
        cancellationToken);

    private async Task<FileRecord> CommitAsync(
        Func<FileRecord?, FileRecord> describe,
        Func<CancellationToken, Task<IReadOnlyList<SealPlan>>> planSeals,
        Func<int, CancellationToken, Task<SealPlan>> planAgain,
        Action<int> noteMissing,
        CancellationToken cancellationToken)
    {
        IReadOnlyList<SealPlan> plans = await planSeals(cancellationToken).ConfigureAwait(false);
        round.Propose(current => DescribeAtHome(describe, current?.Record), plans);

        // Counted for each plan: a sweep may take chunks of every version of a file once, and no member is broken.
        int[] tries = new int[Math.Max(plans.Count, 1)];
        while (true)
        {
            await driver.RunAsync(
                round, () => round.State == ProposerState.ChunksMissing, cancellationToken).ConfigureAwait(false);
            if (round.State != ProposerState.ChunksMissing)
            {
                ThrowIfFailed();
                return round.Chosen!.Record;
            }

            noteMissing(++tries[round.PlanIndex]);
            round.Reseal(await planAgain(round.PlanIndex, cancellationToken).ConfigureAwait(false));
        }
    }

    private void ThrowIfTooOften(int tries)
    {
        if (tries >= MaxSealRounds)
        {
            throw new DfssException(
                DfssErrorCode.StoreFailed,
                ($"The peers of '{name}' lose chunks that they have acknowledged. Nothing was changed. "
                    + driver.Reasons).TrimEnd(),
                "Test the file with -Deep, and look at the peers' logs.");
        }
    }

    /// <summary>
    /// What was collected between put and seal, or lost with a member that was restarted or cannot be reached.
    /// </summary>
    private void NoteMissing(SendPlan plan, int tries)
    {
        for (int member = 0; member < home.Count; member++)
        {
            ChunkBitmap missing = round.MissingAt(member);
            plan.MarkMissing(member, missing);
            if (round.IsUnavailable(member) && home[member] is { } lost)
            {
                plan.Exclude(member, driver.ErrorOf(member) ?? new DfssException(
                    DfssErrorCode.TimedOut, $"{lost} did not answer when it was asked to seal."));
            }
            else if (tries >= MaxSealRounds && (!missing.IsEmpty || round.IsManifestMissingAt(member)))
            {
                plan.Exclude(member, new DfssException(
                    DfssErrorCode.StoreFailed, $"{home[member]} loses chunks that it has acknowledged.",
                    "Check its disk and memory."));
            }
        }
    }

    private FileRecord DescribeAtHome(Func<FileRecord?, FileRecord> describe, FileRecord? current)
    {
        if (current is null || home.IsSameAs(current.Home))
        {
            return home.WithCurrentAddresses(describe(current));
        }

        const string Meanwhile = "was made by another client meanwhile, with other peers.";
        throw round is Proposer { MayHaveChanged: true }
            ? new DfssException(
                DfssErrorCode.CommitUncertain,
                $"'{name}' {Meanwhile} It is unknown whether this change was made before it.", LookAgain)
            : new DfssException(DfssErrorCode.Conflict, $"'{name}' {Meanwhile}", LookAgain);
    }
}
