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

    /// <summary>Members vote in a home before the latest they know, as if they knew no later one.</summary>
    LowerEpochsAreTaken,

    /// <summary>Members of the home that was left do not say so: whoever asks there goes on there.</summary>
    MovesAreNotTold,

    /// <summary>Whoever comes to a later home takes nothing found there for a name never sent.</summary>
    NothingIsANewName,
}

/// <summary>
/// A member: the real acceptor over registers that survive crashes (as encoded bytes, like on a disk), and a store of
/// chunks that forgets in a crash what was not flushed, and at any moment what the rules let it collect: a grace period
/// of 0.
/// </summary>
internal sealed class SimulatedMember(IReadOnlyList<string> names, StoreId id, Mutation mutation)
{
    private readonly Dictionary<string, byte[]> registers = new(StringComparer.Ordinal);
    private readonly HashSet<int> durable = [];
    private readonly HashSet<int> written = [];

    public StoreId Id => id;

    public bool IsUp { get; private set; } = true;

    public bool IsDurable(int chunk) => durable.Contains(chunk);

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

    public void Restart() => IsUp = true;

    /// <summary>Drops every chunk that no accepted, decided or sealed manifest lists.</summary>
    public void CollectGarbage()
    {
        HashSet<int> kept = [.. names.Select(Load).SelectMany(Roots).Select(SimulatedFile.Of).Where(file => Has(file.Manifest))
            .SelectMany(file => file.Chunks.Append(file.Manifest))];
        durable.IntersectWith(kept);
        written.IntersectWith(kept);
    }

    /// <summary>Handles an encoded request. No schedule gives a member a reason to answer with an error.</summary>
    public byte[] Handle(RegisterRequest kind, byte[] encoded) => RecordCodec.EncodeAnswer(Handle(Decode(kind, encoded)));

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
        RegisterState state = Load(request.Name);
        if (mutation == Mutation.PromisesAreNotKept)
        {
            state = state with { Promised = default };
        }

        if (mutation == Mutation.LowerEpochsAreTaken && EpochOf(request) < state.Promised.Epoch)
        {
            state = RegisterState.Empty with { Seals = state.Seals };
        }

        AcceptorStep step = request switch
        {
            PrepareRequest prepare => Acceptor.Prepare(state, prepare),
            SealRequest seal => Seal(state, seal),
            AcceptRequest accept => Acceptor.Accept(state, accept),
            DecideRequest decide => Acceptor.Decide(state, decide),
            _ => Acceptor.Read(state, (ReadRequest)request),
        };
        RegisterState next = mutation == Mutation.DecisionsEndAllSeals && request is DecideRequest ? step.State with { Seals = [] } : step.State;
        registers[request.Name] = RecordCodec.EncodeState(next);
        return mutation == Mutation.MovesAreNotTold
            ? step.Answer with { Accepted = Untold(step.Answer.Accepted), Decided = Untold(step.Answer.Decided) }
            : step.Answer;
    }

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

        AcceptorStep step = Acceptor.Seal(state, request);
        return mutation == Mutation.SealsAreNotKept ? step with { State = step.State with { Seals = state.Seals } } : step;
    }

    private IEnumerable<FileId> Roots(RegisterState state) => state.Seals.Select(seal => seal.FileId)
        .Concat(RootsOf(state.Accepted)).Concat(RootsOf(state.Decided));

    private IEnumerable<FileId> RootsOf(BallotedRecord? record) => record is null or { Record.State: FileRecordState.Removed }
        || record.Record.Home.All(member => member.StoreId != id) ? []
        : record.Record.Previous.Select(previous => previous.FileId).Append(record.Record.FileId);

    private bool Has(int chunk) => durable.Contains(chunk) || written.Contains(chunk);

    private RegisterState Load(string name) =>
        registers.TryGetValue(name, out byte[]? encoded) ? RecordCodec.DecodeState(encoded) : RegisterState.Empty;
}
