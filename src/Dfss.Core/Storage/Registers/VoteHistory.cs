using Dfss.Records;

namespace Dfss.Storage;

/// <summary>
/// Detects that the store was restored from an earlier copy: a request has a clock of this store that is later than its
/// own. Then a new generation begins, in which a register has a vote only after it was brought up to date.
/// </summary>
#pragma warning disable CA1001 // A semaphore whose wait handle is never used has nothing to dispose.
internal sealed class VoteHistory(IRegisterTable table, LocalStoreOptions options)
#pragma warning restore CA1001
{
    private readonly SemaphoreSlim one = new(1);

    /// <summary>Checks the clocks of this store in requests.</summary>
    public async ValueTask NoticeAsync(IEnumerable<RegisterRequest> requests, CancellationToken cancellationToken)
    {
        foreach (RegisterRequest request in requests)
        {
            if (request.Teaches && RegisterVote.FindContradiction(table.Votes, request) is not null)
            {
                await BreakAsync(request, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// Adds to the answers the clock of this store, and those of the others that the requests name; nothing if a
    /// request names none.
    /// </summary>
    public RegisterAnswer[] Sign(IReadOnlyList<RegisterRequest> requests, IReadOnlyList<RegisterAnswer> answers)
    {
        StoreVotes votes = table.Votes;
        return [.. answers.Select((answer, i) => requests[i].Clocks.Count == 0 ? answer : answer with
        {
            Clock = votes.Clock,
            Known = [.. requests[i].Clocks.Select(clock => clock.StoreId).Distinct().Select(table.Heard.Find)
                .OfType<StoreClock>()],
        })];
    }

    private async Task BreakAsync(RegisterRequest request, CancellationToken cancellationToken)
    {
        await one.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            StoreVotes votes = table.Votes;
            if (RegisterVote.FindContradiction(votes, request) is { } clock)
            {
                long now = options.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();
                await table.BeginAsync(votes.Break(clock, now, Guid.NewGuid())).ConfigureAwait(false);
                options.Log?.Invoke(
                    $"Store {votes.StoreId} was restored from an earlier copy, or runs twice: other peers know of "
                    + "votes that it does not have. "
                    + "It has no vote on a name until a change or Repair-DfssFile has brought that name up "
                    + "to date here.");
            }
        }
        finally
        {
            one.Release();
        }
    }
}
