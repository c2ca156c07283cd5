using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>Optimizes one peer's store: settles the names that sends left undecided, so that their chunks are not kept
/// indefinitely, and has the peer collect its garbage.</summary>
internal sealed class StoreOptimizer(PeerDirectory directory, TransferOptions options)
{
    // The errors of homes, by their members, of which too few answered: many names may have the same home, and each
    // would wait again.
    private readonly Dictionary<string, DfssException> undecidable = new(StringComparer.Ordinal);

    // The error of the peer itself, if it did not answer a read of a name in time.
    private DfssException? standstill;

    /// <exception cref="DfssException">PeerUnreachable, StoreFailed, ChunkCorrupt: a manifest is corrupt, so nothing
    /// was deleted.</exception>
    public async Task<OptimizeResult> OptimizeAsync(
        PeerAddress address, OptimizeOptions optimizeOptions, CancellationToken cancellationToken)
    {
        PeerHandle peer = await directory.ConnectAsync(address, cancellationToken).ConfigureAwait(false);
        if (!optimizeOptions.WhatIf)
        {
            await directory.ThrowIfAnyRunsTwiceAsync([peer.StoreId], cancellationToken).ConfigureAwait(false);
        }

        RemoteUpkeep upkeep = new(peer.Link);
        int settled = 0;
        int undecided = 0;
        await foreach (SealedName name in upkeep.ListSealsAsync(cancellationToken).ConfigureAwait(false))
        {
            if (!optimizeOptions.WhatIf && await TrySettleAsync(peer, name, cancellationToken).ConfigureAwait(false))
            {
                settled++;
            }
            else
            {
                undecided++;
            }
        }

        OptimizeResult result = await upkeep.OptimizeAsync(
            peer.StoreId, optimizeOptions.GracePeriod, optimizeOptions.WhatIf, cancellationToken).ConfigureAwait(false);
        return result with { SettledNames = settled, UndecidedNames = undecided };
    }

    private async Task<bool> TrySettleAsync(PeerHandle peer, SealedName name, CancellationToken cancellationToken)
    {
        try
        {
            RecordHome? recorded = await FindHomeAsync(peer, name, cancellationToken).ConfigureAwait(false);
            if (recorded is null)
            {
                options.Warning?.Invoke(
                    $"{peer}: what is sealed under '{name.Name}' stays, because its writer did not send which peers "
                        + "decide on that name.");
                return false;
            }

            if (undecidable.TryGetValue(KeyOf(recorded.Members), out DfssException? before))
            {
                throw before.Copy();
            }

            Home home = await Home.ReachAsync(recorded, directory, cancellationToken).ConfigureAwait(false);
            BallotedRecord decided = await SettleAsync(name.Name, home, cancellationToken).ConfigureAwait(false);
            // It may have got the decision late, or not be a member any more.
            await peer.Records.AskAsync(
                [new DecideRequest(name.Name, decided.Ballot, decided.Record)],
                cancellationToken).ConfigureAwait(false);
            return name.Seals.All(seal => seal.Ballot <= decided.Ballot);
        }
        catch (DfssException error)
        {
            options.Warning?.Invoke(
                $"{peer}: what is sealed under '{name.Name}' stays, as that name could not be decided: {error.Reason}");
            return false;
        }
    }

    /// <summary>The home that decides the name: from its record, if the peer has one; else from the seal.</summary>
    private async Task<RecordHome?> FindHomeAsync(
        PeerHandle peer, SealedName name, CancellationToken cancellationToken)
    {
        if (standstill is { } before)
        {
            throw before.Copy();
        }

        RegisterAnswer known;
        try
        {
            known = await peer.ReadAsync(name.Name, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException error) when (error.Code == DfssErrorCode.TimedOut)
        {
            standstill = error;
            throw;
        }

        return RecordHome.LatestOf(known) ?? name.Seals.Where(seal => seal.Home.Count > 0)
            .Select(seal => new RecordHome(seal.Home, new HomeEpoch(seal.Ballot.Epoch, First: null)))
            .MaxBy(home => home.Epoch.Number);
    }

    /// <summary>Has the home accept the name's current record once more, at a ballot above those of the seals, or, if
    /// the name was never sent, a removal. A send that is under way loses its ballot by this, and seals
    /// again.</summary>
    private async Task<BallotedRecord> SettleAsync(string name, Home home, CancellationToken cancellationToken)
    {
        (RegisterReader reader, RegisterDriver driver, home) =
            await new RecordReader(options).FollowAsync(name, home, cancellationToken).ConfigureAwait(false);
        if (!reader.IsCurrent)
        {
            throw undecidable[KeyOf(home.Members)] = new DfssException(
                DfssErrorCode.NoMajority,
                $"it is decided by {home.Count} peers of which {home.Majority} must answer. {driver.Reasons}");
        }

        BallotedRecord? current = reader.Result;
        RecordWriter writer = current is null
            ? new RecordWriter(home, name, WriteCondition.ReplaceVersion(0), options)
            : RecordWriter.Refresh(home, current.Record, options);
        await writer.PrepareAsync(cancellationToken).ConfigureAwait(false);

        await (current is null
            ? writer.RemoveAsync(namesContent: true, cancellationToken)
            : writer.CommitAsync(
                RecordWriter.Same, static _ => RecordWriter.NoSeals, cancellationToken)).ConfigureAwait(false);
        return writer.Chosen!;
    }

    private static string KeyOf(IReadOnlyList<HomeMember> members) =>
        string.Join(' ', members.Select(member => member.StoreId?.ToString() ?? member.DisplayName));
}
