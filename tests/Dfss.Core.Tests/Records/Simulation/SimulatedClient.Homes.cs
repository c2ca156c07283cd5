using Dfss.Records;

namespace Dfss.Tests.Records.Simulation;

/// <content> Where it asks: at the first home, or at the last it has heard of, and from there on to where the name
/// moved. A move is a change like others, but for the members that are asked to seal.
/// </content>
internal sealed partial class SimulatedClient
{
    private readonly Dictionary<string, FileRecord> lastSeen = new(StringComparer.Ordinal);
    private readonly Dictionary<RegisterRequest, (bool IsAnswered, RegisterAnswer? Answer)> asked = new(
        ReferenceEqualityComparer.Instance);
    private KnownClocks clocks = new();
    private RecordHome home = null!;
    private int[] members = [];
    private int[]? target;
    private bool changes;

    // Of a client that brings other addresses into a record: the record as it read it. To the history it is a read.
    private FileRecord? refreshed;

    /// <summary>The members that are to hold the chunks of what is written.</summary>
    private int[] Holders => target ?? members;

    private RecordHome ChooseHome(string name) =>
        random.Next(2) == 0 && lastSeen.TryGetValue(name, out FileRecord? seen)
            ? seen.State == FileRecordState.Moved
                ? RecordHome.OfDecided(new BallotedRecord(default, seen))
                : RecordHome.Of(seen)
            : schedule.FirstHome;

    private void Remember(FileRecord? seen)
    {
        if (seen is not null)
        {
            lastSeen[seen.Name] = seen.State == FileRecordState.Moved ? HomeEpoch.FirstOf(seen).Record : seen;
        }
    }

    /// <summary>
    /// Begins the operation, or what is left of it, at this home. What it did at an earlier one was not made.
    /// </summary>
    private void BeginAt(RecordHome where)
    {
        Epoch++;
        awaitedPuts.Clear();
        donePuts.Clear();
        isPutting = false;
        home = changes && schedule.Mutation == Mutation.NothingIsANewName
            ? where with { Epoch = HomeEpoch.Original }
            : where;
        members = Schedule.IndexesOf(where.Members);
        RegisterPlace place = new(members.Length, home.Epoch);
        if (!changes)
        {
            place = place with { Members = Schedule.StoresOf(members), Clocks = clocks };
            round = refreshed is { State: FileRecordState.File }
                ? new Refresher(
                    place, refreshed, schedule.NewGuid,
                    random.Next(16) is var n and < 8 ? new Ballot(n + 1, default, home.Epoch.Number) : null)
                : new RegisterReader(operation!.Name, place, schedule.NewGuid);
            return;
        }

        if (target is not null)
        {
            int[] guests = [.. target.Except(members)];
            members = [.. members, .. guests];
            place = place with { GuestCount = guests.Length };
        }

        place = place with { Members = Schedule.StoresOf(members), Clocks = clocks };

        minimumReplicas = random.Next(1, Math.Min(Holders.Length, 3) + 1);
        operation!.Id = schedule.NewGuid();
        round = new Proposer(operation.Name, place, operation.Condition, operation.Id, schedule.NewGuid);
    }

    /// <summary>Goes on where the name moved to; whether there is anything left to do.</summary>
    private bool Follow()
    {
        if (round is not RegisterRound { HasMoved: true } moved || budget <= 0
            || round is Proposer { State: not ProposerState.Moved })
        {
            return false;
        }

        if (moved.NextHome is { } next)
        {
            BeginAt(next);
            return true;
        }

        foreach (int member in members)
        {
            ReadRequest question = new(moved.Name);
            asked.Add(question, default);
            schedule.Send(this, member, question);
        }

        return true;
    }

    /// <summary>When all asked have answered or failed: the later home that they tell of.</summary>
    private void StepAsking()
    {
        if (asked.Values.Any(one => !one.IsAnswered))
        {
            return;
        }

        RecordHome? latest = RecordHome.LatestOf(asked.Values.Select(one => one.Answer).OfType<RegisterAnswer>());
        asked.Clear();
        if (latest is not null && latest.Epoch.Number > home.Epoch.Number)
        {
            BeginAt(latest);
        }
        else
        {
            Complete();
        }
    }
}
