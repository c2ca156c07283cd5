using System.Runtime.CompilerServices;
using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>The records of one store after another whose names begin with a prefix, a page at a time.</summary>
/// <param name="prefix">The beginning of the names.</param>
/// <param name="options">How to transfer.</param>
/// <param name="lacks">Called with the reason for all that the lists may lack; null if it does not matter.</param>
internal sealed class RecordPages(string prefix, TransferOptions options, Action<string>? lacks)
{
    /// <summary>
    /// 100: a peer writes what it has read, so only one of another version, or a hostile one, lists a record that is
    /// malformed.
    /// </summary>
    private const int MaxUnreadable = 100;

    /// <summary>500 records a page: some 128 KiB.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>A store's records from just after a name, tombstones included, by ascending name.</summary>
    /// <exception cref="DfssException">
    /// TimedOut: no page came within <see cref="TransferOptions.ListTimeout"/>. ProtocolViolation; or the error of the
    /// peer or its link.
    /// </exception>
    public async IAsyncEnumerable<ListedName> ReadAsync(
        PeerHandle peer, string? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        int unreadable = 0;
        RecordPage page;
        do
        {
            page = await AskAsync(
                peer, new ListRequest(after, PageSize, prefix), cancellationToken).ConfigureAwait(false);
            if (page.IsLimited)
            {
                lacks?.Invoke($"{peer} shows this client only the names that its certificate permits.");
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

    private async ValueTask<RecordPage> AskAsync(
        PeerHandle peer, ListRequest request, CancellationToken cancellationToken)
    {
        if (options.ListTimeout is not { } timeout)
        {
            return await peer.Records.ListAsync(request, cancellationToken).ConfigureAwait(false);
        }

        using CancellationTokenSource limit = new(timeout, options.TimeProvider);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(
            limit.Token, cancellationToken);
        try
        {
            return await peer.Records.ListAsync(request, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException cause) when (!cancellationToken.IsCancellationRequested)
        {
            throw PeerHandle.Late(peer.Link.Address, cause);
        }
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
}
