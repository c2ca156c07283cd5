using Dfss.Records;

namespace Dfss.Tests.Records.Simulation;

/// <summary>
/// A client: one operation after the other, each driven by the real proposer or reader. Everything it does is an event
/// that the schedule chooses, so a back-off, a slow client and a long upload are all the same: not being chosen for a
/// while.
/// </summary>
internal sealed partial class SimulatedClient(Schedule schedule, Random random)
{
    private const int MaxTries = 3;

    private readonly HashSet<(int Member, int Chunk)> awaitedPuts = [];
    private readonly HashSet<(int Member, int Chunk)> donePuts = [];
    private HistoryOperation? operation;
    private RegisterRound? round;
    private SimulatedFile file = SimulatedFile.All[0];
    private ChangeKind kind;
    private int minimumReplicas = 1;
    private bool isPutting;
    private int tries;
    private int budget;

    /// <summary>Distinguishes this operation's messages from those of an earlier one.</summary>
    public int Epoch { get; private set; }

    public bool IsIdle => round is null;

    public void Begin(string name, bool isReadOnly)
    {
        Epoch++;
        isPutting = false;
        tries = MaxTries;
        budget = random.Next(20, 100);
        changes = !isReadOnly && random.Next(3) != 0;
        refreshed = !changes && !isReadOnly && random.Next(3) == 0 ? lastSeen.GetValueOrDefault(name) : null;
        operation = changes
            ? DescribeChange(name)
            : new HistoryOperation { Name = name, IsRead = true, Called = schedule.Tick() };
        BeginAt(isReadOnly ? schedule.FirstHome : ChooseHome(name));
        schedule.History.Add(operation);
    }

    /// <summary>Forgets everything: the operation's outcome is never known.</summary>
    public void Crash()
    {
        clocks = new KnownClocks();
        EndOperation();
    }

    /// <summary>Gives up a read that is under way: its outcome is never known.</summary>
    public void AbandonRead()
    {
        if (operation is { IsRead: true })
        {
            EndOperation();
        }
    }

    private void EndOperation()
    {
        Epoch++;
        awaitedPuts.Clear();
        donePuts.Clear();
        asked.Clear();
        round = null;
        operation = null;
    }

    public void Step()
    {
        if (--budget <= 0)
        {
            asked.Clear();
            round!.GiveUp();
        }

        if (asked.Count > 0)
        {
            StepAsking();
            return;
        }

        if (round is Proposer { State: ProposerState.Prepared or ProposerState.ChunksMissing } proposer)
        {
            StepChunks(proposer);
        }
        else if (round is Refresher { State: ProposerState.Prepared } refresher)
        {
            refresher.Propose(BuildReaddressed, SealPlan.None);
        }

        for (int place = 0; place < members.Length; place++)
        {
            while (round!.NextFor(place) is { } request)
            {
                schedule.Send(this, members[place], request);
            }
        }

        if (round!.IsFinished && !Follow())
        {
            Complete();
        }
    }

    public void OnReply(int member, RegisterRequest request, byte[]? encodedAnswer)
    {
        RegisterAnswer? answer = encodedAnswer is null ? null : RecordCodec.DecodeAnswer(encodedAnswer);
        int place = Array.IndexOf(members, member);
        if (asked.ContainsKey(request))
        {
            asked[request] = (IsAnswered: true, answer);
        }
        else
        {
            Tell(place, request, answer);
        }
    }

    private void Tell(int place, RegisterRequest request, RegisterAnswer? answer)
    {
        try
        {
            if (answer is null)
            {
                round?.OnUnavailable(place, request);
            }
            else
            {
                round?.OnAnswer(place, request, answer);
            }
        }
        catch (NothingToKeepException)
        {
            // Another client has removed the file since the first attempt, whose outcome is unknown.
            Crash();
        }
    }

    public void OnPut(int member, int chunk, bool isDone)
    {
        if (awaitedPuts.Remove((member, chunk)) && isDone)
        {
            donePuts.Add((member, chunk));
        }
    }

    private HistoryOperation DescribeChange(string name)
    {
        FileRecord? seen = lastSeen.GetValueOrDefault(name);
        target = seen is { State: FileRecordState.File } && random.Next(3) == 0 ? schedule.ChooseHome() : null;
        bool removes = target is null && random.Next(4) == 0;
        kind = target is not null || removes ? ChangeKind.Send
            : random.Next(8) switch
            {
                0 or 1 => ChangeKind.Reuse,
                2 => ChangeKind.KeepContent,
                _ => ChangeKind.Send,
            };
        long version = seen?.Version ?? 0;
        file = target is not null
            ? SimulatedFile.Of(seen!.FileId)
            : SimulatedFile.All[random.Next(SimulatedFile.All.Count)];
        return new HistoryOperation
        {
            Name = name,
            IsRead = false,
            Condition = random.Next(4) switch
            {
                _ when target is not null || kind == ChangeKind.KeepContent => WriteCondition.ReplaceVersion(version),
                0 when !removes => WriteCondition.CreateOnly,
                1 or 2 => WriteCondition.ReplaceVersion(version),
                _ => WriteCondition.ReplaceAny,
            },
            Removes = removes,
            Called = schedule.Tick(),
        };
    }

    private FileRecord BuildRecord(BallotedRecord? current) => kind != ChangeKind.KeepContent ? new()
    {
        Name = operation!.Name,
        Version = 0,
        State = operation.Removes
            ? FileRecordState.Removed
            : target is not null ? FileRecordState.Moved : FileRecordState.File,
        FileId = operation.Removes ? default : file.FileId,
        ChunkSize = DfssLimits.MinChunkSize,
        // How many copies were promised: what the check of lost chunks goes by.
        Replicas = minimumReplicas,
        Home = target is null ? home.Members : Schedule.Describe(target),
        FormerHome = target is null ? [] : home.Members,
        WriterId = default,
    }
    : current?.Record is { State: FileRecordState.File } kept ? kept : throw new NothingToKeepException();

    private FileRecord BuildReaddressed(BallotedRecord? current) => current!.Record with
    {
        Home = [.. current.Record.Home.Select(member => member with { Addresses = [$"{schedule.NewGuid():N}:1"] })],
    };

    private void Complete()
    {
        (HistoryOutcome outcome, FileRecord? seen) = round switch
        {
            RegisterReader { HasMoved: true } => (HistoryOutcome.Nothing, null),
            RegisterReader { IsCurrent: true } reader => (HistoryOutcome.Done, reader.Result?.Record),
            RegisterReader reader => (HistoryOutcome.Nothing, reader.Result?.Record),
            Refresher { State: ProposerState.Chosen } refresher => (HistoryOutcome.Done, refresher.Chosen!.Record),
            Refresher => (HistoryOutcome.Nothing, null),
            Proposer { State: ProposerState.Chosen } proposer => (HistoryOutcome.Done, proposer.Chosen!.Record),
            Proposer { State: ProposerState.Conflict } proposer => (HistoryOutcome.Conflict, proposer.Current?.Record),
            Proposer { State: ProposerState.NoMajority or ProposerState.Moved } => (HistoryOutcome.Nothing, null),
            _ => (HistoryOutcome.Maybe, null),
        };
        operation!.Return(schedule.Tick(), outcome, seen);
        Remember(seen);
        EndOperation();
    }

    /// <summary>What a change that is no removal and no move writes.</summary>
    private enum ChangeKind
    {
        /// <summary>A file whose chunks it puts.</summary>
        Send,

        /// <summary>A file whose chunks it has not put: a copy, or a restore.</summary>
        Reuse,

        /// <summary>The content that the name has, with nothing sealed: an earlier version is removed.</summary>
        KeepContent,
    }

    private sealed class NothingToKeepException : Exception;
}
