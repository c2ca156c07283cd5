namespace Dfss.Transfer;

/// <summary>
/// The chunks of a source whose ids an earlier send has computed: asks the members which of them they have, many in one
/// request, without reading the source.
/// </summary>
internal sealed class KnownChunks(SendPlan plan, int memberCount, MemberAttempts attempts)
{
    /// <summary>4,096 ids: 128 KiB a request, so that progress shows in the largest files, and 4 GiB of the usual
    /// chunks.</summary>
    private const int IdsPerRequest = 4096;

    /// <summary>Marks in the plan which of its chunks each member has.</summary>
    /// <param name="ids">The ids by index; null where not known.</param>
    /// <param name="onPercent">Receives the percentage that is done.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public async Task CompareAsync(
        IReadOnlyList<ChunkId?> ids, Action<int> onPercent, CancellationToken cancellationToken)
    {
        List<int>[] wanted = [.. Enumerable.Range(0, memberCount).Select(_ => new List<int>())];
        for (int index = 0; index < ids.Count; index++)
        {
            foreach (int member in ids[index] is null ? [] : plan.NextTargets(index))
            {
                wanted[member].Add(index);
            }
        }

        long total = wanted.Sum(indexes => (long)indexes.Count);
        long done = 0;
        await Task.WhenAll(wanted.Select((indexes, member) => AskAsync(
            member,
            indexes,
            ids,
            count => onPercent((int)(Interlocked.Add(ref done, count) * 100 / total)),
            cancellationToken))).ConfigureAwait(false);
    }

    private async Task AskAsync(
        int member, List<int> indexes, IReadOnlyList<ChunkId?> ids, Action<int> onAnswered,
        CancellationToken cancellationToken)
    {
        foreach (int[] some in indexes.Chunk(IdsPerRequest))
        {
            bool isAnswered = await attempts.TryAsync(
                member,
                async (peer, token) =>
                {
                    bool[] missing = await peer.Chunks.FindMissingAsync(
                        [.. some.Select(index => ids[index]!.Value)], token).ConfigureAwait(false);
                    foreach ((int index, _) in some.Zip(missing).Where(answer => !answer.Second))
                    {
                        plan.MarkHeld(member, index);
                    }
                },
                cancellationToken).ConfigureAwait(false);
            onAnswered(some.Length);
            if (!isAnswered)
            {
                return;
            }
        }
    }
}
