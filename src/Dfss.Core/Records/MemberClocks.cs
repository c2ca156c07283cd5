namespace Dfss.Records;

/// <summary>The members' clocks in one round: which it sends to which member, and which answers count.</summary>
internal sealed class MemberClocks(RegisterPlace place)
{
    private readonly (RegisterRequest Request, StoreClock? Clock)?[] answers =
        new (RegisterRequest, StoreClock?)?[place.VoterCount + place.GuestCount];

    private readonly StoreClock?[] promised = new StoreClock?[place.VoterCount + place.GuestCount];
    private readonly StoreClock?[] accepted = new StoreClock?[place.VoterCount + place.GuestCount];
    private readonly StoreClock?[] told = new StoreClock?[place.VoterCount + place.GuestCount];

    /// <summary>A ballot begins: no member has promised it.</summary>
    public void BeginBallot() => Array.Clear(promised);

    /// <summary>Fixes the generation of each member that is sent to all members that are asked to accept.</summary>
    public void BeginAccepting()
    {
        for (int i = 0; i < told.Length; i++)
        {
            told[i] = promised[i] ?? Latest(i);
            accepted[i] = null;
        }
    }

    /// <summary>The clocks for a member that is not asked to accept: all known ones of its own store.</summary>
    public IReadOnlyList<StoreClock> ForAsking(int target)
    {
        if (IdOf(target) is not StoreId own)
        {
            return [];
        }

        IReadOnlyList<StoreClock> known = place.Clocks.Find(own);
        return [.. known.Count > 0 ? known : [StoreClock.Unknown(own)],
            .. Others(target).Select(one => StoreClock.Unknown(one.Id))];
    }

    /// <summary>
    /// The clocks for a member that is asked to accept, or gets the decision of this round: the fixed generation of
    /// each member. For a member whose vote is not counted they have no counter: an unchecked counter must not be
    /// remembered.
    /// </summary>
    public IReadOnlyList<StoreClock> ForVoting(int target)
    {
        if (IdOf(target) is not StoreId own)
        {
            return [];
        }

        List<StoreClock> clocks = [];
        if (told[target] is { } fixedClock)
        {
            clocks.Add(fixedClock);
            clocks.AddRange(
                place.Clocks.Find(own)
                    .Where(clock => clock.Generation == fixedClock.Generation && clock != fixedClock));
        }
        else
        {
            clocks.Add(StoreClock.Unknown(own));
        }

        foreach ((int index, StoreId id) in Others(target))
        {
            StoreClock clock = ForOthers(index, id);
            clocks.Add(clock);
            if (promised[index] is { } promise && promise.Generation == clock.Generation)
            {
                clocks.AddRange(place.Clocks.FindAcknowledged(id, promise.Instance));
            }
        }

        return clocks;
    }

    private StoreClock ForOthers(int member, StoreId id)
    {
        StoreClock? clock = told[member];
        return accepted[member] is { } counted && counted.Generation == (clock?.Generation ?? 0) ? counted
            : clock is null ? StoreClock.Unknown(id)
            : promised[member] is null ? clock with { Counter = 0 }
            : clock;
    }

    /// <summary>
    /// Whether a member's acceptance counts: the members that accept have got its generation and instance, so their
    /// answers had the clocks of it that they remember.
    /// </summary>
    public bool IsToldToAll(int member, RegisterAnswer answer) => IdOf(member) is null || answer.Clock is not { } clock
        || (told[member] is { } fixedClock && fixedClock.Generation == clock.Generation
            && fixedClock.Instance == clock.Instance);

    /// <summary>
    /// Whether a later generation of the member is known than the one that is sent to members that accept.
    /// </summary>
    public bool IsOutdated(int member) => Latest(member)?.Generation > (told[member]?.Generation ?? 0);

    /// <summary>Records the clocks of other stores in an answer.</summary>
    public void Hear(int member, RegisterAnswer answer)
    {
        foreach (StoreClock clock in answer.Known)
        {
            if (clock.StoreId != IdOf(member) && place.Members.Contains(clock.StoreId))
            {
                place.Clocks.Hear(clock);
            }
        }
    }

    /// <summary>Records an answer that the round waits for.</summary>
    public void Take(int member, RegisterRequest request, RegisterAnswer answer)
    {
        StoreClock? clock = answer.Clock is { } own && own.StoreId == IdOf(member) ? own : null;
        answers[member] = (request, clock);
        if (IdOf(member) is StoreId id && IsVouched(member))
        {
            place.Clocks.Count(id, request, clock);
            if (request is PrepareRequest && answer.Status == RegisterStatus.Done)
            {
                promised[member] = clock;
            }
            else if (request is AcceptRequest && answer.Status == RegisterStatus.Done)
            {
                accepted[member] = clock;
            }
        }
    }

    /// <summary>Whether the member's last answer counts, by the clocks of its store that are known now.</summary>
    public bool IsVouched(int member) => IdOf(member) is not StoreId id || answers[member] is not { } answer
        || place.Clocks.IsVouched(id, answer.Request, answer.Clock);

    /// <summary>The member's last answer does not count any more; nor does a promise of the step at hand.</summary>
    public void Drop(int member)
    {
        if (answers[member]?.Request is PrepareRequest)
        {
            promised[member] = null;
        }

        accepted[member] = null;
    }

    private StoreId? IdOf(int member) =>
        !place.IsUnanimous && member < place.Members.Count ? place.Members[member] : null;

    private StoreClock? Latest(int member) =>
        IdOf(member) is StoreId id && place.Clocks.Find(id) is [var latest, ..] ? latest : null;

    private IEnumerable<(int Index, StoreId Id)> Others(int target) => Enumerable.Range(0, place.Members.Count)
        .Where(i => i != target && place.Members[i] is not null).Select(i => (i, place.Members[i]!.Value));
}
