namespace Dfss.Records;

/// <summary>
/// The voting rules of a member whose store may have been restored from an earlier copy: which of its registers have a
/// vote, and which requests rely on a promise that a member has lost. Pure, as <see cref="Acceptor"/>.
/// </summary>
/// <remarks>
/// A register without a vote gets it again by a round of the others that began to accept after the store had begun its
/// generation. A writer that counted this member's vote before has a majority that promised; it shares a member with
/// the majority that accepted in that round, and this is another one, so the round's ballot is above all that was lost,
/// and the round has found every record that was chosen with a lost vote. A lost promise may still let an old writer
/// succeed below a newer decision that counts this member's new vote. Therefore a writer sends the generations that it
/// counted, and a member that has recorded a later one refuses. The members that accepted the newer decision have
/// recorded it: a writer counts an acceptance only of a generation that it sent to all. A restored member that has not
/// detected it yet is still of the old generation: for such a member the writer also sends the clocks that it gave to
/// it, and a member that has recorded another clock refuses, and answers with that clock.
/// </remarks>
/// <param name="votes">The member's own store.</param>
/// <param name="heard">The latest clock that the member has recorded of another store.</param>
internal readonly struct RegisterVote(StoreVotes votes, Func<StoreId, StoreClock?> heard)
{
    /// <summary>
    /// The clock of this store in a request that shows that it was restored, if the request may do so; null if there is
    /// none.
    /// </summary>
    public static StoreClock? FindContradiction(StoreVotes votes, RegisterRequest request)
    {
        foreach (StoreClock clock in request.Clocks)
        {
            if (votes.IsContradictedBy(clock))
            {
                return clock;
            }
        }

        return null;
    }

    /// <summary>The clocks of other stores that a member remembers once it has changed a register for the
    /// request.</summary>
    public static IEnumerable<StoreClock> ToRemember(StoreId own, RegisterRequest request) =>
        request is AcceptRequest or DecideRequest && request.Teaches
            ? request.Clocks.Where(clock => clock.IsKnown && clock.StoreId != own)
            : [];

    /// <summary>Carries out a step.</summary>
    public AcceptorStep Take(RegisterState state, RegisterRequest request)
    {
        if (FindContradiction(votes, request) is not null)
        {
            return Acceptor.NoVote(state);
        }

        bool hasVote = request.IsUnanimous || state.Generation == votes.Generation;
        return request switch
        {
            SealRequest seal => Acceptor.Seal(state, seal),
            DecideRequest decide => Decide(state, decide, hasVote),
            AcceptRequest accept when !request.IsUnanimous && RestsOnForgotten(accept) => Acceptor.Refuse(state),
            _ when !hasVote => Acceptor.NoVote(state),
            PrepareRequest prepare => Acceptor.Prepare(state, prepare),
            AcceptRequest accept => Acceptor.Accept(state, accept),
            _ => Acceptor.Read(state, (ReadRequest)request),
        };
    }

    private AcceptorStep Decide(RegisterState state, DecideRequest request, bool hasVote)
    {
        AcceptorStep step = Acceptor.Decide(state, request);
        if (hasVote)
        {
            return step;
        }

        // A move has no information about the votes at the later home. The first record of a home is of no round.
        StoreId own = votes.StoreId;
        bool isBroughtUp = request.Record.State != FileRecordState.Moved
            && request.Ballot != HomeEpoch.FirstBallot(request.Ballot.Epoch)
            && request.Clocks.FirstOrDefault(clock => clock.StoreId == own) is { IsKnown: true } told
            && told.Generation == votes.Generation;
        return isBroughtUp
            ? step with { State = step.State with { Generation = votes.Generation } }
            : step with { Answer = step.Answer with { Status = RegisterStatus.NoVote } };
    }

    /// <summary>
    /// Whether the writer counted a member of an earlier generation than this member has recorded. A member that it
    /// does not name counts as never restored.
    /// </summary>
    private bool RestsOnForgotten(AcceptRequest request)
    {
        IReadOnlyList<HomeMember> home =
            request.Record.State == FileRecordState.Moved ? request.Record.FormerHome : request.Record.Home;
        foreach (HomeMember member in home)
        {
            if (member.StoreId is StoreId id
                && IsForgotten(id, [.. request.Clocks.Where(clock => clock.StoreId == id)]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Whether a promise may be lost. The first clock is that of the promise, and has no counter if none is counted;
    /// the others are those that the member got.
    /// </summary>
    private bool IsForgotten(StoreId id, StoreClock[] told)
    {
        StoreClock? promise = told.Length > 0 ? told[0] : null;
        if (id == votes.StoreId)
        {
            return (promise?.Generation ?? 0) < votes.Generation;
        }

        if (heard(id) is not { } latest || promise?.Generation > latest.Generation)
        {
            return false;
        }

        return (promise?.Generation ?? 0) < latest.Generation
            || (promise is { Counter: > 0 } && promise.Instance != latest.Instance
                && !told.Any(clock => clock.Instance == latest.Instance && clock.Counter >= latest.Counter));
    }
}
