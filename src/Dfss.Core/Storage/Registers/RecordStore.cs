using Dfss.Records;

namespace Dfss.Storage;

/// <summary>The registers of a store: the acceptor's rules over a table of states, and for seals over the
/// chunks.</summary>
internal sealed class RecordStore(
    IRegisterTable table, ISealCheck seals, StoreRoots roots, FailStopLatch fault, VoteHistory history)
    : IRecordStore
{
    private const int MaxListLimit = 1000;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<RegisterAnswer>> AskAsync(
        IReadOnlyList<RegisterRequest> requests, CancellationToken cancellationToken)
    {
        if (requests.Any(request => request.GetType() != requests[0].GetType()))
        {
            throw new ArgumentException("A batch is of one step of the registers.", nameof(requests));
        }

        return requests switch
        {
            [SealRequest, ..] => SealAsync([.. requests.Cast<SealRequest>()], cancellationToken),
            [ReadRequest, ..] => ReadAsync(requests, cancellationToken),
            _ => ApplyAsync(requests, cancellationToken),
        };
    }

    /// <inheritdoc/>
    public async ValueTask<RecordPage> ListAsync(ListRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Limit is < 1 or > MaxListLimit)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                $"A page has 1 to {MaxListLimit} names; {request.Limit} were asked for.");
        }

        List<BallotedRecord> found = [];
        List<bool> doubted = [];
        StoreVotes votes = table.Votes;
        RecordPage Page(bool hasMore) =>
            new(found, hasMore) { Doubted = doubted, Clock = votes.Clock, Known = [.. table.Heard.All] };
        string? after = request.After;
        while (true)
        {
            IReadOnlyList<RegisterEntry> entries =
                await table.ListAsync(
                    after, request.Prefix, request.Limit + 1, cancellationToken).ConfigureAwait(false);
            foreach (RegisterEntry entry in entries)
            {
                if (entry.State.Decided is not { } decided)
                {
                    continue;
                }

                if (found.Count == request.Limit)
                {
                    return Page(hasMore: true);
                }

                found.Add(decided);
                doubted.Add(entry.State.Generation != votes.Generation);
            }

            if (entries.Count <= request.Limit)
            {
                return Page(hasMore: false);
            }

            after = entries[^1].Name;
        }
    }

    private async ValueTask<IReadOnlyList<RegisterAnswer>> SealAsync(
        SealRequest[] requests, CancellationToken cancellationToken)
    {
        fault.ThrowIfSet();
        using ISealLook look = await seals.BeginAsync(cancellationToken).ConfigureAwait(false);
        RegisterEntry[] entries = [.. await table.LoadForChangeAsync(NamesOf(requests), cancellationToken)
            .ConfigureAwait(false)];
        RegisterVote vote = new(table.Votes, table.Heard.Find);
        var answers = new RegisterAnswer?[requests.Length];
        await LoadNowAsync(
            entries, i => TryTake(vote, entries[i], requests[i]) is null, cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < answers.Length; i++)
        {
            answers[i] = entries[i].MayBeOutdated ? null : Acceptor.CheckSeal(entries[i].State, requests[i]);
        }

        if (Array.TrueForAll(answers, answer => answer is not null))
        {
            return history.Sign(requests, answers!);
        }

        await look.FlushAsync(cancellationToken).ConfigureAwait(false);
        MissingChunks?[] missing = await FindMissingAsync(
            look, requests, i => answers[i] is null, cancellationToken).ConfigureAwait(false);
        await LoadNowAsync(entries, i => missing[i] is not null, cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < answers.Length; i++)
        {
            if (missing[i] is { } found)
            {
                answers[i] = Acceptor.CheckSeal(entries[i].State, requests[i])
                    ?? Acceptor.ChunksMissing(entries[i].State, found.Chunks, found.IsManifestMissing);
            }
        }

        int[] open = [.. Enumerable.Range(0, answers.Length).Where(i => answers[i] is null)];
        IReadOnlyList<RegisterAnswer> sealedAnswers = await ApplyAsync(
            Array.ConvertAll(open, i => requests[i]), cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < open.Length; i++)
        {
            answers[open[i]] = sealedAnswers[i];
        }

        await LookAgainAsync(look, requests, open, answers, cancellationToken).ConfigureAwait(false);
        return history.Sign(requests, answers!);
    }

    private async ValueTask<IReadOnlyList<RegisterAnswer>> ReadAsync(
        IReadOnlyList<RegisterRequest> requests, CancellationToken cancellationToken)
    {
        // Not a vote: answered also after a fail-stop.
        IReadOnlyList<RegisterEntry> entries =
            await table.LoadAsync(NamesOf(requests), cancellationToken).ConfigureAwait(false);
        RegisterVote vote = new(table.Votes, table.Heard.Find);
        return history.Sign(
            requests, [.. requests.Select((request, i) => vote.Take(entries[i].State, request).Answer)]);
    }

    /// <summary>
    /// Applies a step to each name until each is stored: a name that another caller changed between its load and its
    /// store is loaded again. An answer that changed nothing depends only on stored states, which are durable, and on
    /// the newest ones.
    /// </summary>
    private async ValueTask<IReadOnlyList<RegisterAnswer>> ApplyAsync(
        IReadOnlyList<RegisterRequest> requests, CancellationToken cancellationToken)
    {
        fault.ThrowIfSet();
        await history.NoticeAsync(requests, cancellationToken).ConfigureAwait(false);
        StoreId own = table.Votes.StoreId;
        StoreClock[] heard = [.. requests.SelectMany(request => RegisterVote.ToRemember(own, request))
            .GroupBy(clock => clock.StoreId).Select(group => group.MaxBy(clock => (clock.Generation, clock.Counter))!)];
        table.Heard.Note(heard);
        var answers = new RegisterAnswer[requests.Count];
        List<int> open = [.. Enumerable.Range(0, requests.Count)];
        for (bool isFirst = true; open.Count > 0; isFirst = false)
        {
            StoreVotes votes = table.Votes;
            RegisterVote vote = new(votes, table.Heard.Find);
            string[] names = NamesOf([.. open.Select(i => requests[i])]);
            IReadOnlyList<RegisterEntry> entries = isFirst
                ? await table.LoadForChangeAsync(names, cancellationToken).ConfigureAwait(false)
                : await table.LoadAsync(names, cancellationToken).ConfigureAwait(false);
            List<int> again = [];
            List<int> changed = [];
            List<RegisterEntry> changes = [];
            for (int i = 0; i < open.Count; i++)
            {
                if (TryTake(vote, entries[i], requests[open[i]]) is not { } taken)
                {
                    again.Add(open[i]);
                    continue;
                }

                answers[open[i]] = taken.Answer;
                if (!ReferenceEquals(taken.State, entries[i].State))
                {
                    roots.Note(taken.State);
                    changed.Add(open[i]);
                    changes.Add(entries[i] with { State = taken.State });
                }
            }

            open = again;
            if (changes.Count > 0)
            {
                IReadOnlyList<bool> stored = await table.CompareAndSwapAsync(
                    changes, votes.Generation, heard, cancellationToken).ConfigureAwait(false);
                open.AddRange(changed.Where((_, i) => !stored[i]));
            }
        }

        return history.Sign(requests, answers);
    }

    /// <summary>
    /// Carries out a step; null if it rests on an entry that may be outdated, as it changes nothing, or fails: then the
    /// newest entry decides.
    /// </summary>
    private static AcceptorStep? TryTake(RegisterVote vote, RegisterEntry entry, RegisterRequest request)
    {
        try
        {
            AcceptorStep taken = vote.Take(entry.State, request);
            return entry.MayBeOutdated && ReferenceEquals(taken.State, entry.State) ? null : taken;
        }
        catch (DfssException) when (entry.MayBeOutdated)
        {
            return null;
        }
    }

    /// <summary>
    /// Once the seals are stored: whether the chunks are still there, unless the look vouches for it.
    /// </summary>
    private static async ValueTask LookAgainAsync(
        ISealLook look, SealRequest[] requests, int[] open, RegisterAnswer?[] answers,
        CancellationToken cancellationToken)
    {
        if (open.Length == 0 || await look.HoldsAsync(cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        HashSet<int> done = [.. open.Where(i => answers[i]!.Status == RegisterStatus.Done)];
        MissingChunks?[] found =
            await LookAsync(look, requests, done.Contains, cancellationToken).ConfigureAwait(false);
        foreach (int i in done)
        {
            if (found[i] is { } missing)
            {
                answers[i] = answers[i]! with
                {
                    Status = RegisterStatus.ChunksMissing,
                    Missing = missing.Chunks,
                    IsManifestMissing = missing.IsManifestMissing,
                };
            }
        }
    }

    /// <summary>What is missing of each file that is wanted. That something is missing holds as well.</summary>
    private static async ValueTask<MissingChunks?[]> FindMissingAsync(
        ISealLook look, SealRequest[] requests, Predicate<int> isWanted, CancellationToken cancellationToken)
    {
        MissingChunks?[] missing =
            await LookAsync(look, requests, isWanted, cancellationToken).ConfigureAwait(false);
        return Array.TrueForAll(missing, one => one is null)
            || await look.HoldsAsync(cancellationToken).ConfigureAwait(false)
            ? missing
            : await LookAsync(look, requests, isWanted, cancellationToken).ConfigureAwait(false);
    }

    private static async ValueTask<MissingChunks?[]> LookAsync(
        ISealLook look, SealRequest[] requests, Predicate<int> isWanted, CancellationToken cancellationToken)
    {
        var missing = new MissingChunks?[requests.Length];
        await RequestLanes.RunAsync(requests.Length, look.AtOnce, async i => missing[i] = isWanted(i)
            ? await look.FindMissingAsync(requests[i], cancellationToken).ConfigureAwait(false)
            : null).ConfigureAwait(false);
        return missing;
    }

    private static string[] NamesOf(IReadOnlyList<RegisterRequest> requests) =>
        [.. requests.Select(request => request.Name)];

    /// <summary>Loads those of the wanted entries that may be outdated.</summary>
    private async ValueTask LoadNowAsync(
        RegisterEntry[] entries, Predicate<int> isWanted, CancellationToken cancellationToken)
    {
        int[] wanted = [.. Enumerable.Range(0, entries.Length).Where(i => entries[i].MayBeOutdated && isWanted(i))];
        IReadOnlyList<RegisterEntry> now = wanted.Length == 0
            ? []
            : await table.LoadAsync(
                Array.ConvertAll(wanted, i => entries[i].Name), cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < wanted.Length; i++)
        {
            entries[wanted[i]] = now[i];
        }
    }
}
