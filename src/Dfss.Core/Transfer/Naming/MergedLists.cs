using System.Runtime.CompilerServices;
using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>The lists of several stores, merged by name. More may be added while they are read.</summary>
/// <param name="prefix">The beginning of the names.</param>
/// <param name="options">How to transfer.</param>
/// <param name="lacks">Called with the reason for all that the lists may lack; null if it does not matter.</param>
internal sealed class MergedLists(string prefix, TransferOptions options, Action<string>? lacks) : IAsyncDisposable
{
    /// <summary>500 records a page: some 128 KiB.</summary>
    private const int PageSize = 500;

    /// <summary>
    /// 100: a peer writes what it has read, so only one of another version, or a hostile one, lists a record that is
    /// malformed.
    /// </summary>
    private const int MaxUnreadable = 100;

    private readonly PriorityQueue<Head, string> heads = new(NameOrder.Instance);
    private readonly HashSet<StoreId> stores = [];

    /// <summary>Called with the reason for each peer that keeps names from the client; null for no call.</summary>
    public Action<string>? Hides { get; init; }

    /// <summary>The stores whose lists these are, without those that failed.</summary>
    public IReadOnlySet<StoreId> Stores => stores;

    /// <summary>Merges more stores' lists, from just after a name.</summary>
    /// <exception cref="DfssException">All have failed; the error of the last one.</exception>
    public async Task AddAsync(
        IReadOnlyCollection<PeerHandle> peers, string? after, CancellationToken cancellationToken)
    {
        // All are added before the first is asked, because a failure is an error only if no other store is left.
        stores.UnionWith(peers.Select(peer => peer.StoreId));
        foreach (PeerHandle peer in peers)
        {
            await AdvanceAsync(new PeerList(
                peer, PagesAsync(
                    peer, after, cancellationToken).GetAsyncEnumerator(cancellationToken))).ConfigureAwait(false);
        }
    }

    /// <summary>Takes every store's record of the smallest name.</summary>
    /// <returns>The highest of them; null at the end.</returns>
    public async Task<ListedName?> TakeNameAsync()
    {
        ListedName? newest = null;
        while (heads.TryPeek(out Head? head, out string? name)
            && (newest is null || string.Equals(name, newest.Newest.Record.Name, StringComparison.Ordinal)))
        {
            heads.Dequeue();
            newest = newest is null ? head.Name : newest.With(head.Name);
            if (head.List is PeerList list)
            {
                await AdvanceAsync(list).ConfigureAwait(false);
            }
        }

        return newest;
    }

    /// <summary>Returns the name that was taken last, to be taken again with what was added meanwhile.</summary>
    public void PutBack(ListedName name) => heads.Enqueue(new Head(name, List: null), name.Newest.Record.Name);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        while (heads.TryDequeue(out Head? rest, out _))
        {
            if (rest.List is PeerList list)
            {
                await list.Records.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// Goes to the store's next record. A store that fails is left out, as long as another one is left.
    /// </summary>
    private async Task AdvanceAsync(PeerList list)
    {
        try
        {
            if (await list.Records.MoveNextAsync().ConfigureAwait(false))
            {
                ListedName next = list.Records.Current;
                heads.Enqueue(new Head(next, list), next.Newest.Record.Name);
                return;
            }
        }
        catch (DfssException error) when (stores.Count > 1)
        {
            stores.Remove(list.Peer.StoreId);
            options.Warning?.Invoke(
                $"{list.Peer} could not list its files; the list has the files of the other peers only. "
                    + $"{error.Message}");
            lacks?.Invoke(error.Reason);
        }

        await list.Records.DisposeAsync().ConfigureAwait(false);
    }

    private async IAsyncEnumerable<ListedName> PagesAsync(
        PeerHandle peer, string? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        int unreadable = 0;
        RecordPage page;
        do
        {
            page = await peer.Records.ListAsync(
                new ListRequest(after, PageSize, prefix), cancellationToken).ConfigureAwait(false);
            if (page.IsLimited)
            {
                Hides?.Invoke($"{peer} shows this client only the names that its certificate permits.");
            }

            string? reached = after;
            foreach (UnreadableRecord one in page.Unreadable)
            {
                ThrowIf(++unreadable > MaxUnreadable, peer, "lists too many records that are malformed");
                reached = Follow(one.Name, reached, peer);
                options.Warning?.Invoke($"{peer}: its record of '{one.Name}' is left out. {one.Reason}");
                lacks?.Invoke($"{peer}: its record of '{one.Name}' cannot be read. {one.Reason}");
            }

            for (int i = 0; i < page.Records.Count; i++)
            {
                BallotedRecord record = page.Records[i];
                after = Follow(record.Record.Name, after, peer);
                bool isDoubted = i < page.Doubted.Count && page.Doubted[i];
                yield return new ListedName(record, isDoubted ? [] : [peer.StoreId]);
            }

            after = NameOrder.Instance.Compare(after, reached) < 0 ? reached : after;
        }
        while (page.HasMore && page.Records.Count + page.Unreadable.Count > 0);
    }

    /// <summary>Checks that a name comes after the one before it in a list.</summary>
    private string Follow(string name, string? after, PeerHandle peer)
    {
        ThrowIf(NameOrder.Instance.Compare(name, after) <= 0, peer, "does not list its files in order");
        ThrowIf(!name.StartsWith(prefix, StringComparison.Ordinal), peer, "lists files that it was not asked for");
        return name;
    }

    private static void ThrowIf(bool isWrong, PeerHandle peer, string what)
    {
        if (isWrong)
        {
            throw new DfssException(DfssErrorCode.ProtocolViolation, $"{peer} {what}.");
        }
    }

    private sealed record PeerList(PeerHandle Peer, IAsyncEnumerator<ListedName> Records);

    /// <summary>The next record of a list, and the list; null for a record that was returned.</summary>
    private sealed record Head(ListedName Name, PeerList? List);
}

/// <summary>The highest of several stores' records of one name.</summary>
/// <param name="Newest">The record.</param>
/// <param name="Voters">The stores whose registers of the name have a vote.</param>
internal sealed record ListedName(BallotedRecord Newest, IReadOnlyList<StoreId> Voters)
{
    /// <summary>Together with what another store lists.</summary>
    public ListedName With(ListedName other) =>
        new(Newest.Ballot >= other.Newest.Ballot ? Newest : other.Newest, [.. Voters, .. other.Voters]);
}
