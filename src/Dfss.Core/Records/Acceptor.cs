namespace Dfss.Records;

/// <summary>The result of a step: the state to put on stable storage, then the answer to send.</summary>
/// <param name="State">The same instance as before if nothing changed.</param>
/// <param name="Answer">To be sent once the state is on stable storage.</param>
internal readonly record struct AcceptorStep(RegisterState State, RegisterAnswer Answer);

/// <summary>The voting rules of a member: pure functions from a state and a request to the next state and the answer.
/// The caller applies the steps of one name one after the other. A ballot whose counter is more than
/// <see cref="Ballot.MaxJump"/> above any seen of its epoch, or whose epoch is that far above, or a record of another
/// name or epoch, is <see cref="DfssErrorCode.InvalidArgument"/>.</summary>
internal static class Acceptor
{
    /// <summary>Step 1: promises the ballot, unless a higher one was promised.</summary>
    public static AcceptorStep Prepare(RegisterState state, PrepareRequest request)
    {
        CheckJump(state, request.Ballot);
        return request.Ballot < state.Promised ? Refuse(state) : Done(Promise(state, request.Ballot));
    }

    /// <summary>Checks step 3: the refusal, or null if the chunk store may be flushed and examined.</summary>
    public static RegisterAnswer? CheckSeal(RegisterState state, SealRequest request)
    {
        CheckJump(state, request.Ballot);
        return request.Ballot < state.Promised ? Refuse(state).Answer : null;
    }

    /// <summary>
    /// Step 3, after the flush and with every expected chunk there: promises the ballot and keeps the seal, unless a
    /// higher ballot was promised meanwhile. Called under the lock against garbage collection, which the caller has
    /// held since it examined the chunks.
    /// </summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.LimitExceeded"/>: too many files are sealed under this
    /// name.</exception>
    public static AcceptorStep Seal(RegisterState state, SealRequest request)
    {
        CheckJump(state, request.Ballot);
        if (request.Ballot < state.Promised)
        {
            return Refuse(state);
        }

        // An older seal of the same file protects nothing that the new one does not, and not as long.
        List<RegisterSeal> seals = [.. state.Seals.Where(seal => seal.FileId != request.FileId)];
        if (seals.Count >= RegisterState.MaxSeals)
        {
            throw new DfssException(
                DfssErrorCode.LimitExceeded,
                $"'{request.Name}' has {RegisterState.MaxSeals} unfinished changes.",
                "Finish one of them, then send again.");
        }

        // One address each: a thousand seals must not make the state of a name a matter of megabytes.
        seals.Add(new RegisterSeal(request.Ballot, request.FileId)
        {
            Home = request.Home.Count == 0 ? [] : [.. request.Home.Select(WithOneAddress)],
        });
        return Done(Promise(state, request.Ballot) with { Seals = seals });
    }

    /// <summary>The answer to step 3 if chunks, or the manifest, are missing. It changes nothing.</summary>
    public static RegisterAnswer ChunksMissing(RegisterState state, ChunkBitmap missing, bool isManifestMissing) =>
        Answer(state, RegisterStatus.ChunksMissing) with { Missing = missing, IsManifestMissing = isManifestMissing };

    /// <summary>Step 4: promises the ballot and accepts the record, unless a higher ballot was promised.</summary>
    public static AcceptorStep Accept(RegisterState state, AcceptRequest request)
    {
        CheckJump(state, request.Ballot);
        CheckRecord(request.Name, request.Ballot, request.Record);
        if (request.Ballot < state.Promised)
        {
            return Refuse(state);
        }

        // One ballot carries one record, so the same ballot again is a repeated request.
        return request.Ballot == state.Accepted?.Ballot
            ? Done(state)
            : Done(
                Promise(state, request.Ballot) with { Accepted = new BallotedRecord(request.Ballot, request.Record) });
    }

    /// <summary>
    /// Step 5: records that the record was chosen at the ballot, and releases the seals up to it. Never refused.
    /// </summary>
    /// <remarks>
    /// A record that was accepted at a lower or equal ballot is replaced by the chosen one, as if this member had
    /// accepted it in time. That is safe: (b, r) was chosen, so a majority accepted it before any of them promised a
    /// higher ballot; a proposer that prepares above b reads one of them and builds on r or on a successor of r,
    /// whether this member answers (b, r), an earlier record, or nothing. The promise rises with it, so that no accept
    /// at a lower ballot follows; refusing more is always safe. The gain: the accepted record is never older than the
    /// decided one, so no old content is kept for it, and a late seal of a lost round is refused and not kept
    /// indefinitely.
    /// </remarks>
    public static AcceptorStep Decide(RegisterState state, DecideRequest request)
    {
        CheckJump(state, request.Ballot);
        CheckRecord(request.Name, request.Ballot, request.Record);
        if (request.Ballot <= state.Decided?.Ballot)
        {
            return Done(state);
        }

        BallotedRecord chosen = new(request.Ballot, request.Record);
        return Done(Promise(state, request.Ballot) with
        {
            Decided = chosen,
            Accepted = state.Accepted?.Ballot > request.Ballot ? state.Accepted : chosen,
            Seals = [.. state.Seals.Where(seal => seal.Ballot > request.Ballot)],
        });
    }

    /// <summary>The state of the register.</summary>
    public static AcceptorStep Read(RegisterState state, ReadRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return Done(state);
    }

    /// <summary>The request is refused. It changes nothing.</summary>
    public static AcceptorStep Refuse(RegisterState state) => new(state, Answer(state, RegisterStatus.Refused));

    /// <summary>The register has no vote. The request changes nothing.</summary>
    public static AcceptorStep NoVote(RegisterState state) => new(state, Answer(state, RegisterStatus.NoVote));

    private static HomeMember WithOneAddress(HomeMember member) =>
        member with { Addresses = [.. member.Addresses.Take(1)] };

    private static RegisterState Promise(RegisterState state, Ballot ballot) =>
        ballot > state.Promised ? state with { Promised = ballot } : state;

    private static AcceptorStep Done(RegisterState state) => new(state, Answer(state, RegisterStatus.Done));

    private static RegisterAnswer Answer(RegisterState state, RegisterStatus status) =>
        new() { Status = status, Promised = state.Promised, Accepted = state.Accepted, Decided = state.Decided };

    /// <summary>The promise is never below what was accepted, decided or sealed, so it is the highest seen.</summary>
    private static void CheckJump(RegisterState state, Ballot ballot)
    {
        Ballot highest = state.Promised;
        long counter = ballot.Epoch == highest.Epoch ? highest.Counter : 0;
        bool isBelow = ballot.Epoch < highest.Epoch;
        if (ballot.Counter < 1 || (!isBelow && ballot.Counter - counter > Ballot.MaxJump))
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                $"The ballot {ballot.Counter} is not within {Ballot.MaxJump} above {counter}, the highest seen here.");
        }

        if (ballot.Epoch - highest.Epoch > Ballot.MaxJump)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                $"The ballot's epoch {ballot.Epoch} is not within {Ballot.MaxJump} above {highest.Epoch}, the "
                    + "highest seen here.");
        }
    }

    private static void CheckRecord(string name, Ballot ballot, FileRecord record)
    {
        if (!string.Equals(name, record.Name, StringComparison.Ordinal))
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument, $"The record of '{record.Name}' was sent for the register of '{name}'.");
        }

        long epoch = ballot.Epoch + (record.State == FileRecordState.Moved ? 1 : 0);
        if (record.Epoch != epoch)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                $"A record of '{name}' of epoch {record.Epoch} was sent with a ballot of epoch {ballot.Epoch}.");
        }
    }
}
