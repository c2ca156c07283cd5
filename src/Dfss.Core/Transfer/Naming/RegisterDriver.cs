using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>
/// Carries a round's requests to the members of a home and their answers back: the I/O of the register. One request is
/// under way at each member at a time; a request without an answer is sent again in a later round, as every step is
/// idempotent.
/// </summary>
internal sealed class RegisterDriver(Home home, TransferOptions options)
{
    private readonly Dictionary<int, DfssException> errors = [];
    private readonly HashSet<int> withoutVote = [];
    private bool isKnownName;
    private int pausedFor = 1;

    /// <summary>The error of each member whose last request got no answer.</summary>
    public string Reasons => string.Join(
        " ", errors.Values.Select(error => error.Reason).Prepend(home.Reasons).Where(reason => reason.Length > 0));

    /// <summary>The error of a member whose last request got no answer; null where there is none.</summary>
    public DfssException? ErrorOf(int member) => errors.GetValueOrDefault(member);

    /// <summary>Whether a member's register has no vote.</summary>
    public bool HasMemberWithoutVote => withoutVote.Count > 0;

    /// <summary>
    /// The error of every member that did not answer, if all have the same and waiting does not help, such as a failed
    /// disk.
    /// </summary>
    public DfssErrorCode? CommonError => home.ReachedCount == home.Count
        && errors.Values.Select(error => error.Code).Distinct().ToList() is [DfssErrorCode code]
        && errors.Values.All(error => !error.IsTransient)
            ? code
            : null;

    /// <summary>What to do about <see cref="CommonError"/>; null if there is none, or if its code says it.</summary>
    public string? CommonAdvice => CommonError is null ? null : errors.Values.First().Advice;

    /// <summary>Runs until the round is finished, or pauses for its caller (<paramref name="isPaused"/>), with nothing
    /// left under way.</summary>
    public async Task RunAsync(RegisterRound round, Func<bool> isPaused, CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using CancellationTokenSource reading = new(PeerHandle.ReadLimit, options.TimeProvider);
        long began = options.TimeProvider.GetTimestamp();
        Dictionary<int, (RegisterRequest Request, Task<Outcome> Answer)> running = [];
        int answered = 0;
        bool isLeaving = false;
        try
        {
            while (true)
            {
                await PauseBetweenRoundsAsync(round, cancellationToken).ConfigureAwait(false);
                bool isAsking = StartRequests(round, running, reading.Token, stop.Token);
                if (!isLeaving && (round.IsFinished || isPaused()))
                {
                    // What is left is to send the decision, or to get the answers of the slowest; neither is worth a
                    // long wait.
                    isLeaving = true;
                    stop.CancelAfter(StragglerGrace.After(options.TimeProvider.GetElapsedTime(began)));
                }

                if (isLeaving && running.Values.All(one => one.Request is ReadRequest))
                {
                    return;
                }

                if (running.Count > 0)
                {
                    Task<Outcome> ended = await Task.WhenAny(
                        running.Values.Select(one => one.Answer)).ConfigureAwait(false);
                    Outcome outcome = await ended.ConfigureAwait(false);
                    Deliver(round, running, outcome);
                    if (outcome.Answer is { Status: not RegisterStatus.NoVote } && ++answered == home.Majority)
                    {
                        // If the majority of a read shows a change under way, the read waits for the rest first, but
                        // not for long.
                        reading.CancelAfter(StragglerGrace.After(options.TimeProvider.GetElapsedTime(began)));
                    }
                }
                else if (!isAsking)
                {
                    round.GiveUp();
                }
            }
        }
        catch (OperationCanceledException) when (isLeaving && !cancellationToken.IsCancellationRequested)
        {
            // The time is over; the members that did not get the decision get it from the next reader.
        }
        finally
        {
            if (running.Count > 0)
            {
                await stop.CancelAsync().ConfigureAwait(false);
                await ((Task)Task.WhenAll(
                    running.Values.Select(one => one.Answer))).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task PauseBetweenRoundsAsync(RegisterRound round, CancellationToken cancellationToken)
    {
        if (round.IsFinished || round.Round <= pausedFor)
        {
            return;
        }

        pausedFor = round.Round;
        if (round.Round > RetryPolicy.Ballot.Attempts)
        {
            round.GiveUp();
        }
        else if (round.Round > 2)
        {
            TimeSpan pause = RetryPolicy.Ballot.PauseAfter(failures: round.Round - 2);
            await Task.Delay(pause, options.TimeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Sends the pending requests. False if there were none.</summary>
    private bool StartRequests(
        RegisterRound round,
        Dictionary<int, (RegisterRequest Request, Task<Outcome> Answer)> running,
        CancellationToken readLimit,
        CancellationToken cancellationToken)
    {
        bool isAsking = false;
        for (int member = 0; member < home.Count; member++)
        {
            if (running.ContainsKey(member) || round.NextFor(member) is not RegisterRequest request)
            {
                continue;
            }

            isAsking = true;
            if (home[member] is PeerHandle peer)
            {
                Task<Outcome> answer = request is ReadRequest
                    ? AskWithinAsync(member, peer, request, readLimit, cancellationToken)
                    : AskAsync(member, peer, request, cancellationToken);
                running.Add(member, (request, answer));
            }
            else
            {
                round.OnUnavailable(member, request);
            }
        }

        return isAsking;
    }

    private void Deliver(
        RegisterRound round, Dictionary<int, (RegisterRequest Request, Task<Outcome> Answer)> running, Outcome outcome)
    {
        running.Remove(outcome.Member);
        if (outcome.Answer is RegisterAnswer answer)
        {
            errors.Remove(outcome.Member);
            NoteVote(outcome.Member, answer);
            round.OnAnswer(outcome.Member, outcome.Request, answer);
        }
        else
        {
            errors[outcome.Member] = outcome.Error!;
            round.OnUnavailable(outcome.Member, outcome.Request);
        }
    }

    /// <summary>For a name that no peer has there is nothing to warn of: it gets all votes with its first
    /// change.</summary>
    private void NoteVote(int member, RegisterAnswer answer)
    {
        isKnownName |= (answer.Accepted ?? answer.Decided) is not null;
        if (answer.Status == RegisterStatus.NoVote)
        {
            withoutVote.Add(member);
            errors[member] = new DfssException(
                DfssErrorCode.NoMajority,
                $"{home[member]}: its store was restored from an earlier copy, or runs twice, and has no vote on "
                    + "this name yet.",
                "Start the file's other peers, and repair it.");
        }
        else
        {
            withoutVote.Remove(member);
        }

        if (isKnownName)
        {
            foreach (int one in withoutVote)
            {
                home.WarnOfNoVote(one);
            }
        }
    }

    private async Task<Outcome> AskWithinAsync(
        int member, PeerHandle peer, RegisterRequest request, CancellationToken limit,
        CancellationToken cancellationToken)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(
            limit, cancellationToken);
        try
        {
            return await AskAsync(member, peer, request, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException cause) when (!cancellationToken.IsCancellationRequested)
        {
            return new Outcome(member, request, Answer: null, PeerHandle.Late(peer.Link.Address, cause));
        }
    }

    private async Task<Outcome> AskAsync(
        int member, PeerHandle peer, RegisterRequest request, CancellationToken cancellationToken)
    {
        try
        {
            if (request is not ReadRequest)
            {
                home.ThrowIfRunsTwice(member);
            }

            // A seal's home: if this writer ends before the name is decided, other clients can decide it there.
            RegisterRequest sent = request is SealRequest { Home.Count: 0 } seal
                ? seal with { Home = home.Voters }
                : request;
            RegisterAnswer answer = (await peer.Records.AskAsync([sent], cancellationToken).ConfigureAwait(false))[0];
            return new Outcome(member, request, answer, Error: null);
        }
        catch (DfssException error)
        {
            return new Outcome(member, request, Answer: null, error);
        }
    }

    private sealed record Outcome(int Member, RegisterRequest Request, RegisterAnswer? Answer, DfssException? Error);
}
