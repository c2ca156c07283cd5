using Dfss.Records;

namespace Dfss.Tests.Records.Simulation;

/// <summary>
/// What no member knows but the schedule sees: which records were chosen, that is accepted at one ballot by a majority.
/// Checks after every event that could lose one that each chunk of every name's last chosen record is on as many disks
/// as its writer was promised.
/// </summary>
internal sealed class ChosenRecords(IReadOnlyList<SimulatedMember> members)
{
    private readonly Dictionary<(string Name, Ballot Ballot), HashSet<int>> votes = [];
    private readonly Dictionary<string, BallotedRecord> last = new(StringComparer.Ordinal);
    private readonly HashSet<Guid> writers = [];

    public int Count => writers.Count;

    public int MoveCount { get; private set; }

    /// <summary>The first thing that went wrong.</summary>
    public string? Violation { get; private set; }

    public bool IsReal(FileRecord record) => writers.Contains(record.WriterId);

    public void Note(int member, RegisterRequest request, byte[] encodedAnswer)
    {
        if (request is not AcceptRequest accept
            || RecordCodec.DecodeAnswer(encodedAnswer).Status != RegisterStatus.Done)
        {
            return;
        }

        if (!votes.TryGetValue((accept.Name, accept.Ballot), out HashSet<int>? voters))
        {
            votes.Add((accept.Name, accept.Ballot), voters = []);
        }

        if (voters.Add(member) && voters.Count == (HomeOf(accept.Record).Count / 2) + 1)
        {
            Choose(accept.Name, new BallotedRecord(accept.Ballot, accept.Record));
        }
    }

    /// <summary>
    /// A writer says that a record was chosen. Where a member was put back or copied, a writer may count an acceptance
    /// that <see cref="Note"/> is not shown.
    /// </summary>
    public void NoteDecision(DecideRequest decide) =>
        Choose(decide.Name, new BallotedRecord(decide.Ballot, decide.Record));

    private void Choose(string name, BallotedRecord record)
    {
        bool isNew = writers.Add(record.Record.WriterId);
        MoveCount += isNew && record.Record.State == FileRecordState.Moved ? 1 : 0;
        if (!(last.TryGetValue(name, out BallotedRecord? known) && known.Ballot >= record.Ballot))
        {
            last[name] = record;
            CheckChunks("its choice");
        }
    }

    /// <summary>The members that vote on a record: on a move, those of the former home.</summary>
    private static IReadOnlyList<HomeMember> HomeOf(FileRecord record) =>
        record.State == FileRecordState.Moved ? record.FormerHome : record.Home;

    public void CheckChunks(string after)
    {
        foreach (FileRecord record in last.Values.Select(chosen => chosen.Record)
            .Where(r => r.State != FileRecordState.Removed))
        {
            SimulatedFile file = SimulatedFile.Of(record.FileId);
            foreach (int chunk in file.Chunks.Append(file.Manifest))
            {
                int copies = members.Count(member =>
                    member.IsDurable(chunk) && record.Home.Any(one => one.StoreId == member.Id));
                if (copies < record.Replicas)
                {
                    Violation ??=
                        $"'{record.Name}' v{record.Version}: {copies} of {record.Replicas} copies of chunk {chunk} "
                            + $"after {after}";
                }
            }
        }
    }
}
