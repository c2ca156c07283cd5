namespace Dfss.Transfer;

/// <summary>
/// A send's requests for chunks at a member: each is tried a few times, and if it fails for good, the member is left
/// out from then on.
/// </summary>
internal sealed class MemberAttempts(Home home, SendPlan plan)
{
    /// <summary>Does something at a member.</summary>
    /// <returns>Whether it is done; where not, the member is left out.</returns>
    public async Task<bool> TryAsync(
        int member, Func<PeerHandle, CancellationToken, ValueTask> act, CancellationToken cancellationToken)
    {
        PeerHandle peer = home[member]!;
        try
        {
            await home.Retries.PutChunk.ExecuteAsync(
                token => act(peer, token), cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (DfssException error)
        {
            plan.Exclude(member, error);
            return false;
        }
    }
}
