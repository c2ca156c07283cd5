using Dfss.Records;
using Dfss.Security;

namespace Dfss.Peers;

/// <summary>
/// The registers that an identity limited to some names sees: it reads, lists and changes only those, seals only chunks
/// that it has put, and gives a name only content that it has put or that the name had.
/// </summary>
/// <param name="records">All registers.</param>
/// <param name="identity">The identity that sees them.</param>
/// <param name="hasPut">Whether it has put a chunk.</param>
/// <param name="manifests">Reads manifests.</param>
internal sealed class LimitedRecordStore(
    IRecordStore records, RemoteIdentity identity, Func<ChunkId, bool> hasPut, ManifestCache manifests) : IRecordStore
{
    public async ValueTask<IReadOnlyList<RegisterAnswer>> AskAsync(
        IReadOnlyList<RegisterRequest> requests, CancellationToken cancellationToken)
    {
        ThrowIfNotIts(requests);
        if (requests is [SealRequest, ..])
        {
            return await SealAsync([.. requests.Cast<SealRequest>()], cancellationToken).ConfigureAwait(false);
        }

        FileRecord[] changed = [.. requests.Select(RecordOf).OfType<FileRecord>()];
        if (changed.Length > 0)
        {
            await ThrowIfNotItsContentAsync(changed, cancellationToken).ConfigureAwait(false);
        }

        return await records.AskAsync(Untaught(requests), cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<RecordPage> ListAsync(ListRequest request, CancellationToken cancellationToken)
    {
        // The names below each prefix, in the order of the prefixes, are in order if no prefix begins with another.
        IEnumerable<string> prefixes = identity.NamePrefixes
            .Where(
                one => !identity.NamePrefixes.Any(
                    other => other.Length < one.Length && one.StartsWith(other, StringComparison.Ordinal)))
            .Distinct(StringComparer.Ordinal)
            .Where(
                one => one.StartsWith(request.Prefix, StringComparison.Ordinal)
                    || request.Prefix.StartsWith(one, StringComparison.Ordinal))
            .Select(one => one.Length > request.Prefix.Length ? one : request.Prefix)
            .Order(NameOrder.Instance);
        bool isLimited = !identity.NamePrefixes.Any(
            one => request.Prefix.StartsWith(one, StringComparison.Ordinal));
        List<BallotedRecord> found = [];
        List<bool> doubted = [];
        RecordPage? last = null;
        RecordPage Page(RecordPage page) =>
            page with { Records = found, Doubted = doubted, IsLimited = isLimited };
        foreach (string prefix in prefixes)
        {
            if (found.Count == request.Limit)
            {
                return Page(last! with { HasMore = true });
            }

            RecordPage page = await records.ListAsync(
                request with { Prefix = prefix, Limit = request.Limit - found.Count },
                cancellationToken).ConfigureAwait(false);
            last = page;
            found.AddRange(page.Records);
            doubted.AddRange(page.Doubted);
            if (page.HasMore)
            {
                return Page(page);
            }
        }

        return Page(last ?? new RecordPage([], HasMore: false));
    }

    private async ValueTask<IReadOnlyList<RegisterAnswer>> SealAsync(
        IReadOnlyList<SealRequest> requests, CancellationToken cancellationToken)
    {
        RegisterAnswer[] answers =
            [.. await records.AskAsync(
                [.. requests.Select(one => new ReadRequest(one.Name))], cancellationToken).ConfigureAwait(false)];
        List<int> open = [];
        for (int i = 0; i < answers.Length; i++)
        {
            RegisterAnswer? missing = requests[i].Ballot < answers[i].Promised
                ? null
                : await FindMissingAsync(requests[i], answers[i], cancellationToken).ConfigureAwait(false);
            answers[i] = missing ?? answers[i];
            if (missing is null)
            {
                open.Add(i);
            }
        }

        IReadOnlyList<RegisterAnswer> done = open.Count == 0
            ? []
            : await records.AskAsync(
                Untaught(open.Select(i => requests[i])), cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < open.Count; i++)
        {
            answers[open[i]] = done[i];
        }

        return answers;
    }

    /// <summary>The record that a request gives its name; null where it gives none.</summary>
    private static FileRecord? RecordOf(RegisterRequest request) => request switch
    {
        AcceptRequest accept => accept.Record,
        DecideRequest decide => decide.Record,
        _ => null,
    };

    /// <summary>The clocks in its requests count for its own names only.</summary>
    private static IReadOnlyList<RegisterRequest> Untaught(IEnumerable<RegisterRequest> requests) =>
        [.. requests.Select(one => one with { Teaches = false })];

    /// <summary>
    /// The chunks that this identity would seal and has not put, as if they were missing; null if it has put all.
    /// </summary>
    private async ValueTask<RegisterAnswer?> FindMissingAsync(
        SealRequest request, RegisterAnswer state, CancellationToken cancellationToken)
    {
        FileManifest? manifest = hasPut(request.FileId.ToChunkId())
            ? await manifests.GetAsync(request.FileId, cancellationToken).ConfigureAwait(false)
            : null;
        if (manifest is null)
        {
            return state with { Status = RegisterStatus.ChunksMissing, IsManifestMissing = true };
        }

        ChunkBitmap missing = ChunkBitmap.Create(manifest.ChunkCount, i => request.Expected[i] && !hasPut(manifest[i]));
        return missing.IsEmpty ? null : state with { Status = RegisterStatus.ChunksMissing, Missing = missing };
    }

    private async ValueTask ThrowIfNotItsContentAsync(
        FileRecord[] changed, CancellationToken cancellationToken)
    {
        IReadOnlyList<RegisterAnswer> states =
            await records.AskAsync(
                [.. changed.Select(record => new ReadRequest(record.Name))], cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < changed.Length; i++)
        {
            HashSet<FileId> known = [.. FilesOf(states[i].Accepted?.Record), .. FilesOf(states[i].Decided?.Record)];
            if (FilesOf(changed[i]).FirstOrDefault(
                file => !known.Contains(file) && !hasPut(file.ToChunkId())) is var file && file != default)
            {
                throw new DfssException(
                    DfssErrorCode.NotPermitted,
                    $"'{identity.Name}' may use for '{changed[i].Name}' only content that it has put here, and "
                        + $"{file} is not.",
                    "Put the manifest and its chunks, and seal them, then try again.");
            }
        }
    }

    /// <summary>
    /// The content that a record gives its name. A tombstone gives none: whatever it says that the name had, the
    /// identity cannot bring back by it.
    /// </summary>
    private static IEnumerable<FileId> FilesOf(FileRecord? record) =>
        record is null or { State: FileRecordState.Removed }
            ? []
            : record.Previous.Select(version => version.FileId).Append(record.FileId).Where(file => file != default);

    private void ThrowIfNotIts(IEnumerable<RegisterRequest> requests)
    {
        if (requests.FirstOrDefault(request => !identity.MayTouch(request.Name)) is { } strange)
        {
            throw new DfssException(
                DfssErrorCode.NotPermitted,
                $"'{identity.Name}' is limited to names that begin with "
                + $"{string.Join(" or ", identity.NamePrefixes.Select(prefix => $"'{prefix}'"))}; "
                + $"'{strange.Name}' does not.",
                "Use such a name, or ask the administrator of the peers for another certificate.");
        }
    }
}
