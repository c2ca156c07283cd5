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
}

/// <summary>
/// A member: the real acceptor over registers that survive crashes (as encoded bytes, like on a disk), and a store of
/// chunks that forgets in a crash what was not flushed, and at any moment what the rules let it collect: a grace period
/// of 0.
/// </summary>
internal sealed class SimulatedMember(IReadOnlyList<string> names, Mutation mutation)
{
    private readonly Dictionary<string, byte[]> registers = new(StringComparer.Ordinal);
    private readonly HashSet<int> durable = [];
    private readonly HashSet<int> written = [];

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
        return step.Answer;
    }

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

    private static IEnumerable<FileId> Roots(RegisterState state) => state.Seals.Select(seal => seal.FileId)
        .Concat(RootsOf(state.Accepted)).Concat(RootsOf(state.Decided));

    private static IEnumerable<FileId> RootsOf(BallotedRecord? record) => record is null ? []
        : record.Record.State == FileRecordState.File ? record.Record.PreviousFileIds.Append(record.Record.FileId)
        : record.Record.PreviousFileIds;

    private bool Has(int chunk) => durable.Contains(chunk) || written.Contains(chunk);

    private RegisterState Load(string name) =>
        registers.TryGetValue(name, out byte[]? encoded) ? RecordCodec.DecodeState(encoded) : RegisterState.Empty;
}
