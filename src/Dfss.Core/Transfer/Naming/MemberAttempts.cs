using Dfss.Storage;
using Polly;
using Polly.Retry;

namespace Dfss.Transfer;

/// <summary>
/// What a send asks of a member's chunks: tried a few times, and where it fails for good, the member is left out from then
/// on.
/// </summary>
internal sealed class MemberAttempts
{
    private readonly Home home;
    private readonly SendPlan plan;
    private readonly ResiliencePipeline retry;

    public MemberAttempts(Home home, SendPlan plan, TransferOptions options)
    {
        this.home = home;
        this.plan = plan;
        retry = CreateRetry(options, error => error.IsTransient || error.Code == DfssErrorCode.ChunkCorrupt);
    }

    /// <summary>Two more tries, after growing waits, of what fails at one member with an error that is worth it.</summary>
    public static ResiliencePipeline CreateRetry(TransferOptions options, Func<DfssException, bool> isWorthIt) =>
        new ResiliencePipelineBuilder { TimeProvider = options.TimeProvider }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle(isWorthIt),
                MaxRetryAttempts = 2,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.RetryDelay,
            })
            .Build();

    /// <summary>Does something at a member.</summary>
    /// <returns>Whether it is done; where not, the member is left out.</returns>
    public async Task<bool> TryAsync(
        int member, Func<IChunkStore, CancellationToken, ValueTask> act, CancellationToken cancellationToken)
    {
        IChunkStore store = home[member]!.Chunks;
        try
        {
            await retry.ExecuteAsync(token => act(store, token), cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (DfssException error)
        {
            plan.Exclude(member, error);
            return false;
        }
    }
}
