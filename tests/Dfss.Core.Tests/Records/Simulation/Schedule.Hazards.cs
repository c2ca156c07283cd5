namespace Dfss.Tests.Records.Simulation;

/// <content> One member among three or more is put back, or copied. What the register promises then: nothing
/// acknowledged is lost and reads stay linearizable, once all other members have heard of a vote that the earlier state
/// does not know. As long as one of them has not, a majority of it and of the earlier state cannot know better. Nor can
/// a read that begins before they have heard and ends after the store was put back: no schedule has one.
/// </content>
internal sealed partial class Schedule
{
    private const int MaxCopies = 4;

    private readonly Hazard hazard;
    private readonly int smallestHome;
    private readonly int stricken;
    private readonly List<SimulatedMember.Copy> copies = [];
    private SimulatedMember? twin;

    /// <summary>How often a state was put back, or copied and started.</summary>
    public int StrikeCount { get; private set; }

    private void Strike()
    {
        if (copies.Count == 0 || random.Next(4) == 0)
        {
            copies.Add(members[stricken].TakeCopy());
            if (copies.Count > MaxCopies)
            {
                copies.RemoveAt(random.Next(copies.Count));
            }

            return;
        }

        SimulatedMember.Copy copy = copies[random.Next(copies.Count)];
        if (!members.Where((_, index) => index != stricken).All(other => other.Remembers(copy.Votes)))
        {
            return;
        }

        Array.ForEach(clients, static client => client.AbandonRead());
        if (hazard == Hazard.PutBack)
        {
            StrikeCount++;
            members[stricken].PutBack(copy);
        }
        else if (twin is null)
        {
            StrikeCount++;
            twin = new SimulatedMember(names, members[stricken].Id, Mutation, this);
            twin.PutBack(copy);
            members[stricken].Twin = twin;
        }
    }

    /// <summary>What answers for a member: either of the copies, where there are two.</summary>
    private SimulatedMember Reach(int member) =>
        member == stricken && twin is not null && random.Next(2) == 0 ? twin : members[member];

    /// <summary>Whether a member votes though another one knows that it was put back: no client counts that.</summary>
    private bool IsUnnoticed(SimulatedMember member) => hazard != Hazard.None && members.Any(member.IsContradictedBy);
}
