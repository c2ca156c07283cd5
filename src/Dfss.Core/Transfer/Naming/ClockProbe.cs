using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>
/// Asks stores for the clocks that they remember of each other, and then each store about its own: for requests to
/// single peers, which are no round of the register.
/// </summary>
internal sealed class ClockProbe(KnownClocks clocks)
{
    /// <summary>The answers that count, by store; those of stores without a vote too.</summary>
    public async Task<IReadOnlyDictionary<StoreId, RegisterAnswer>> AskAsync(
        IReadOnlyCollection<PeerHandle> peers, string name, CancellationToken cancellationToken)
    {
        Dictionary<StoreId, RegisterAnswer> counted = [];
        foreach (int _ in Enumerable.Range(0, 2))
        {
            PeerHandle[] open = [.. peers.Where(peer => !counted.ContainsKey(peer.StoreId))];
            (ReadRequest Request, RegisterAnswer? Answer)[] asked = await Task.WhenAll(
                open.Select(peer => AskAsync(peer, name, peers, cancellationToken))).ConfigureAwait(false);
            foreach (StoreClock heard in asked.SelectMany(one => one.Answer?.Known ?? []))
            {
                clocks.Hear(heard);
            }

            for (int i = 0; i < open.Length; i++)
            {
                (ReadRequest request, RegisterAnswer? answer) = asked[i];
                if (answer is not null && clocks.IsVouched(open[i].StoreId, request, answer.Clock))
                {
                    counted.TryAdd(open[i].StoreId, answer);
                }
            }
        }

        return counted;
    }

    private async Task<(ReadRequest Request, RegisterAnswer? Answer)> AskAsync(
        PeerHandle peer, string name, IReadOnlyCollection<PeerHandle> peers, CancellationToken cancellationToken)
    {
        IReadOnlyList<StoreClock> known = clocks.Find(peer.StoreId);
        ReadRequest request = new(name)
        {
            Clocks =
            [
                .. known.Count > 0 ? known : [StoreClock.Unknown(peer.StoreId)],
                .. peers.Where(other => other.StoreId != peer.StoreId).Take(DfssLimits.MaxHomeMembers)
                    .Select(other => StoreClock.Unknown(other.StoreId)),
            ],
        };
        try
        {
            return (request, await peer.ReadAsync(request, cancellationToken).ConfigureAwait(false));
        }
        catch (DfssException)
        {
            // A store that does not answer does not count; the caller reports its error.
            return (request, null);
        }
    }
}
