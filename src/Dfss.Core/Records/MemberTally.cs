namespace Dfss.Records;

/// <summary>The state of a member in the current step.</summary>
internal enum MemberStanding
{
    /// <summary>Not asked yet.</summary>
    ToAsk,

    /// <summary>Asked; there is no answer yet.</summary>
    Asked,

    /// <summary>Answered that it is done.</summary>
    Done,

    /// <summary>Refused for a higher ballot.</summary>
    Refused,

    /// <summary>Answered that chunks are missing.</summary>
    ChunksMissing,

    /// <summary>Gave no answer.</summary>
    Unavailable,
}

/// <summary>Which members were asked in one step, and their answers. The counts are of the voters, which come first;
/// guests only seal.</summary>
internal sealed class MemberTally(int voterCount, int memberCount)
{
    private readonly MemberStanding[] standings = new MemberStanding[memberCount];
    private readonly RegisterRequest?[] asked = new RegisterRequest?[memberCount];
    private readonly RegisterAnswer?[] answers = new RegisterAnswer?[memberCount];

    /// <summary>floor(n/2) + 1: any two of that size share a member.</summary>
    public int Majority { get; } = (voterCount / 2) + 1;

    public MemberStanding this[int member] => standings[member];

    /// <summary>The members' answers to this step, with nulls.</summary>
    public IReadOnlyList<RegisterAnswer?> Answers => answers;

    /// <summary>Begins a step: no member was asked yet.</summary>
    public void Clear()
    {
        Array.Clear(standings);
        Array.Clear(asked);
        Array.Clear(answers);
    }

    /// <summary>Lets the members in these states be asked again.</summary>
    public void AskAgain(Func<MemberStanding, bool> standing)
    {
        for (int i = 0; i < standings.Length; i++)
        {
            if (standing(standings[i]))
            {
                standings[i] = MemberStanding.ToAsk;
                answers[i] = null;
            }
        }
    }

    /// <summary>The member's answer does not count, and it is asked again.</summary>
    public void AskAgain(int member)
    {
        standings[member] = MemberStanding.ToAsk;
        answers[member] = null;
    }

    /// <summary>The member's answer counts as a refusal.</summary>
    public void Refuse(int member) => standings[member] = MemberStanding.Refused;

    public void MarkAsked(int member, RegisterRequest request)
    {
        standings[member] = MemberStanding.Asked;
        asked[member] = request;
    }

    /// <summary>
    /// Records an answer; false if the request is not the one waited for: a duplicate, one that was given up, or one of
    /// an earlier step.
    /// </summary>
    public bool TryTake(int member, RegisterRequest request, RegisterAnswer? answer)
    {
        if (standings[member] != MemberStanding.Asked || !ReferenceEquals(asked[member], request))
        {
            return false;
        }

        asked[member] = null;
        answers[member] = answer?.Status == RegisterStatus.NoVote ? null : answer;
        standings[member] = answer?.Status switch
        {
            null => MemberStanding.Unavailable,
            RegisterStatus.Done => MemberStanding.Done,
            RegisterStatus.ChunksMissing => MemberStanding.ChunksMissing,
            RegisterStatus.NoVote => MemberStanding.Unavailable,
            _ => MemberStanding.Refused,
        };
        return true;
    }

    public int Count(MemberStanding standing) => standings.AsSpan(0, voterCount).Count(standing);

    /// <summary>Whether a majority is done.</summary>
    public bool HasMajority => Count(MemberStanding.Done) >= Majority;

    /// <summary>Whether any member may still answer.</summary>
    public bool IsPending => Count(MemberStanding.ToAsk) + Count(MemberStanding.Asked) > 0;

    /// <summary>Whether a majority can still be done in this step.</summary>
    public bool CanReachMajority =>
        Count(MemberStanding.Done) + Count(MemberStanding.ToAsk) + Count(MemberStanding.Asked) >= Majority;
}
