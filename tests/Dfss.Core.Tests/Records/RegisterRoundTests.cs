using Dfss.Records;
using Xunit;

namespace Dfss.Tests.Records;

/// <summary>
/// A change or a read against members that a test takes away, holds up and gives back at chosen moments.
/// </summary>
public abstract class RegisterRoundTests
{
    private protected readonly Guid writer = Guid.NewGuid();
    private protected readonly bool[] isUp = [.. Enumerable.Repeat(element: true, 5)];
    private protected readonly RegisterState[] states = [.. Enumerable.Repeat(RegisterState.Empty, 5)];
    private protected readonly HashSet<int> lacking = [];

    private protected static Func<BallotedRecord?, FileRecord> Build(int file) => _ => Sample.Record(file);

    /// <summary>A plan for file 1 of one chunk, kept twice where there are two members.</summary>
    private protected static SealPlan Plan(int members, int[]? holders = null, int file = 1) => new(
        Sample.FileId(file),
        1,
        [.. Enumerable.Range(0, members)
            .Select(m => ChunkBitmap.Create(1, _ => holders is null || holders.Contains(m)))],
        Math.Min(2, members));

    private protected Proposer Create(int members, WriteCondition condition, Guid? id = null) =>
        new(Sample.Name, Sample.Home(members), condition, id ?? writer, Guid.NewGuid);

    private protected Proposer Write(int members, WriteCondition condition, int file, Guid? id = null)
    {
        Proposer proposer = Create(members, condition, id);
        Run(proposer);
        if (proposer.State == ProposerState.Prepared)
        {
            proposer.Propose(Build(file), Plan(members, file: file));
            Run(proposer);
            if (proposer.State == ProposerState.ChunksMissing)
            {
                // A member is down: what the others sealed is enough where the plan says so.
                proposer.Reseal(Plan(members, [.. Enumerable.Range(0, members).Where(m => isUp[m])], file));
                Run(proposer);
            }
        }

        return proposer;
    }

    private protected RegisterReader Read(int members)
    {
        RegisterReader reader = new(Sample.Name, Sample.Home(members), Guid.NewGuid);
        Run(reader);
        return reader;
    }

    private protected Proposer ProposeUntilAccepting(int members, WriteCondition? condition = null)
    {
        Proposer proposer = Create(members, condition ?? WriteCondition.CreateOnly);
        Run(proposer);
        proposer.Propose(Build(1), Plan(members));
        for (int member = 0; member < members; member++)
        {
            SendTo(proposer, member);
        }

        Assert.Equal(ProposerState.Accepting, proposer.State);
        return proposer;
    }

    /// <summary>Asks until nothing is to be asked any more, or the rounds are used up.</summary>
    private protected void Run(RegisterRound round, int maxRounds = 20)
    {
        bool isAsked = true;
        while (isAsked && round.Round <= maxRounds)
        {
            isAsked = false;
            for (int member = 0; member < round.MemberCount; member++)
            {
                isAsked |= SendTo(round, member);
            }
        }
    }

    private protected bool SendTo(RegisterRound round, int member, bool isAnswerLost = false)
    {
        if (round.NextFor(member) is not { } request)
        {
            return false;
        }

        RegisterAnswer? answer = isUp[member] ? Handle(member, request) : null;
        if (answer is null || isAnswerLost)
        {
            round.OnUnavailable(member, request);
        }
        else
        {
            round.OnAnswer(member, request, answer);
        }

        return true;
    }

    private protected RegisterAnswer Handle(int member, RegisterRequest request)
    {
        RegisterState state = states[member];
        AcceptorStep step = request switch
        {
            PrepareRequest prepare => Acceptor.Prepare(state, prepare),
            SealRequest seal when lacking.Contains(member) =>
                new AcceptorStep(state, Acceptor.ChunksMissing(state, seal.Expected, isManifestMissing: true)),
            SealRequest seal => Acceptor.Seal(state, seal),
            AcceptRequest accept => Acceptor.Accept(state, accept),
            DecideRequest decide => Acceptor.Decide(state, decide),
            _ => Acceptor.Read(state, (ReadRequest)request),
        };
        states[member] = step.State;
        return step.Answer;
    }

    private protected void AcceptAt(int member, long counter, FileRecord record, Guid proposer = default) =>
        states[member] =
            Acceptor.Accept(
                states[member], new AcceptRequest(Sample.Name, new Ballot(counter, proposer), record)).State;
}
