namespace Dfss.Storage;

/// <summary>
/// The chunks of a store of objects, each as one or more incarnations: objects with the same bytes. An incarnation's
/// key is random and is written at most once, so a key that was deleted never comes back.
/// </summary>
/// <param name="objects">The engine.</param>
/// <param name="newIncarnation">Gives 16 random bytes for each put.</param>
internal sealed class ObjectChunks(IObjectStore objects, Func<Guid> newIncarnation)
{
    // Two or three are found after a race; a client cannot make many by itself.
    private const int MaxIncarnations = 1000;

    /// <summary>Writes a new incarnation. To try again after a failure is to call again, which writes another
    /// one.</summary>
    public ValueTask PutAsync(ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        objects.PutAsync(ObjectKeys.Incarnation(id, newIncarnation()), content, cancellationToken);

    /// <summary>The incarnations of a chunk that are not condemned.</summary>
    public async ValueTask<IReadOnlyList<ObjectEntry>> FindAsync(
        ChunkId id, IReadOnlySet<string> condemned, CancellationToken cancellationToken)
    {
        IReadOnlyList<ObjectEntry> found = await objects.ListAsync(
            ObjectKeys.IncarnationsOf(id), after: null, MaxIncarnations, cancellationToken).ConfigureAwait(false);
        return [.. found.Where(entry => !condemned.Contains(entry.Key))];
    }

    /// <summary>Which of the chunks have no incarnation that is not condemned.</summary>
    public async ValueTask<bool[]> FindMissingAsync(
        IReadOnlyList<ChunkId> ids, IReadOnlySet<string> condemned, CancellationToken cancellationToken)
    {
        bool[] missing = new bool[ids.Count];
        await ObjectRequests.RunAsync(ids.Count, async i => missing[i] =
            (await FindAsync(ids[i], condemned, cancellationToken).ConfigureAwait(false)).Count == 0)
            .ConfigureAwait(false);
        return missing;
    }

    /// <summary>Looks for an incarnation that is whole, and sets aside each that is not.</summary>
    public async ValueTask<ChunkState> VerifyAsync(
        ChunkId id, IReadOnlySet<string> condemned, CancellationToken cancellationToken)
    {
        ChunkState state = ChunkState.Missing;
        foreach (ObjectEntry entry in await FindAsync(id, condemned, cancellationToken).ConfigureAwait(false))
        {
            if (await objects.GetAsync(entry.Key, cancellationToken).ConfigureAwait(false) is not { } content)
            {
                continue;
            }

            if (ChunkId.Of(content.Span) == id)
            {
                return ChunkState.Good;
            }

            // Kept for the operator, then deleted, so that the chunk counts as missing.
            await objects.PutAsync(ObjectKeys.SetAside(entry.Key), content, cancellationToken).ConfigureAwait(false);
            await objects.DeleteAsync(entry.Key, cancellationToken).ConfigureAwait(false);
            state = ChunkState.Corrupt;
        }

        return state;
    }

    /// <summary>Reads a file's manifest from an incarnation that is not condemned.</summary>
    /// <returns>The manifest, where the state is <see cref="ManifestState.Good"/>.</returns>
    public async ValueTask<(ManifestState State, FileManifest? Manifest)> ReadManifestAsync(
        FileId fileId, IReadOnlySet<string> condemned, CancellationToken cancellationToken)
    {
        (ManifestState, FileManifest?) worst = (ManifestState.Missing, null);
        IReadOnlyList<ObjectEntry> found =
            await FindAsync(fileId.ToChunkId(), condemned, cancellationToken).ConfigureAwait(false);
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
}
