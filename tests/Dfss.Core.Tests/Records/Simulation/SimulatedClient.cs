using Dfss.Records;

namespace Dfss.Tests.Records.Simulation;

/// <summary>
/// A client: one operation after the other, each driven by the real proposer or reader. Everything it does is an event
/// that the schedule chooses, so a back-off, a slow client and a long upload are all the same: not being chosen for a
/// while.
/// </summary>
internal sealed class SimulatedClient(Schedule schedule, Random random)
{
    private const int MaxTries = 3;

    private readonly HashSet<(int Member, int Chunk)> awaitedPuts = [];
    private readonly HashSet<(int Member, int Chunk)> donePuts = [];
    private readonly Dictionary<string, long> lastSeenVersion = new(StringComparer.Ordinal);
    private HistoryOperation? operation;
    private IRegisterRound? round;
    private SimulatedFile file = SimulatedFile.All[0];
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
        if (isReadOnly || random.Next(3) == 0)
        {
            round = new RegisterReader(name, schedule.MemberCount, schedule.NewGuid);
            operation = new HistoryOperation { Name = name, IsRead = true, Called = schedule.Tick() };
        }
        else
        {
            BeginChange(name);
        }

        schedule.History.Add(operation!);
    }

    /// <summary>Forgets everything: the operation's outcome is never known.</summary>
    public void Crash()
    {
        Epoch++;
        awaitedPuts.Clear();
        donePuts.Clear();
        round = null;
        operation = null;
    }

    public void Step()
    {
        if (--budget <= 0)
        {
            round!.GiveUp();
        }

        if (round is Proposer { State: ProposerState.Prepared or ProposerState.ChunksMissing } proposer)
        {
            StepChunks(proposer);
        }

        for (int member = 0; member < schedule.MemberCount; member++)
        {
            while (round!.NextFor(member) is { } request)
            {
                schedule.Send(this, member, request);
            }
        }

        if (round!.IsFinished)
        {
            Complete();
        }
    }

    public void OnReply(int member, RegisterRequest request, byte[]? encodedAnswer)
    {
        if (encodedAnswer is null)
        {
            round?.OnUnavailable(member, request);
        }
        else
        {
            round?.OnAnswer(member, request, RecordCodec.DecodeAnswer(encodedAnswer));
        }
    }

    public void OnPut(int member, int chunk, bool isDone)
    {
        if (awaitedPuts.Remove((member, chunk)) && isDone)
        {
            donePuts.Add((member, chunk));
        }
    }

    private void BeginChange(string name)
    {
        bool removes = random.Next(4) == 0;
        WriteCondition condition = random.Next(4) switch
        {
            0 when !removes => WriteCondition.CreateOnly,
            1 or 2 => WriteCondition.ReplaceVersion(lastSeenVersion.GetValueOrDefault(name)),
            _ => WriteCondition.ReplaceAny,
        };
        file = SimulatedFile.All[random.Next(SimulatedFile.All.Count)];
        minimumReplicas = random.Next(1, Math.Min(schedule.MemberCount, 3) + 1);
        Guid id = schedule.NewGuid();
        operation = new HistoryOperation
        {
            Name = name,
            IsRead = false,
            Condition = condition,
            Id = id,
            Removes = removes,
            Called = schedule.Tick(),
        };
        round = new Proposer(name, schedule.MemberCount, condition, id, schedule.NewGuid);
    }

    /// <summary>
    /// Puts the chunks, or puts again what is missing, and goes on when every put was answered or given up.
    /// </summary>
    private void StepChunks(Proposer proposer)
    {
        if (operation!.Removes)
        {
            proposer.Propose(BuildRecord, SealPlan.None);
        }
        else if (awaitedPuts.Count > 0)
        {
            return;
        }
        else if (!isPutting)
        {
            BeginPuts(proposer);
        }
        else
        {
            isPutting = false;
            EndPuts(proposer);
        }
    }

    private void BeginPuts(Proposer proposer)
    {
        if (tries-- == 0)
        {
            proposer.GiveUp();
            return;
        }

        isPutting = true;
        bool placesAnew = proposer.State == ProposerState.Prepared || random.Next(3) == 0;
        if (placesAnew)
        {
            donePuts.Clear();
            Place();
            return;
        }

        for (int member = 0; member < schedule.MemberCount; member++)
        {
            PutMissing(proposer, member);
        }
    }

    private void Place()
    {
        int first = random.Next(schedule.MemberCount);
        int replicas = random.Next(minimumReplicas, schedule.MemberCount + 1);
        for (int copy = 0; copy < replicas; copy++)
        {
            for (int i = 0; i < file.Chunks.Count; i++)
            {
                int member = (first + i + copy) % schedule.MemberCount;
                Put(member, file.Chunks[i]);
                Put(member, file.Manifest);
            }

            Put((first + copy) % schedule.MemberCount, file.Manifest);
        }
    }

    private void PutMissing(Proposer proposer, int member)
    {
        for (int i = 0; i < file.Chunks.Count; i++)
        {
            if (proposer.MissingAt(member)[i])
            {
                Put(member, file.Chunks[i]);
            }
        }

        if (proposer.IsManifestMissingAt(member))
        {
            Put(member, file.Manifest);
        }
    }

    private void EndPuts(Proposer proposer)
    {
        SealPlan plan = new(
            file.FileId,
            file.Chunks.Count,
            [.. Enumerable.Range(0, schedule.MemberCount).Select(Expected)],
            minimumReplicas);
        bool isEnough = plan.IsMetBy(member => donePuts.Contains((member, file.Manifest)));
        if (proposer.State == ProposerState.Prepared)
        {
            if (isEnough)
            {
                proposer.Propose(BuildRecord, plan);
            }
        }
        else if (isEnough && random.Next(2) == 0)
        {
            proposer.Reseal(plan);
        }
        else
        {
            proposer.Reseal();
        }
    }

    private ChunkBitmap Expected(int member) => ChunkBitmap.Create(
        file.Chunks.Count, i => donePuts.Contains((member, file.Manifest)) && donePuts.Contains((member, file.Chunks[i])));

    private void Put(int member, int chunk)
    {
        if (awaitedPuts.Add((member, chunk)))
        {
            schedule.SendPut(this, member, chunk);
        }
    }

    private FileRecord BuildRecord(BallotedRecord? current) => new()
    {
        Name = operation!.Name,
        Version = 0,
        State = operation.Removes ? FileRecordState.Removed : FileRecordState.File,
        FileId = operation.Removes ? default : file.FileId,
        ChunkSize = DfssLimits.MinChunkSize,
        // How many copies were promised: what the check of lost chunks goes by.
        Replicas = minimumReplicas,
        Home = [new HomeMember(StoreId: null, [])],
        WriterId = default,
    };

    private void Complete()
    {
        (HistoryOutcome outcome, FileRecord? seen) = round switch
        {
            RegisterReader { IsCurrent: true } reader => (HistoryOutcome.Done, reader.Result?.Record),
            RegisterReader reader => (HistoryOutcome.Nothing, reader.Result?.Record),
            Proposer { State: ProposerState.Chosen } proposer => (HistoryOutcome.Done, proposer.Chosen!.Record),
            Proposer { State: ProposerState.Conflict } proposer => (HistoryOutcome.Conflict, proposer.Current?.Record),
            Proposer { State: ProposerState.NoMajority } => (HistoryOutcome.Nothing, null),
            _ => (HistoryOutcome.Maybe, null),
        };
        operation!.Return(schedule.Tick(), outcome, seen);
        lastSeenVersion[operation.Name] = seen?.Version ?? lastSeenVersion.GetValueOrDefault(operation.Name);
        Crash();
    }
}
