using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>The lists of several stores, merged by name. More may be added while they are read.</summary>
/// <param name="prefix">The beginning of the names.</param>
/// <param name="options">How to transfer.</param>
/// <param name="lacks">Called with the reason for all that the lists may lack; null if it does not matter.</param>
internal sealed class MergedLists(string prefix, TransferOptions options, Action<string>? lacks) : IAsyncDisposable
{
    private readonly RecordPages pages = new(prefix, options, lacks);
    private readonly PriorityQueue<Head, string> heads = new(NameOrder.Instance);
    private readonly HashSet<StoreId> stores = [];

    /// <summary>The stores whose lists these are, without those that failed.</summary>
    public IReadOnlySet<StoreId> Stores => stores;

    /// <summary>Merges more stores' lists, from just after a name.</summary>
    /// <exception cref="DfssException">All have failed; the error of the last one.</exception>
    public async Task AddAsync(
        IReadOnlyCollection<PeerHandle> peers, string? after, CancellationToken cancellationToken)
    {
        // All are added before the first is awaited, because a failure is an error only if no other store is left. They
        // are asked together, so that those that do not answer are waited for once.
        stores.UnionWith(peers.Select(peer => peer.StoreId));
        PeerList[] added = [.. peers.Select(peer => new PeerList(
            peer, pages.ReadAsync(peer, after, cancellationToken).GetAsyncEnumerator(cancellationToken)))];
        Task<bool>[] first = Array.ConvertAll(added, list => list.Records.MoveNextAsync().AsTask());
        await ((Task)Task.WhenAll(first)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        for (int i = 0; i < added.Length; i++)
        {
            await TakeAsync(added[i], new ValueTask<bool>(first[i])).ConfigureAwait(false);
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
                await TakeAsync(list, list.Records.MoveNextAsync()).ConfigureAwait(false);
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
    /// Takes the store's next record. A store that fails is left out, as long as another one is left.
    /// </summary>
    private async Task TakeAsync(PeerList list, ValueTask<bool> hasNext)
    {
        try
        {
            if (await hasNext.ConfigureAwait(false))
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
