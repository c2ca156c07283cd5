using Dfss.Records;

namespace Dfss.Tests.Records.Simulation;

/// <summary>What is broken on purpose, to see that the checks would notice.</summary>
public enum Mutation
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Seals are answered and not kept.</summary>
    SealsAreNotKept,

    /// <summary>Promises are answered and not kept.</summary>
    PromisesAreNotKept,

    /// <summary>Seals are answered and kept, but the chunks were not made durable.</summary>
    SealsDoNotFlush,

    /// <summary>A decision ends every seal of the name, also those of higher rounds.</summary>
    DecisionsEndAllSeals,

    /// <summary>A move is accepted before the new home has sealed the chunks.</summary>
    MovesAreNotSealed,

    /// <summary>
    /// A copy or a restore is accepted before the members have sealed the chunks that it found there.
    /// </summary>
    ReusedIsNotSealed,

    /// <summary>Members vote in a home before the latest they know, as if they knew no later one.</summary>
    LowerEpochsAreTaken,

    /// <summary>Members of the former home do not report the move: a client that asks there goes on there.</summary>
    MovesAreNotTold,

    /// <summary>A client takes a name without a record at a later home for a name that was never sent.</summary>
    NothingIsANewName,

    /// <summary>
    /// A member does not look at what others have heard of it, so that one that was put back votes on.
    /// </summary>
    PutBackIsNotNoticed,

    /// <summary>A member that was put back, and knows it, votes with registers that were not brought up.</summary>
    NothingIsBroughtUp,
}

/// <summary>
/// A member: the real acceptor over registers that survive crashes (as encoded bytes, like on a disk), and a store of
/// chunks that forgets in a crash what was not flushed, and at any moment what the rules let it collect: a grace period
/// of 0.
/// </summary>
internal sealed class SimulatedMember(IReadOnlyList<string> names, StoreId id, Mutation mutation, Schedule schedule)
{
    private readonly Dictionary<string, byte[]> registers = new(StringComparer.Ordinal);
    private readonly Dictionary<StoreId, StoreClock> heard = [];
    private readonly HashSet<int> durable = [];
    private readonly HashSet<int> written = [];
    private readonly HashSet<int> forgotten = [];
    private StoreVotes votes = StoreVotes.New(id, schedule.NewGuid());

    public StoreId Id => id;

    public bool IsUp { get; private set; } = true;

    /// <summary>
    /// Whether a chunk is on its disk, or was when it was put back: that costs copies, which a repair brings again.
    /// </summary>
    public bool IsDurable(int chunk) =>
        durable.Contains(chunk) || forgotten.Contains(chunk) || Twin?.IsDurable(chunk) == true;

    /// <summary>The other copy of its store, if one runs.</summary>
    public SimulatedMember? Twin { get; set; }

    /// <summary>A copy of all that is on its disk.</summary>
    public Copy TakeCopy() => new(new(registers, StringComparer.Ordinal), new(heard), [.. durable], votes);

    /// <summary>Whether another member has heard of votes that this state does not know of.</summary>
    public bool Remembers(StoreVotes other) =>
        heard.TryGetValue(other.StoreId, out StoreClock? clock) && other.IsContradictedBy(clock);

    /// <summary>Whether it votes on although another member remembers a later clock of it.</summary>
    public bool IsContradictedBy(SimulatedMember other) => other.Remembers(votes);

    /// <summary>Puts an earlier state in place of what is on the disk, and starts again.</summary>
    public void PutBack(Copy copy)
    {
        Crash();
        forgotten.UnionWith(durable);
        registers.Clear();
        heard.Clear();
        durable.Clear();
        foreach ((string name, byte[] state) in copy.Registers)
        {
            registers.Add(name, state);
        }

        foreach ((StoreId store, StoreClock clock) in copy.Heard)
        {
            heard.Add(store, clock);
        }

        durable.UnionWith(copy.Durable);
        votes = copy.Votes;
        IsUp = true;
        votes = votes.Begin(schedule.NewGuid());
    }

    public void Put(int chunk)
    {
        if (!durable.Contains(chunk))
        {
            written.Add(chunk);
        }
    }

    public void Crash()
    {
        IsUp = false;
        written.Clear();
    }

    public void Restart()
    {
        if (!IsUp)
        {
            IsUp = true;
            votes = votes.Begin(schedule.NewGuid());
        }
    }

    /// <summary>Drops every chunk that no accepted, decided or sealed manifest lists.</summary>
    public void CollectGarbage()
    {
        HashSet<int> kept =
            [.. names.Select(Load).SelectMany(Roots).Select(SimulatedFile.Of).Where(file => Has(file.Manifest))
                .SelectMany(file => file.Chunks.Append(file.Manifest))];
        durable.IntersectWith(kept);
        written.IntersectWith(kept);
    }

    /// <summary>Handles an encoded request. No schedule gives a member a reason to answer with an error.</summary>
    public byte[] Handle(RegisterRequest kind, byte[] encoded) =>
        RecordCodec.EncodeAnswer(Handle(Decode(kind, encoded)));

    private static RegisterRequest Decode(RegisterRequest kind, byte[] encoded) => kind switch
    {
        PrepareRequest => RecordCodec.DecodePrepare(encoded),
        SealRequest => RecordCodec.DecodeSeal(encoded),
        AcceptRequest => RecordCodec.DecodeAccept(encoded),
        DecideRequest => RecordCodec.DecodeDecide(encoded),
        _ => RecordCodec.DecodeRead(encoded),
    };

    private RegisterAnswer Handle(RegisterRequest request)
    {
        if (mutation == Mutation.PutBackIsNotNoticed)
        {
            request = request with { Clocks = [.. request.Clocks.Where(one => one.StoreId != id)] };
        }

        if (request is not ReadRequest && RegisterVote.FindContradiction(votes, request) is { } clock)
        {
            votes = votes.Break(clock, schedule.Tick(), schedule.NewGuid());
        }

        return Vote(request) with
        {
            Clock = votes.Clock,
            Known = [.. request.Clocks.Select(one => one.StoreId).Distinct().Where(heard.ContainsKey)
                .Select(one => heard[one])],
        };
    }

    private RegisterAnswer Vote(RegisterRequest request)
    {
        RegisterState state = Load(request.Name);
        if (mutation == Mutation.NothingIsBroughtUp)
        {
            state = state with { Generation = votes.Generation };
        }

        if (mutation == Mutation.PromisesAreNotKept)
        {
            state = state with { Promised = default };
        }

        if (mutation == Mutation.LowerEpochsAreTaken && EpochOf(request) < state.Promised.Epoch)
        {
            state = RegisterState.Empty with { Seals = state.Seals };
        }

        AcceptorStep step = request is SealRequest seal ? Seal(state, seal) : Step(state, request);
        RegisterState next = mutation == Mutation.DecisionsEndAllSeals && request is DecideRequest
            ? step.State with { Seals = [] }
            : step.State;
        if (!ReferenceEquals(step.State, state))
        {
            registers[request.Name] = RecordCodec.EncodeState(next);
            votes = votes with { Counter = votes.Counter + 1 };
            foreach (StoreClock told in RegisterVote.ToRemember(id, request)
                .Where(one => one.IsAfter(heard.GetValueOrDefault(one.StoreId))))
            {
                heard[told.StoreId] = told;
            }
        }

        return mutation == Mutation.MovesAreNotTold
            ? step.Answer with { Accepted = Untold(step.Answer.Accepted), Decided = Untold(step.Answer.Decided) }
            : step.Answer;
    }

    private AcceptorStep Step(RegisterState state, RegisterRequest request) =>
        new RegisterVote(votes, heard.GetValueOrDefault).Take(state, request);

    private static BallotedRecord? Untold(BallotedRecord? record) => record?.Record.State == FileRecordState.Moved
        ? record with
        {
            Record = record.Record with
            {
                State = FileRecordState.File,
                Epoch = record.Ballot.Epoch,
                Home = record.Record.FormerHome,
                FormerHome = [],
            },
        }
        : record;

    private static long EpochOf(RegisterRequest request) => request switch
    {
        PrepareRequest prepare => prepare.Ballot.Epoch,
        AcceptRequest accept => accept.Ballot.Epoch,
        _ => long.MaxValue,
    };

    private AcceptorStep Seal(RegisterState state, SealRequest request)
    {
        if (Acceptor.CheckSeal(state, request) is { } refusal)
        {
            return new AcceptorStep(state, refusal);
        }

        if (mutation != Mutation.SealsDoNotFlush)
        {
            durable.UnionWith(written);
            written.Clear();
        }

        SimulatedFile file = SimulatedFile.Of(request.FileId);
        ChunkBitmap missing = ChunkBitmap.Create(file.Chunks.Count, i => request.Expected[i] && !Has(file.Chunks[i]));
        if (!missing.IsEmpty || !Has(file.Manifest))
        {
            return new AcceptorStep(state, Acceptor.ChunksMissing(state, missing, !Has(file.Manifest)));
        }

        AcceptorStep step = Step(state, request);
        return mutation == Mutation.SealsAreNotKept
            ? step with { State = step.State with { Seals = state.Seals } }
            : step;
    }

    private IEnumerable<FileId> Roots(RegisterState state) => state.Seals.Select(seal => seal.FileId)
        .Concat(RootsOf(state.Accepted)).Concat(RootsOf(state.Decided));

    private IEnumerable<FileId> RootsOf(BallotedRecord? record) =>
        record is null or { Record.State: FileRecordState.Removed }
            || record.Record.Home.All(member => member.StoreId != id) ? []
            : record.Record.Previous.Select(previous => previous.FileId).Append(record.Record.FileId);

    public bool Has(int chunk) => durable.Contains(chunk) || written.Contains(chunk);

    private RegisterState Load(string name) =>
        registers.TryGetValue(name, out byte[]? encoded) ? RecordCodec.DecodeState(encoded) : RegisterState.Empty;

    /// <summary>What was on a member's disk at some moment.</summary>
    internal sealed record Copy(
        Dictionary<string, byte[]> Registers, Dictionary<StoreId, StoreClock> Heard, HashSet<int> Durable,
        StoreVotes Votes);
}
