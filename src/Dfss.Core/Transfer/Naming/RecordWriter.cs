using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>Changes one name's record at its home: prepares, and, once the caller has put the chunks, seals, accepts
/// and decides.</summary>
internal sealed class RecordWriter
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
        : this(home, condition, Guid.NewGuid(), id => new Proposer(name, home.Place, condition, id, Guid.NewGuid), options)
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
    /// <param name="record">What the name is at.</param>
    /// <param name="options">How to transfer.</param>
    /// <param name="givesWayAfter">
    /// For one that ends in a conflict where another writer is at work on the name: the ballot of the record. Else null.
    /// </param>
    public static RecordWriter Refresh(Home home, FileRecord record, TransferOptions options, Ballot? givesWayAfter = null) => new(
        home,
        WriteCondition.ReplaceVersion(record.Version),
        record.WriterId,
        _ => new Refresher(home.Place, record, Guid.NewGuid, givesWayAfter),
        options);

    /// <summary>What a refresh makes of the record.</summary>
    public static Func<FileRecord?, FileRecord> Same { get; } = static current => current!;

    /// <summary>The plans of a change that has no chunks to seal.</summary>
    public static Task<IReadOnlyList<SealPlan>> NoSeals { get; } = Task.FromResult<IReadOnlyList<SealPlan>>([]);

    /// <summary>Marks the record as this change's own.</summary>
    public Guid WriterId { get; }

    /// <summary>After step 2: what the name is at; null where it was never sent.</summary>
    public FileRecord? Current => round.Current?.Record;

    /// <summary>Whether the change ended because the name moved meanwhile; nothing of it was made.</summary>
    public bool HasMoved => round.State == ProposerState.Moved;

    /// <summary>Whether a member that answered has no vote on the name.</summary>
    public bool HasMemberWithoutVote => driver.HasMemberWithoutVote;

    /// <summary>After step 5: the record and the ballot it was chosen at.</summary>
    public BallotedRecord? Chosen => round.Chosen;

    /// <summary>Step 1 and 2: whether the change may be made, before anything is sent for it.</summary>
    /// <returns>Null, or the actual home of the name: the change must then be begun again there.</returns>
    /// <exception cref="DfssException">FileExists, Conflict, NoMajority, StoreRunsTwice, or what all who should have
    /// answered failed with, as StoreFailed.</exception>
    public async Task<Home?> PrepareAsync(CancellationToken cancellationToken)
    {
        await home.ThrowIfAnyRunsTwiceAsync(cancellationToken).ConfigureAwait(false);
        await driver.RunAsync(
            round, () => round.State == ProposerState.Prepared, cancellationToken).ConfigureAwait(false);
        if (HasMoved)
        {
            return await LaterHome.ReachAsync(round, home, cancellationToken).ConfigureAwait(false);
        }

        ThrowIfFailed();
        return round.Current is { } current && !home.IsSameAs(current.Record.Home)
            ? await home.GoToAsync(RecordHome.OfAccepted(current), cancellationToken).ConfigureAwait(false)
            : null;
    }

    /// <summary>Steps 3 to 5.</summary>
    /// <param name="describe">The record, made from the one it replaces (null: none).</param>
    /// <param name="plan">Which members hold which chunks.</param>
    /// <param name="manifest">The content.</param>
    /// <param name="complete">Puts again what has no place, and the manifest. Called first, and whenever a member
    /// misses something.</param>
    /// <param name="cancellationToken">Gives up; whether the change was made is then not known.</param>
    /// <exception cref="DfssException">FileExists, Conflict, NoMajority, CommitUncertain, and what
    /// <paramref name="complete"/> throws.</exception>
    public async Task<FileRecord> CommitAsync(
        Func<FileRecord?, FileRecord> describe,
        SendPlan plan,
        FileManifest manifest,
        Func<CancellationToken, Task> complete,
        CancellationToken cancellationToken)
    {
        await complete(cancellationToken).ConfigureAwait(false);
        round.Propose(current => DescribeAtHome(describe, current?.Record), ToSealPlan(plan, manifest));
        for (int tries = 1; ; tries++)
        {
            await driver.RunAsync(
                round, () => round.State == ProposerState.ChunksMissing, cancellationToken).ConfigureAwait(false);
            if (round.State != ProposerState.ChunksMissing)
            {
                break;
            }

            // Swept between put and seal, or lost with a member that was restarted or has gone.
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
                        DfssErrorCode.StoreFailed, $"{home[member]} loses chunks that it has acknowledged.", "Check its disk and memory."));
                }
            }

            await complete(cancellationToken).ConfigureAwait(false);
            round.Reseal(ToSealPlan(plan, manifest));
        }

        ThrowIfFailed();
        return round.Chosen!.Record;
    }

    /// <summary>Steps 3 to 5 with chunks that are at their members already, as far as the plan says.</summary>
    /// <param name="describe">The record, made from the one it replaces (null: none).</param>
    /// <param name="planSeals">Returns which members seal which chunks: of the file, and then of earlier versions that
    /// are put again; nothing for a record without chunks. Called first, and again when a member lacks what it should
    /// seal.</param>
    /// <param name="cancellationToken">Gives up; whether the change was made is then not known.</param>
    /// <exception cref="DfssException">FileExists, Conflict, NoMajority, CommitUncertain, StoreFailed, and what
    /// <paramref name="planSeals"/> throws.</exception>
    public async Task<FileRecord> CommitAsync(
        Func<FileRecord?, FileRecord> describe,
        Func<CancellationToken, Task<IReadOnlyList<SealPlan>>> planSeals,
        CancellationToken cancellationToken)
    {
        IReadOnlyList<SealPlan> plans = await planSeals(cancellationToken).ConfigureAwait(false);
        round.Propose(current => DescribeAtHome(describe, current?.Record), plans);
        for (int tries = 1; ; tries++)
        {
            await driver.RunAsync(
                round, () => round.State == ProposerState.ChunksMissing, cancellationToken).ConfigureAwait(false);
            if (round.State != ProposerState.ChunksMissing)
            {
                break;
            }

            if (tries >= MaxSealRounds)
            {
                throw new DfssException(
                    DfssErrorCode.StoreFailed,
                    $"The peers of '{name}' lose chunks that they have acknowledged. Nothing was changed. {driver.Reasons}".TrimEnd(),
                    "Test the file with -Deep, and look at the peers' logs.");
            }

            plans = await planSeals(cancellationToken).ConfigureAwait(false);
            round.Reseal(plans[round.PlanIndex]);
        }

        ThrowIfFailed();
        return round.Chosen!.Record;
    }

    /// <summary>Steps 4 and 5 of a removal: a tombstone in place of what the name is at.</summary>
    /// <exception cref="DfssException">Conflict, NoMajority, CommitUncertain.</exception>
    public Task<FileRecord> RemoveAsync(CancellationToken cancellationToken) => CommitAsync(
        _ => new FileRecord
        {
            Name = name,
            Version = 1,
            State = FileRecordState.Removed,
            Home = home.Members,
            WriterId = WriterId,
        },
        static _ => NoSeals,
        cancellationToken);

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

    private static SealPlan ToSealPlan(SendPlan plan, FileManifest manifest) =>
        new(manifest.FileId, manifest.ChunkCount, plan.ExpectedByMember(), plan.PossibleReplicas);

    private static string Describe(FileRecord? current) => current switch
    {
        null => "was never sent",
        { State: FileRecordState.Removed } => $"was removed at version {current.Version}",
        _ => $"is at version {current.Version}",
    };

    private void ThrowIfFailed()
    {
        string reasons = driver.Reasons.Length > 0 ? $" {driver.Reasons}" : string.Empty;
        switch (round.State)
        {
            case ProposerState.Conflict when condition == WriteCondition.CreateOnly && round.Current?.Record is { State: FileRecordState.File } current:
                throw new DfssException(
                    DfssErrorCode.FileExists, $"'{name}' exists at version {current.Version}.", "Use -Force to replace it, or another name.");
            case ProposerState.Conflict when condition.Version is long version && round.Current?.Record.Version != version:
                throw new DfssException(DfssErrorCode.Conflict, $"'{name}' {Describe(round.Current?.Record)}, not at version {version}.", LookAgain);
            case ProposerState.Conflict:
                throw new DfssException(DfssErrorCode.Conflict, $"'{name}' was changed by another client meanwhile.", LookAgain);
            case ProposerState.Moved:
                throw new DfssException(
                    DfssErrorCode.Conflict, $"'{name}' was moved to other peers meanwhile. Nothing was changed.", "Run the command again.");
            case ProposerState.NoMajority:
                throw new DfssException(
                    driver.CommonError ?? DfssErrorCode.NoMajority,
                    $"'{name}' is decided by {home.Count} peers of which {home.Majority} must answer, and fewer did. Nothing was changed.{reasons}");
            case ProposerState.Uncertain:
                throw new DfssException(
                    DfssErrorCode.CommitUncertain,
                    $"It is unknown whether '{name}' was changed: too few of its {home.Count} peers answered the last step.{reasons}",
                    "Run the same command again: it settles it.");
        }
    }
}
