using System.Runtime.CompilerServices;
using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>
/// Lists files: the union of what the listed peers have decided, by name, the highest decision of each; tombstones
/// hide.
/// </summary>
internal sealed class FileLister(HomeFinder finder, TransferOptions options)
{
    /// <summary>500 records a page: some 128 KiB.</summary>
    private const int PageSize = 500;

    public async IAsyncEnumerable<StoredFile> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IReadOnlyList<(PeerAddress Address, PeerHandle? Peer, DfssException? Error)> listed =
            await finder.ConnectAllAsync(cancellationToken).ConfigureAwait(false);
        HashSet<StoreId> asked = [];
        PriorityQueue<PeerList, string> heads = new(NameOrder.Instance);
        try
        {
            foreach (PeerHandle peer in listed.Select(one => one.Peer).OfType<PeerHandle>().Distinct())
            {
                asked.Add(peer.StoreId);
                PeerList list = new(
                    peer, PagesAsync(peer, prefix, cancellationToken).GetAsyncEnumerator(cancellationToken));
                await AdvanceAsync(heads, asked, list).ConfigureAwait(false);
            }

            while (heads.Count > 0)
            {
                BallotedRecord newest = await TakeNameAsync(heads, asked).ConfigureAwait(false);
                if (newest.Record.State == FileRecordState.File)
                {
                    int answered = newest.Record.Home.Count(
                        member => member.StoreId is StoreId id && asked.Contains(id));
                    yield return new StoredFile(newest.Record, answered >= (newest.Record.Home.Count / 2) + 1);
                }
            }
        }
        finally
        {
            while (heads.TryDequeue(out PeerList? rest, out _))
            {
                await rest.Records.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>Takes every peer's record of the smallest name and answers the highest of them.</summary>
    private async Task<BallotedRecord> TakeNameAsync(PriorityQueue<PeerList, string> heads, HashSet<StoreId> asked)
    {
        BallotedRecord newest = heads.Peek().Records.Current;
        string name = newest.Record.Name;
        while (heads.TryPeek(out PeerList? head, out string? next) && string.Equals(
            next, name, StringComparison.Ordinal))
        {
            heads.Dequeue();
            BallotedRecord current = head.Records.Current;
            newest = current.Ballot > newest.Ballot ? current : newest;
            await AdvanceAsync(heads, asked, head).ConfigureAwait(false);
        }

        return newest;
    }

    /// <summary>
    /// Goes to the peer's next record. A peer that fails is left out, as long as another one is left.
    /// </summary>
    private async Task AdvanceAsync(PriorityQueue<PeerList, string> heads, HashSet<StoreId> asked, PeerList list)
    {
        try
        {
            if (await list.Records.MoveNextAsync().ConfigureAwait(false))
            {
                heads.Enqueue(list, list.Records.Current.Record.Name);
                return;
            }
        }
        catch (DfssException error) when (asked.Count > 1)
        {
            asked.Remove(list.Peer.StoreId);
            options.Warning?.Invoke(
                $"{list.Peer} could not list its files; the list is made of what the others have. {error.Message}");
        }

        await list.Records.DisposeAsync().ConfigureAwait(false);
    }

    private static async IAsyncEnumerable<BallotedRecord> PagesAsync(
        PeerHandle peer, string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? after = null;
        RecordPage page;
        do
        {
            page = await peer.Records.ListAsync(
                new ListRequest(after, PageSize, prefix), cancellationToken).ConfigureAwait(false);
            foreach (BallotedRecord record in page.Records)
            {
                if (NameOrder.Instance.Compare(record.Record.Name, after) <= 0)
                {
                    throw new DfssException(
                        DfssErrorCode.ProtocolViolation, $"{peer} does not list its files in order.");
                }

                yield return record;
                after = record.Record.Name;
            }
        }
        while (page.HasMore && page.Records.Count > 0);
    }

    private sealed record PeerList(PeerHandle Peer, IAsyncEnumerator<BallotedRecord> Records);
}
