using System.Runtime.CompilerServices;
using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>
/// Lists files: the union of what the listed peers, and the members of the homes found on the way, have decided: by
/// name, the highest decision of each; removed names are left out. So one peer of a home is enough to list all its
/// files, and to see whether they are current.
/// </summary>
/// <param name="finder">The listed peers.</param>
/// <param name="directory">All peers.</param>
/// <param name="options">How to transfer.</param>
/// <param name="lacks">Called with the reason for all that the list may lack; null if it does not matter.</param>
internal sealed class FileLister(
    HomeFinder finder, PeerDirectory directory, TransferOptions options, Action<string>? lacks = null)
{
    /// <summary>Whether the removed names are listed, and no others.</summary>
    public bool ListsRemoved { get; init; }

    /// <summary>Called with the reason for each peer that keeps names from the client; null for no call.</summary>
    public Action<string>? Hides { get; init; }

    /// <summary>
    /// 20 s, four times what connecting to one peer may take, for connecting to all further members together. A record
    /// can name any address, and a list must not wait for each.
    /// </summary>
    private static readonly TimeSpan JoinLimit = TimeSpan.FromSeconds(20);

    /// <summary>256 stores besides those that are named: as many connections as one peer serves.</summary>
    private const int MaxJoinedStores = DfssLimits.MaxConnections;

    private readonly List<PeerHandle> members = [];
    private readonly HashSet<string> strange = new(StringComparer.OrdinalIgnoreCase);
    private IReadOnlyDictionary<StoreId, RegisterAnswer>? answers;
    private TimeSpan joining;
    private int joined;

    public async IAsyncEnumerable<StoredFile> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IReadOnlyList<(PeerAddress Address, PeerHandle? Peer, DfssException? Error)> listed =
            await finder.ConnectAllAsync(cancellationToken).ConfigureAwait(false);
        foreach (DfssException error in listed.Select(one => one.Error).OfType<DfssException>())
        {
            lacks?.Invoke(error.Reason);
        }

        MergedLists lists = new(prefix, options, lacks) { Hides = Hides };
        await using (lists.ConfigureAwait(false))
        {
            PeerHandle[] peers = [.. listed.Select(one => one.Peer).OfType<PeerHandle>().Distinct()];
            members.AddRange(peers);
            await lists.AddAsync(peers, after: null, cancellationToken).ConfigureAwait(false);
            HashSet<StoreId> sought = [.. peers.Select(peer => peer.StoreId)];
            string? after = null;
            while (await lists.TakeNameAsync().ConfigureAwait(false) is ListedName name)
            {
                BallotedRecord newest = name.Newest;
                if (await JoinHomeAsync(
                    lists, newest.Record.Home, after, sought, cancellationToken).ConfigureAwait(false))
                {
                    // The new lists may have a higher decision of this name, and names before it.
                    lists.PutBack(name);
                    continue;
                }

                after = newest.Record.Name;
                if (ListsRemoved == (newest.Record.State == FileRecordState.Removed))
                {
                    if (RecordRules.FindProblem(newest.Record) is { } problem)
                    {
                        options.Warning?.Invoke($"The record of '{after}' is invalid: {problem}.");
                    }

                    answers ??= await new ClockProbe(directory.Clocks).AskAsync(
                        members, newest.Record.Name, cancellationToken).ConfigureAwait(false);
                    if (Describe(newest.Record, lists, name.Voters) is { } file)
                    {
                        yield return file;
                    }
                }
            }
        }
    }

    private StoredFile? Describe(FileRecord record, MergedLists lists, IReadOnlyList<StoreId> voters)
    {
        int answered = record.Home.Count(member => member.StoreId is StoreId id && lists.Stores.Contains(id)
            && (record.Home.Count <= 2 || IsVoter(id, voters)));

        bool isCurrent = answered >= (record.Home.Count / 2) + 1;
        if (record.State == FileRecordState.Removed)
        {
            return StoredFile.OfRemoved(record, isCurrent);
        }

        // If a name moved and its new home does not answer, this is the file that it has there.
        FileRecord file = record with { State = FileRecordState.File, FormerHome = [] };
        return new StoredFile(file, isCurrent);
    }

    /// <summary>
    /// Whether a store's list counts for what is current: the store was never restored from an earlier copy, or this
    /// name's register got its vote since. A store without a vote may have lost what it does not list.
    /// </summary>
    private bool IsVoter(StoreId id, IReadOnlyList<StoreId> voters)
    {
        if (answers?.GetValueOrDefault(id) is not { } answer)
        {
            return false;
        }

        bool isVoter = answer.Clock?.Generation > 0 ? voters.Contains(id) : answer.Status != RegisterStatus.NoVote;
        if (!isVoter && members.Find(peer => peer.StoreId == id) is { } peer)
        {
            directory.WarnOfNoVote(peer);
        }

        return isVoter;
    }

    /// <summary>
    /// Adds the lists of the members of a home that were not asked yet, each from just after the last name taken.
    /// </summary>
    /// <returns>Whether there is one more.</returns>
    private async Task<bool> JoinHomeAsync(
        MergedLists lists, IReadOnlyList<HomeMember> home, string? after, HashSet<StoreId> sought,
        CancellationToken cancellationToken)
    {
        await Task.WhenAll(
            home.Select(member => directory.LookElsewhereAsync(member, cancellationToken))).ConfigureAwait(false);
        HomeMember[] others = [.. home.Where(member => member.StoreId is StoreId id && sought.Add(id))];
        foreach (HomeMember member in home.Where(IsStrange))
        {
            lacks?.Invoke($"{member.DisplayName} never answered, and was not asked.");
        }

        if (others.Length == 0 || joining >= JoinLimit || joined >= MaxJoinedStores)
        {
            foreach (HomeMember member in others)
            {
                lacks?.Invoke($"{member.DisplayName} was not asked: the files are at too many peers.");
            }

            return false;
        }

        long began = directory.Clock.GetTimestamp();
        using CancellationTokenSource limit = new(JoinLimit - joining, directory.Clock);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(
            limit.Token, cancellationToken);
        (PeerHandle? Peer, string? Reason)[] found = await Task.WhenAll(
            others.Select(member => FindAsync(member, either.Token))).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        joining += directory.Clock.GetElapsedTime(began);
        foreach (string reason in found.Where(one => one.Peer is null).Select(one => one.Reason!))
        {
            options.Verbose?.Invoke($"The list lacks a peer that holds some of the files. {reason}");
            lacks?.Invoke(reason);
        }

        PeerHandle[] peers = [.. found.Select(one => one.Peer).OfType<PeerHandle>()];
        members.AddRange(peers);
        answers = peers.Length > 0 ? null : answers;
        joined += peers.Length;
        await lists.AddAsync(peers, after, cancellationToken).ConfigureAwait(false);
        return peers.Length > 0;
    }

    /// <summary>
    /// Whether a member, of which only addresses are known, is none of the peers that were listed; told once.
    /// </summary>
    private bool IsStrange(HomeMember member) => lacks is not null && member.StoreId is null
        && !members.Exists(peer => peer.Member.Addresses.Intersect(
            member.Addresses, StringComparer.OrdinalIgnoreCase).Any())
        && strange.Add(member.DisplayName);

    private async Task<(PeerHandle? Peer, string? Reason)> FindAsync(
        HomeMember member, CancellationToken cancellationToken)
    {
        try
        {
            return await directory.FindAsync(member, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return (null, $"{member.DisplayName} was not reached in time.");
        }
    }
}
