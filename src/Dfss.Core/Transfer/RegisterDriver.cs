using Dfss.Records;
using Polly;
using Polly.Retry;

namespace Dfss.Transfer;

/// <summary>
/// Carries a round's requests to the members of a home and their answers back: the I/O of the register. One request is under way at each
/// member at a time; a member that does not answer, asked again a few times, counts as unavailable for that request.
/// </summary>
internal sealed class RegisterDriver
{
    /// <summary>8 lost ballots in a row, with growing random waits between: more than any honest contest takes.</summary>
    private const int MaxRounds = 8;

    /// <summary>How long the last, losable messages may hold up a result that is certain already.</summary>
    private static readonly TimeSpan FarewellTime = TimeSpan.FromSeconds(2);

    private readonly Home home;
    private readonly TransferOptions options;
    private readonly ResiliencePipeline retry;

    public RegisterDriver(Home home, TransferOptions options)
    {
        this.home = home;
        this.options = options;
        retry = new ResiliencePipelineBuilder { TimeProvider = options.TimeProvider }
            .AddRetry(new RetryStrategyOptions
            {
                // Every step is idempotent, so what got no answer is sent again.
                ShouldHandle = new PredicateBuilder().Handle<DfssException>(error => error.IsTransient),
                MaxRetryAttempts = 2,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.RetryDelay,
            })
            .Build();
    }

    /// <summary>What stood in the way at each member that was unavailable, the latest of each.</summary>
    public string Reasons => string.Join("; ", new[] { home.Reasons }.Concat(reasons.Values).Where(reason => reason.Length > 0));

    private readonly Dictionary<int, string> reasons = [];

    /// <summary>Runs until the round says that it is settled, or until nobody can do anything for it any more.</summary>
    public async Task RunAsync(IRegisterRound round, CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Dictionary<int, Task<Outcome>> running = [];
        try
        {
            while (true)
            {
                await PauseBetweenRoundsAsync(round, cancellationToken).ConfigureAwait(false);
                StartRequests(round, running, stop.Token);
                if (round.IsSettled)
                {
                    // What is left is telling the decision, which may be lost.
                    stop.CancelAfter(FarewellTime);
                }

                if (running.Count == 0)
                {
                    return;
                }

                Task<Outcome> ended = await Task.WhenAny(running.Values).ConfigureAwait(false);
                Deliver(round, running, await ended.ConfigureAwait(false));
            }
        }
        catch (OperationCanceledException) when (round.IsSettled && !cancellationToken.IsCancellationRequested)
        {
            // The farewell time is over; the members that did not hear the decision learn it from the next reader.
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(running.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private int lastRound;

    private async Task PauseBetweenRoundsAsync(IRegisterRound round, CancellationToken cancellationToken)
    {
        if (round.Round == lastRound)
        {
            return;
        }

        int retries = round.Round - 1;
        lastRound = round.Round;
        if (retries >= MaxRounds)
        {
            round.GiveUp();
        }
        else if (retries > 0)
        {
            // Whoever waits less wins the next round; the range doubles so that many rivals spread out.
            int milliseconds = Random.Shared.Next(5, 20 << Math.Min(retries, 6));
            await Task.Delay(TimeSpan.FromMilliseconds(milliseconds), options.TimeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    private void StartRequests(IRegisterRound round, Dictionary<int, Task<Outcome>> running, CancellationToken cancellationToken)
    {
        for (int member = 0; member < home.Count; member++)
        {
            while (!running.ContainsKey(member) && round.NextFor(member) is RegisterRequest request)
            {
                if (home[member] is PeerHandle peer)
                {
                    running.Add(member, AskAsync(member, peer, request, cancellationToken));
                }
                else
                {
                    round.OnUnavailable(member, request);
                }
            }
        }
    }

    private void Deliver(IRegisterRound round, Dictionary<int, Task<Outcome>> running, Outcome outcome)
    {
        running.Remove(outcome.Member);
        if (outcome.Answer is RegisterAnswer answer)
        {
            round.OnAnswer(outcome.Member, outcome.Request, answer);
        }
        else
        {
            reasons[outcome.Member] = outcome.Reason!;
            round.OnUnavailable(outcome.Member, outcome.Request);
        }
    }

    private async Task<Outcome> AskAsync(int member, PeerHandle peer, RegisterRequest request, CancellationToken cancellationToken)
    {
        try
        {
            RegisterAnswer answer = await retry.ExecuteAsync(
                async token => (await SendAsync(peer.Records, request, token).ConfigureAwait(false))[0], cancellationToken).ConfigureAwait(false);
            return new Outcome(member, request, answer, Reason: null);
        }
        catch (DfssException error)
        {
            return new Outcome(member, request, Answer: null, $"{peer}: {error.Message}");
        }
    }

    private static ValueTask<IReadOnlyList<RegisterAnswer>> SendAsync(
        IRecordStore store, RegisterRequest request, CancellationToken cancellationToken) => request switch
        {
            PrepareRequest prepare => store.PrepareAsync([prepare], cancellationToken),
            SealRequest seal => store.SealAsync([seal], cancellationToken),
            AcceptRequest accept => store.AcceptAsync([accept], cancellationToken),
            DecideRequest decide => store.DecideAsync([decide], cancellationToken),
            ReadRequest read => store.ReadAsync([read], cancellationToken),
            _ => throw new ArgumentException($"A {request.GetType().Name} is no step of the register.", nameof(request)),
        };

    private sealed record Outcome(int Member, RegisterRequest Request, RegisterAnswer? Answer, string? Reason);
}
