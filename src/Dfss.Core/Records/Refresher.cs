using System.Buffers.Binary;

namespace Dfss.Records;

/// <summary>
/// Has the members seal more copies of a name's current file, then accept its record again at a new ballot: that
/// decision keeps the sealed chunks. For repair in place, and for new addresses of the members: these are hints and no
/// part of the change, so the record keeps its version and writer id. It changes nothing that a reader sees, so it may
/// be given up at any time.
/// </summary>
internal sealed class Refresher : SealingRound
{
    private readonly FileRecord refreshed;
    private readonly bool givesWay;

    /// <summary>Begins it.</summary>
    /// <param name="place">The home.</param>
    /// <param name="record">The record: it is refreshed only as long as it is current.</param>
    /// <param name="newProposerId">Gives 16 random bytes for each ballot.</param>
    /// <param name="givesWayAfter">
    /// For one that gives way to every other writer: the ballot at which the record was decided. Its own ballot is just
    /// above that one, and below those of writers that began since. It ends if a member has promised a higher one, or
    /// too few answer, instead of trying again. Null for one that does not give way.
    /// </param>
    public Refresher(RegisterPlace place, FileRecord record, Func<Guid> newProposerId, Ballot? givesWayAfter = null)
        : base(record.Name, place, newProposerId)
    {
        refreshed = record;
        givesWay = givesWayAfter is not null;
        if (givesWayAfter is Ballot decided)
        {
            Prepare(
                JustAbove(
                    decided.Epoch == place.Epoch.Number ? decided : new Ballot(1, default, place.Epoch.Number),
                    newProposerId()));
        }
        else
        {
            PrepareNextBallot();
        }
    }

    /// <inheritdoc/>
    public override void GiveUp()
    {
        if (!IsFinished)
        {
            End(ProposerState.NoMajority, decided: null);
        }
    }

    /// <summary>The members' addresses are all that may differ from the record that is current.</summary>
    protected override FileRecord Complete(FileRecord built) => Current!.Record with { Home = built.Home };

    protected override void OnPrepared()
    {
        Current = Prepared;
        bool isSame = Current is not null && !(givesWay && IsRefused)
            && Current.Record.Version == refreshed.Version && Current.Record.WriterId == refreshed.WriterId
            && Current.Record.State == refreshed.State;
        if (isSame)
        {
            BeginSealing();
        }
        else
        {
            End(ProposerState.Conflict, decided: null);
        }
    }

    protected override void Repeat()
    {
        if (givesWay)
        {
            End(IsRefused ? ProposerState.Conflict : ProposerState.NoMajority, decided: null);
        }
        else
        {
            base.Repeat();
        }
    }

    protected override void OnAccepted(BallotedRecord chosen)
    {
        Current = chosen;
        Chosen = chosen;
        End(ProposerState.Chosen, decided: chosen);
    }

    protected override void OnMoved(BallotedRecord? evidence) => End(ProposerState.Moved, DecidedHere(evidence));

    private bool IsRefused => Tally.Count(MemberStanding.Refused) > 0;

    /// <summary>
    /// The first 4 bytes of the id are the decided ones plus 1, the other 12 are random, so it stays unique.
    /// </summary>
    private static Ballot JustAbove(Ballot decided, Guid random)
    {
        byte[] bytes = random.ToByteArray(bigEndian: true);
        uint beginning = BinaryPrimitives.ReadUInt32BigEndian(decided.Proposer.ToByteArray(bigEndian: true));
        BinaryPrimitives.WriteUInt32BigEndian(bytes, unchecked(beginning + 1));
        long counter = beginning == uint.MaxValue ? decided.Counter + 1 : decided.Counter;
        return decided with { Counter = counter, Proposer = new Guid(bytes, bigEndian: true) };
    }
}
