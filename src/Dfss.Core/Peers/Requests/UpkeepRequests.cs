using Dfss.Protocol;
using Dfss.Records;
using Dfss.Storage;

namespace Dfss.Peers;

/// <summary>The operations by which a client learns how a peer is, and has it tidy up its store.</summary>
/// <param name="store">The store that is served.</param>
/// <param name="describe">The results of peer_info.</param>
/// <param name="collected">Called when garbage was collected.</param>
internal sealed class UpkeepRequests(IPeerStore store, Func<MessageMap> describe, Action collected)
{
    /// <summary>1,000 years: longer than any peer runs, and a time span still holds it.</summary>
    private const long MaxGraceMilliseconds = 1000L * 365 * 24 * 60 * 60 * 1000;

    private const int MaxPage = 1000;

    /// <summary>What the peer reports of itself.</summary>
    public MessageMap Describe() => describe();

    /// <summary>The names with seals that no decision has released.</summary>
    public async ValueTask<RequestAnswer> ListSealsAsync(MessageMap map, CancellationToken cancellationToken)
    {
        string? after = map.TryGet("after", out MessageValue value) ? value.AsText() : null;
        int limit = (int)Math.Clamp(map.Required("limit").AsInteger(), 1, MaxPage);
        SealedPage page = await store.ListSealsAsync(after, limit, cancellationToken).ConfigureAwait(false);

        // A page of many seals may be more than one message carries: the rest is asked for after the last one given.
        IReadOnlyList<byte[]> items = MessageBatch.TakeFitting(
            page.Names.Select(RecordCodec.EncodeSealedName), DfssLimits.MaxPayloadBytes);
        (MessageMap results, byte[] payload) = MessageBatch.Join(items);
        string? reached = items.Count < page.Names.Count ? page.Names[items.Count - 1].Name : page.After;
        if (reached is not null)
        {
            results.Add("after", reached);
        }

        return new RequestAnswer(results, bytes: payload);
    }

    /// <summary>Collects garbage now, or reports what would be deleted.</summary>
    public async ValueTask<RequestAnswer> OptimizeAsync(MessageMap map, CancellationToken cancellationToken)
    {
        long grace = map.Required("grace_ms").AsInteger();
        bool isDryRun = map.TryGet("dry_run", out MessageValue value) && value.AsBoolean();
        if (grace > MaxGraceMilliseconds)
        {
            throw new DfssException(DfssErrorCode.InvalidArgument, "A grace period is at most a thousand years.");
        }

        GarbageCollectionResult result = await store.CollectAsync(
            TimeSpan.FromMilliseconds(grace), isDryRun, cancellationToken).ConfigureAwait(false);
        if (!isDryRun)
        {
            collected();
        }

        return new RequestAnswer(new MessageMap
        {
            { "chunks_deleted", result.ChunksDeleted },
            { "bytes_deleted", result.BytesDeleted },
            { "chunks_kept", result.ChunksKept },
            { "files", result.FilesMarked },
        });
    }
}
