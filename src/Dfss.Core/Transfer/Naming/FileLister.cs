using System.Runtime.CompilerServices;
using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>
/// Lists files: the union of what the listed peers, and the members of the homes met on the way, have decided, by name,
/// the highest decision of each; tombstones hide. So one peer of a home is enough to know of all its files, and whether
/// they are current.
/// </summary>
internal sealed class FileLister(HomeFinder finder, PeerDirectory directory, TransferOptions options)
{
    public async IAsyncEnumerable<StoredFile> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IReadOnlyList<(PeerAddress Address, PeerHandle? Peer, DfssException? Error)> listed =
            await finder.ConnectAllAsync(cancellationToken).ConfigureAwait(false);
        MergedLists lists = new(prefix, options);
        await using (lists.ConfigureAwait(false))
        {
            PeerHandle[] peers = [.. listed.Select(one => one.Peer).OfType<PeerHandle>().Distinct()];
            await lists.AddAsync(peers, after: null, cancellationToken).ConfigureAwait(false);
            HashSet<StoreId> sought = [.. peers.Select(peer => peer.StoreId)];
            string? after = null;
            while (await lists.TakeNameAsync().ConfigureAwait(false) is BallotedRecord newest)
            {
                if (await JoinHomeAsync(lists, newest.Record.Home, after, sought, cancellationToken).ConfigureAwait(false))
                {
                    // The new ones may know more of this name, and names before it.
                    lists.PutBack(newest);
                    continue;
                }

                after = newest.Record.Name;
                if (newest.Record.State != FileRecordState.Removed)
                {
                    yield return Describe(newest.Record, lists);
                }
            }
        }
    }

    private static StoredFile Describe(FileRecord record, MergedLists lists)
    {
        int answered = record.Home.Count(member => member.StoreId is StoreId id && lists.Stores.Contains(id));

        // Of a name that moved, and whose new home says nothing, this is the file that it has there.
        FileRecord file = record with { State = FileRecordState.File, FormerHome = [] };
        return new StoredFile(file, answered >= (record.Home.Count / 2) + 1);
    }

    /// <summary>
    /// Lists the members of a home that were not asked yet too, each from just after the last name taken.
    /// </summary>
    /// <returns>Whether there is one more.</returns>
    private async Task<bool> JoinHomeAsync(
        MergedLists lists, IReadOnlyList<HomeMember> home, string? after, HashSet<StoreId> sought, CancellationToken cancellationToken)
    {
        HomeMember[] others = [.. home.Where(member => member.StoreId is StoreId id && sought.Add(id))];
        (PeerHandle? Peer, string? Reason)[] found = await Task.WhenAll(
            others.Select(member => directory.FindAsync(member, cancellationToken))).ConfigureAwait(false);
        foreach (string reason in found.Where(one => one.Peer is null).Select(one => one.Reason!))
        {
            options.Verbose?.Invoke($"The list is made without a peer that holds some of the files. {reason}");
        }

        PeerHandle[] peers = [.. found.Select(one => one.Peer).OfType<PeerHandle>()];
        await lists.AddAsync(peers, after, cancellationToken).ConfigureAwait(false);
        return peers.Length > 0;
    }
}
