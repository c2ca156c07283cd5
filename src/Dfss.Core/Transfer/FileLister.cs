using System.Runtime.CompilerServices;
using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>Lists files: the union of what the listed peers have decided, by name, the highest decision of each; tombstones hide.</summary>
internal sealed class FileLister(HomeFinder finder)
{
    /// <summary>500 records a page: some 128 KiB.</summary>
    private const int PageSize = 500;

    public async IAsyncEnumerable<StoredFile> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IReadOnlyList<(PeerAddress Address, PeerHandle? Peer, DfssException? Error)> listed =
            await finder.ConnectAllAsync(cancellationToken).ConfigureAwait(false);
        PeerHandle[] peers = [.. listed.Select(one => one.Peer).OfType<PeerHandle>().Distinct()];
        HashSet<StoreId> asked = [.. peers.Select(peer => peer.StoreId)];
        PriorityQueue<IAsyncEnumerator<BallotedRecord>, string> heads = new(NameOrder.Instance);
        try
        {
            foreach (PeerHandle peer in peers)
            {
                await AdvanceAsync(heads, PagesAsync(peer, prefix, cancellationToken).GetAsyncEnumerator(cancellationToken)).ConfigureAwait(false);
            }

            while (heads.Count > 0)
            {
                BallotedRecord newest = await TakeNameAsync(heads).ConfigureAwait(false);
                if (newest.Record.State == FileRecordState.File)
                {
                    int answered = newest.Record.Home.Count(member => member.StoreId is StoreId id && asked.Contains(id));
                    yield return new StoredFile(newest.Record, answered >= (newest.Record.Home.Count / 2) + 1);
                }
            }
        }
        finally
        {
            while (heads.TryDequeue(out IAsyncEnumerator<BallotedRecord>? rest, out _))
            {
                await rest.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>Takes every peer's record of the smallest name and answers the highest of them.</summary>
    private static async Task<BallotedRecord> TakeNameAsync(PriorityQueue<IAsyncEnumerator<BallotedRecord>, string> heads)
    {
        BallotedRecord newest = heads.Peek().Current;
        string name = newest.Record.Name;
        while (heads.TryPeek(out IAsyncEnumerator<BallotedRecord>? head, out string? next) && string.Equals(next, name, StringComparison.Ordinal))
        {
            heads.Dequeue();
            newest = head.Current.Ballot > newest.Ballot ? head.Current : newest;
            await AdvanceAsync(heads, head).ConfigureAwait(false);
        }

        return newest;
    }

    private static async Task AdvanceAsync(
        PriorityQueue<IAsyncEnumerator<BallotedRecord>, string> heads, IAsyncEnumerator<BallotedRecord> records)
    {
        if (await records.MoveNextAsync().ConfigureAwait(false))
        {
            heads.Enqueue(records, records.Current.Record.Name);
        }
        else
        {
            await records.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static async IAsyncEnumerable<BallotedRecord> PagesAsync(
        PeerHandle peer, string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? after = null;
        RecordPage page;
        do
        {
            page = await peer.Records.ListAsync(new ListRequest(after, PageSize, prefix), cancellationToken).ConfigureAwait(false);
            foreach (BallotedRecord record in page.Records)
            {
                yield return record;
                after = record.Record.Name;
            }
        }
        while (page.HasMore && page.Records.Count > 0);
    }
}
