using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>
/// Changes one name's record at its home: prepares, and, once the caller has put the chunks, seals, accepts and
/// decides.
/// </summary>
internal sealed class RecordWriter
{
    /// <summary>
    /// A member that lacks acknowledged chunks this often in a row is broken; once is a sweep between put and seal.
    /// </summary>
    private const int MaxSealRounds = 3;

    private const string LookAgain = "Look at it with Get-DfssFileInfo, then send again.";

    private readonly Home home;
    private readonly string name;
    private readonly RegisterDriver driver;
    private readonly Proposer proposer;
    private readonly bool isCreateOnly;

    public RecordWriter(Home home, string name, WriteCondition condition, TransferOptions options)
    {
        this.home = home;
        this.name = name;
        isCreateOnly = condition == WriteCondition.CreateOnly;
        driver = new RegisterDriver(home, options);
        proposer = new Proposer(name, home.Count, condition, WriterId, Guid.NewGuid);
    }

    /// <summary>Marks the record as this change's own.</summary>
    public Guid WriterId { get; } = Guid.NewGuid();

    /// <summary>Step 1 and 2: whether the change may be made, before anything is sent for it.</summary>
    /// <returns>
    /// Null, or the home that the name turned out to have: the change is then to be begun anew there.
    /// </returns>
    /// <exception cref="DfssException">
    /// FileExists, Conflict, NoMajority, or what all who should have answered failed with, as StoreFailed.
    /// </exception>
    public async Task<IReadOnlyList<HomeMember>?> PrepareAsync(CancellationToken cancellationToken)
    {
        await driver.RunAsync(
            proposer, () => proposer.State == ProposerState.Prepared, cancellationToken).ConfigureAwait(false);
        ThrowIfFailed();
        return proposer.Current is { } current && !home.IsSameAs(current.Record.Home) ? current.Record.Home : null;
    }

    /// <summary>Steps 3 to 5.</summary>
    /// <param name="describe">The record, made from the one it replaces (null: none).</param>
    /// <param name="plan">Who holds what.</param>
    /// <param name="manifest">The content.</param>
    /// <param name="complete">
    /// Puts again what has no place, and the manifest. Called first, and whenever a member misses something.
    /// </param>
    /// <param name="cancellationToken">Gives up; whether the change was made is then not known.</param>
    /// <exception cref="DfssException">
    /// FileExists, Conflict, NoMajority, CommitUncertain, and what <paramref name="complete"/> throws.
    /// </exception>
    public async Task<FileRecord> CommitAsync(
        Func<FileRecord?, FileRecord> describe,
        SendPlan plan,
        FileManifest manifest,
        Func<CancellationToken, Task> complete,
        CancellationToken cancellationToken)
    {
        await complete(cancellationToken).ConfigureAwait(false);
        proposer.Propose(current => DescribeAtHome(describe, current?.Record), ToSealPlan(plan, manifest));
        for (int round = 1; ; round++)
        {
            await driver.RunAsync(
                proposer, () => proposer.State == ProposerState.ChunksMissing, cancellationToken).ConfigureAwait(false);
            if (proposer.State != ProposerState.ChunksMissing)
            {
                break;
            }

            // Swept between put and seal, or lost with a member that was restarted or has gone.
            for (int member = 0; member < home.Count; member++)
            {
                ChunkBitmap missing = proposer.MissingAt(member);
                plan.MarkMissing(member, missing);
                if (proposer.IsUnavailable(member))
                {
                    plan.Exclude(
                        member, new DfssException(driver.CommonError ?? DfssErrorCode.PeerUnreachable, driver.Reasons));
                }
                else if (round >= MaxSealRounds && (!missing.IsEmpty || proposer.IsManifestMissingAt(member)))
                {
                    plan.Exclude(member, new DfssException(
                        DfssErrorCode.StoreFailed, $"{home[member]} loses chunks that it has acknowledged.", "Check its disk and memory."));
                }
            }

            await complete(cancellationToken).ConfigureAwait(false);
            proposer.Reseal(ToSealPlan(plan, manifest));
        }

        ThrowIfFailed();
        return proposer.Chosen!.Record;
    }

    private FileRecord DescribeAtHome(Func<FileRecord?, FileRecord> describe, FileRecord? current)
    {
        if (current is null || home.IsSameAs(current.Home))
        {
            return describe(current);
        }

        const string Meanwhile = "was made by somebody else meanwhile, with other peers.";
        throw proposer.MayHaveChanged
            ? new DfssException(
                DfssErrorCode.CommitUncertain,
                $"'{name}' {Meanwhile} Whether this change was made before it is not known.", LookAgain)
            : new DfssException(DfssErrorCode.Conflict, $"'{name}' {Meanwhile}", LookAgain);
    }

    private static SealPlan ToSealPlan(SendPlan plan, FileManifest manifest) =>
        new(manifest.FileId, manifest.ChunkCount, plan.ExpectedByMember(), MinimumReplicas: 1);

    private void ThrowIfFailed()
    {
        string reasons = driver.Reasons.Length > 0 ? $" {driver.Reasons}" : string.Empty;
        switch (proposer.State)
        {
            case ProposerState.Conflict when isCreateOnly && proposer.Current?.Record is { State: FileRecordState.File } current:
                throw new DfssException(
                    DfssErrorCode.FileExists, $"'{name}' exists at version {current.Version}.", "Use -Force to replace it, or another name.");
            case ProposerState.Conflict:
                throw new DfssException(DfssErrorCode.Conflict, $"'{name}' was changed by somebody else meanwhile.", LookAgain);
            case ProposerState.NoMajority:
                throw new DfssException(
                    driver.CommonError ?? DfssErrorCode.NoMajority,
                    $"'{name}' is decided by {home.Count} peers of which {home.Majority} must answer, and fewer did. Nothing was changed.{reasons}");
            case ProposerState.Uncertain:
                throw new DfssException(
                    DfssErrorCode.CommitUncertain,
                    $"Whether '{name}' was changed is not known: too few of its {home.Count} peers answered the last step.{reasons}",
                    "Run the same command again: it settles it.");
        }
    }
}
