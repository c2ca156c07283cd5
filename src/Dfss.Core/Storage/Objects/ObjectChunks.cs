namespace Dfss.Storage;

/// <summary>
/// The chunks of a store of objects, each as one or more incarnations: objects with the same bytes. An incarnation's
/// key is random and is written at most once, so a key that was deleted never comes back.
/// </summary>
/// <param name="objects">The engine.</param>
/// <param name="cell">The state of garbage collection.</param>
/// <param name="newIncarnation">Gives 16 random bytes for each put.</param>
/// <param name="seen">Keeps what was put and found lately.</param>
/// <param name="clock">The clock of the pauses between the attempts of a put; null: there is one attempt.</param>
internal sealed class ObjectChunks(
    IObjectStore objects, CollectionCell cell, Func<Guid> newIncarnation, SeenChunks seen, TimeProvider? clock = null)
{
    // Two or three are found after a race; a client cannot make many by itself.
    private const int MaxIncarnations = 1000;

    /// <summary>What was put and found lately.</summary>
    public SeenChunks Seen => seen;

    /// <summary>Writes a new incarnation; each attempt after a failure writes another one.</summary>
    /// <param name="id">The chunk.</param>
    /// <param name="content">Its bytes.</param>
    /// <param name="state">The number of a state of garbage collection that was read before.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public async ValueTask PutAsync(
        ChunkId id, ReadOnlyMemory<byte> content, long state, CancellationToken cancellationToken)
    {
        if (clock is null)
        {
            await PutOnceAsync().ConfigureAwait(false);
            return;
        }

        await ObjectRequests.RepeatPutAsync(PutOnceAsync, progressed: null, clock, cancellationToken)
            .ConfigureAwait(false);

        async ValueTask PutOnceAsync()
        {
            Guid random = newIncarnation();
            await objects.PutAsync(ObjectKeys.Incarnation(id, random), content, cancellationToken)
                .ConfigureAwait(false);
            seen.Note(id, random, content.Length, state);
        }
    }

    /// <summary>The incarnations of a chunk that are not condemned.</summary>
    public async ValueTask<IReadOnlyList<ObjectEntry>> FindAsync(
        ChunkId id, IReadOnlySet<string> condemned, CancellationToken cancellationToken)
    {
        IReadOnlyList<ObjectEntry> found = await objects.ListAsync(
            ObjectKeys.IncarnationsOf(id), after: null, MaxIncarnations, cancellationToken).ConfigureAwait(false);
        return [.. found.Where(entry => ObjectKeys.ChunkOf(entry.Key) == id && !condemned.Contains(entry.Key))];
    }

    /// <summary>Looks for an incarnation that is whole, and sets aside each that is not.</summary>
    public async ValueTask<ChunkState> VerifyAsync(
        ChunkId id, IReadOnlySet<string> condemned, CancellationToken cancellationToken)
    {
        ChunkState state = ChunkState.Missing;
        foreach (ObjectEntry entry in await FindAsync(id, condemned, cancellationToken).ConfigureAwait(false))
        {
            ChunkState found = await VerifyAsync(id, entry.Key, cancellationToken).ConfigureAwait(false);
            if (found == ChunkState.Good)
            {
                return found;
            }

            state = found == ChunkState.Corrupt ? found : state;
        }

        return state;
    }

    /// <summary>Reads a file's manifest from an incarnation that is there as long as the state is this one.</summary>
    /// <returns>The manifest, where the state is <see cref="ManifestState.Good"/>.</returns>
    public async ValueTask<(ManifestState State, FileManifest? Manifest)> ReadManifestAsync(
        FileId fileId, CollectionState state, CancellationToken cancellationToken)
    {
        if (seen.Find(fileId.ToChunkId(), state.Number) is { } known
            && await ReadManifestAsync(fileId, [known], cancellationToken).ConfigureAwait(false)
                is { State: ManifestState.Good } read)
        {
            return read;
        }

        return await ReadManifestAsync(fileId, state.Condemned, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads a file's manifest from an incarnation that is not condemned.</summary>
    /// <returns>The manifest, where the state is <see cref="ManifestState.Good"/>.</returns>
    public async ValueTask<(ManifestState State, FileManifest? Manifest)> ReadManifestAsync(
        FileId fileId, IReadOnlySet<string> condemned, CancellationToken cancellationToken) =>
        await ReadManifestAsync(
            fileId, await FindAsync(fileId.ToChunkId(), condemned, cancellationToken).ConfigureAwait(false),
            cancellationToken).ConfigureAwait(false);

    private async ValueTask<(ManifestState State, FileManifest? Manifest)> ReadManifestAsync(
        FileId fileId, IReadOnlyList<ObjectEntry> found, CancellationToken cancellationToken)
    {
        (ManifestState, FileManifest?) worst = (ManifestState.Missing, null);
        foreach (ObjectEntry entry in found)
        {
            if (await objects.GetAsync(entry.Key, cancellationToken).ConfigureAwait(false) is not { } content)
            {
                continue;
            }

            (ManifestState State, FileManifest? Manifest) read = ManifestReader.Decode(content, fileId);
            if (read.State is ManifestState.Good or ManifestState.NotAManifest)
            {
                return read;
            }

            worst = read;
        }

        return worst;
    }

    private static DfssException LeftAlone(string key, string seen) => new(
        DfssErrorCode.StoreFailed,
        $"The object '{key}' {seen}. It was left as it is.",
        "Check the memory of the peer's machine, the engine, and what lies between them; then run the command again.");

    /// <summary>
    /// Reads an incarnation, and sets it aside if it is not the chunk: for the operator, and so that the chunk counts
    /// as missing. One answer that was damaged on its way must not delete what is whole: it is read twice, and the
    /// engine keeps its own bytes.
    /// </summary>
    private async ValueTask<ChunkState> VerifyAsync(ChunkId id, string key, CancellationToken cancellationToken)
    {
        if (await objects.GetAsync(key, cancellationToken).ConfigureAwait(false) is not { } content)
        {
            return ChunkState.Missing;
        }

        if (ChunkId.Of(content.Span) == id)
        {
            return ChunkState.Good;
        }

        if (await objects.GetAfreshAsync(key, cancellationToken).ConfigureAwait(false) is not { } again)
        {
            return ChunkState.Missing;
        }

        if (ChunkId.Of(again.Span) == id)
        {
            return ChunkState.Good;
        }

        if (!again.Span.SequenceEqual(content.Span))
        {
            throw LeftAlone(key, "was read twice and gave different bytes, and neither are those of the chunk");
        }

        string aside = ObjectKeys.SetAside(key);
        if (!await objects.CopyAsync(key, aside, cancellationToken).ConfigureAwait(false))
        {
            // A collection has deleted it meanwhile.
            return ChunkState.Missing;
        }

        if (await objects.GetAfreshAsync(aside, cancellationToken).ConfigureAwait(false) is not { } copy
            || !copy.Span.SequenceEqual(content.Span))
        {
            throw LeftAlone(key, $"is not the chunk, and its copy by the engine, '{aside}', is not the same");
        }

        // The first number voids what peers have noted before, the second what they note until the deletion.
        await cell.RenumberAsync(cancellationToken).ConfigureAwait(false);
        await objects.DeleteAsync(key, cancellationToken).ConfigureAwait(false);
        seen.Forget(id);
        await cell.RenumberAsync(cancellationToken).ConfigureAwait(false);
        return ChunkState.Corrupt;
    }
}
