using Dfss.Records;

namespace Dfss.Storage;

/// <summary>The registers of this machine's store: the acceptor's rules over a table of states, and for seals over the
/// chunks.</summary>
#pragma warning disable CA1001 // A semaphore whose wait handle is never used has nothing to dispose.
internal sealed class RecordStore(
    IRegisterTable table, IDurableChunkStore chunks, IChunkVerifier verifier, StoreRoots roots, FailStopLatch fault,
    VoteHistory history)
    : IRecordStore
#pragma warning restore CA1001
{
    private const int MaxListLimit = 1000;

    // 64 KiB: some 2,000 chunks. Above it manifests, of up to 16 MiB, are read two at a time.
    private const int FreeManifestBytes = 64 << 10;

    private readonly SemaphoreSlim largeManifests = new(2);

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
        // No sweep between the check of the chunks and the moment the seal protects them.
        using IDisposable entered = await roots.SealLock.EnterSealAsync(cancellationToken).ConfigureAwait(false);
        IReadOnlyList<RegisterEntry> entries = await LoadAsync(requests, cancellationToken).ConfigureAwait(false);
        var answers = new RegisterAnswer?[requests.Length];
        for (int i = 0; i < answers.Length; i++)
        {
            answers[i] = Acceptor.CheckSeal(entries[i].State, requests[i]);
        }

        if (Array.TrueForAll(answers, answer => answer is not null))
        {
            return history.Sign(requests, answers!);
        }

        await chunks.FlushAsync(cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < answers.Length; i++)
        {
            answers[i] ??= await FindMissingAsync(
                entries[i].State, requests[i], cancellationToken).ConfigureAwait(false);
        }

        int[] open = [.. Enumerable.Range(0, answers.Length).Where(i => answers[i] is null)];
        IReadOnlyList<RegisterAnswer> sealedAnswers = await ApplyAsync(
            Array.ConvertAll(open, i => requests[i]), cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < open.Length; i++)
        {
            answers[open[i]] = sealedAnswers[i];
        }

        return history.Sign(requests, answers!);
    }

    private async ValueTask<IReadOnlyList<RegisterAnswer>> ReadAsync(
        IReadOnlyList<RegisterRequest> requests, CancellationToken cancellationToken)
    {
        // Not a vote: answered also after a fail-stop.
        IReadOnlyList<RegisterEntry> entries = await LoadAsync(requests, cancellationToken).ConfigureAwait(false);
        RegisterVote vote = new(table.Votes, table.Heard.Find);
        return history.Sign(
            requests, [.. requests.Select((request, i) => vote.Take(entries[i].State, request).Answer)]);
    }

    /// <summary>
    /// Applies a step to each name until each is stored: a name that another caller changed between its load and its
    /// store is loaded again. An answer that changed nothing depends only on stored states, which are durable.
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
        while (open.Count > 0)
        {
            StoreVotes votes = table.Votes;
            RegisterVote vote = new(votes, table.Heard.Find);
            IReadOnlyList<RegisterEntry> entries =
                await LoadAsync([.. open.Select(i => requests[i])], cancellationToken).ConfigureAwait(false);
            List<int> changed = [];
            List<RegisterEntry> changes = [];
            for (int i = 0; i < open.Count; i++)
            {
                AcceptorStep taken = vote.Take(entries[i].State, requests[open[i]]);
                answers[open[i]] = taken.Answer;
                if (!ReferenceEquals(taken.State, entries[i].State))
                {
                    roots.Note(taken.State);
                    changed.Add(open[i]);
                    changes.Add(entries[i] with { State = taken.State });
                }
            }

            open.Clear();
            if (changes.Count > 0)
            {
                IReadOnlyList<bool> stored = await table.CompareAndSwapAsync(
                    changes, votes.Generation, heard, cancellationToken).ConfigureAwait(false);
                open.AddRange(changed.Where((_, i) => !stored[i]));
            }
        }

        return history.Sign(requests, answers);
    }

    private ValueTask<IReadOnlyList<RegisterEntry>> LoadAsync(
        IReadOnlyList<RegisterRequest> requests, CancellationToken cancellationToken) =>
        table.LoadAsync([.. requests.Select(request => request.Name)], cancellationToken);

    /// <summary>Null where the manifest and every expected chunk are there.</summary>
    private async ValueTask<RegisterAnswer?> FindMissingAsync(
        RegisterState state, SealRequest request, CancellationToken cancellationToken)
    {
        ChunkId id = request.FileId.ToChunkId();
        if (await chunks.GetLengthAsync(id, cancellationToken).ConfigureAwait(false) is not > FreeManifestBytes)
        {
            return await LookAsync(state, request, cancellationToken).ConfigureAwait(false);
        }

        await largeManifests.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await LookAsync(state, request, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            largeManifests.Release();
        }
    }

    private async ValueTask<RegisterAnswer?> LookAsync(
        RegisterState state, SealRequest request, CancellationToken cancellationToken)
    {
        (ManifestState found, FileManifest? manifest) =
            await ManifestReader.ReadAsync(chunks, request.FileId, cancellationToken).ConfigureAwait(false);
        if (found == ManifestState.NotAManifest)
        {
            throw new DfssException(
                DfssErrorCode.ChunkCorrupt,
                $"Chunk {request.FileId}, given as the manifest of '{request.Name}', is not a manifest.")
            { ChunkId = request.FileId.ToChunkId() };
        }

        if (found == ManifestState.Corrupt)
        {
            // Sets it aside, so that the sender can put it again.
            await verifier.VerifyAsync(request.FileId.ToChunkId(), cancellationToken).ConfigureAwait(false);
        }

        if (manifest is null || chunks.GetDurableLength(request.FileId.ToChunkId()) is null)
        {
            return Acceptor.ChunksMissing(state, missing: default, isManifestMissing: true);
        }

        if (request.Expected.Bits.Length != (manifest.ChunkCount + 7) / 8)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                $"The set of chunks expected of '{request.Name}' has {request.Expected.Bits.Length} bytes; its file "
                    + $"has {manifest.ChunkCount} chunks.");
        }

        // Only what is on stable storage counts: a chunk may have been put after the flush began, or put again after
        // its sync failed and another caller's flush reported that.
        HashSet<int> lost = [];
        for (int i = 0; i < manifest.ChunkCount; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!request.Expected[i])
            {
                continue;
            }

            int? length = chunks.GetDurableLength(manifest[i]);
            if (length != manifest.LengthOf(i))
            {
                lost.Add(i);
                await SetAsideAsync(request, manifest, i, length, cancellationToken).ConfigureAwait(false);
            }
        }

        return lost.Count == 0
            ? null
            : Acceptor.ChunksMissing(
                state, ChunkBitmap.Create(manifest.ChunkCount, lost.Contains), isManifestMissing: false);
    }

    /// <summary>Where a chunk of the wrong length is stored: makes it missing for the sender's next question
    /// too.</summary>
    private async ValueTask SetAsideAsync(
        SealRequest request, FileManifest manifest, int index, int? length, CancellationToken cancellationToken)
    {
        if (length is not null
            && await verifier.VerifyAsync(manifest[index], cancellationToken).ConfigureAwait(false) == ChunkState.Good
            && chunks.GetDurableLength(manifest[index]) == length)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                $"In the manifest of '{request.Name}' chunk {index} has {manifest.LengthOf(index)} bytes; it "
                    + $"has {length}.",
                "Send the file again.");
        }
    }
}
