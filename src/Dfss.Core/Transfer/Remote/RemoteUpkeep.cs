using Dfss.Protocol;
using Dfss.Records;
using Dfss.Transport;

namespace Dfss.Transfer;

/// <summary>The upkeep of a peer's store, at the other end of a connection.</summary>
internal sealed class RemoteUpkeep(PeerLink link)
{
    private const int NamesPerPage = 1000;

    /// <summary>The names with seals that no decision has released, in ascending order.</summary>
    public async IAsyncEnumerable<SealedName> ListSealsAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? after = null;
        do
        {
            MessageMap arguments = new() { { "limit", NamesPerPage } };
            if (after is not null)
            {
                arguments.Add("after", after);
            }

            PeerCall call = new(Operations.ListSeals, arguments, Payload: null, Destination: null, IsBulk: true);
            (SealedName[] names, string? next) = await link.CallAsync(
                call, ReadPage, cancellationToken).ConfigureAwait(false);
            if (next is not null && after is not null && NameOrder.Instance.Compare(next, after) <= 0)
            {
                throw new DfssException(
                    DfssErrorCode.ProtocolViolation, link.Address, $"its list of seals repeats itself.");
            }

            foreach (SealedName name in names)
            {
                yield return name;
            }

            after = next;
        }
        while (after is not null);
    }

    /// <summary>Has the peer collect its garbage now, or report what it would delete.</summary>
    public async Task<OptimizeResult> OptimizeAsync(
        StoreId storeId, TimeSpan gracePeriod, bool isDryRun, CancellationToken cancellationToken)
    {
        MessageMap arguments = new() { { "grace_ms", (long)gracePeriod.TotalMilliseconds }, { "dry_run", isDryRun } };
        PeerCall call = new(Operations.Optimize, arguments, Payload: null, Destination: null, IsBulk: false);
        return await link.CallAsync(
            call,
            response => new OptimizeResult
            {
                StoreId = storeId,
                ChunksDeleted = response.Results.Required("chunks_deleted").AsInteger(),
                BytesDeleted = response.Results.Required("bytes_deleted").AsInteger(),
                ChunksKept = response.Results.Required("chunks_kept").AsInteger(),
                Files = response.Results.Required("files").AsInteger(),
                SettledNames = 0,
                UndecidedNames = 0,
            },
            cancellationToken).ConfigureAwait(false);
    }

    private static (SealedName[] Names, string? After) ReadPage(Response response) =>
    (
        [.. MessageBatch.Split(response.Results, response.Payload).Select(RecordCodec.DecodeSealedName)],
        response.Results.TryGet("after", out MessageValue after) ? after.AsText() : null
    );
}
