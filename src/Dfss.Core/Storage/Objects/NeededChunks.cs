namespace Dfss.Storage;

/// <summary>Reads from all registers which chunks are needed.</summary>
internal sealed class NeededChunks(IRegisterTable table, ObjectChunks chunks, CollectionCell cell, StoreRoots roots)
{
    private const int RegistersPerPage = 256;

    private static readonly IReadOnlySet<string> None = new HashSet<string>();

    /// <summary>Adds to the filter each chunk that a register needs at some moment of this call, and at its end.
    /// Returns the number of files.</summary>
    /// <exception cref="DfssException">A register or a manifest cannot be read: what it needs is unknown.</exception>
    public async Task<long> MarkAsync(ChunkFilter filter, CancellationToken cancellationToken)
    {
        long files = 0;
        string? after = null;
        while (true)
        {
            IReadOnlyList<RegisterEntry> page = await table.ListAsync(
                after, prefix: string.Empty, RegistersPerPage, cancellationToken).ConfigureAwait(false);
            foreach (RegisterEntry entry in page)
            {
                files += await MarkAsync(filter, entry, cancellationToken).ConfigureAwait(false);
            }

            if (page.Count < RegistersPerPage)
            {
                return files;
            }

            after = page[^1].Name;
        }
    }

    private async Task<int> MarkAsync(ChunkFilter filter, RegisterEntry entry, CancellationToken cancellationToken)
    {
        int files = 0;
        foreach (FileId fileId in roots.Of(entry.State).Distinct())
        {
            filter.Add(fileId.ToChunkId());
            (ManifestState state, FileManifest? manifest) =
                await ReadManifestAsync(fileId, cancellationToken).ConfigureAwait(false);
            if (manifest is not null)
            {
                files++;
                for (int i = 0; i < manifest.ChunkCount; i++)
                {
                    filter.Add(manifest[i]);
                }
            }
            else if (state != ManifestState.NotAManifest)
            {
                RegisterEntry now =
                    (await table.LoadAsync([entry.Name], cancellationToken).ConfigureAwait(false))[0];
                if (now.Version != entry.Version)
                {
                    // The file may have been replaced and collected meanwhile, and sent again.
                    return await MarkAsync(filter, now, cancellationToken).ConfigureAwait(false);
                }

                ThrowIfRecorded(entry, fileId, state);
            }
        }

        return files;
    }

    /// <summary>
    /// Reads a manifest from any incarnation: what is condemned is still there if a register needs it. A listing may
    /// miss two incarnations if one is written and the other deleted meanwhile; not while the state of the collection
    /// is the same.
    /// </summary>
    private async ValueTask<(ManifestState State, FileManifest? Manifest)> ReadManifestAsync(
        FileId fileId, CancellationToken cancellationToken)
    {
        (ManifestState State, FileManifest? Manifest) read =
            await chunks.ReadManifestAsync(fileId, None, cancellationToken).ConfigureAwait(false);
        (long before, long after) = (-1, 0);
        while (read.State is ManifestState.Missing or ManifestState.Corrupt && before != after)
        {
            before = await cell.ReadNumberAsync(cancellationToken).ConfigureAwait(false);
            read = await chunks.ReadManifestAsync(fileId, None, cancellationToken).ConfigureAwait(false);
            after = await cell.ReadNumberAsync(cancellationToken).ConfigureAwait(false);
        }

        return read;
    }

    /// <summary>
    /// Stops the collection if the record of a name needs a manifest that is not there. A seal alone does not: it is
    /// stored before its chunks are looked for, and answered only if all are there.
    /// </summary>
    private void ThrowIfRecorded(RegisterEntry entry, FileId fileId, ManifestState state)
    {
        if (roots.Of(entry.State with { Seals = [] }).Contains(fileId))
        {
            throw Unreadable(entry.Name, fileId, state);
        }
    }

    private static DfssException Unreadable(string name, FileId fileId, ManifestState state) => new(
        DfssErrorCode.ChunkCorrupt,
        $"The manifest {fileId} of '{name}' is {(state == ManifestState.Corrupt ? "corrupt" : "missing")} in this "
            + "store, so the chunks that it needs are not known. Nothing is collected.",
        "Send or repair the file, then collect again.")
    { ChunkId = fileId.ToChunkId() };
}
