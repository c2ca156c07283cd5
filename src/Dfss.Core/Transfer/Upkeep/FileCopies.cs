using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>A stored file's copies at the members of its home, and what they are to seal for a record that names the
/// file: all that each is known to hold.</summary>
internal sealed class FileCopies(Home home, FileRecord record, FileManifest manifest, CopyTable table)
{
    /// <summary>The members that hold the chunks.</summary>
    public Home Home => home;

    /// <summary>The record whose file this is.</summary>
    public FileRecord Record => record;

    /// <summary>Whether it is an earlier version than the current one of the name.</summary>
    public bool IsEarlier { get; init; }

    /// <summary>Its title in messages if its name alone would mean the current version.</summary>
    public string Title => IsEarlier ? TitleOf(record) : $"'{record.Name}'";

    /// <summary>The file's manifest.</summary>
    public FileManifest Manifest => manifest;

    /// <summary>Which members hold which chunks.</summary>
    public CopyTable Table => table;

    /// <summary>The title of an earlier version.</summary>
    public static string TitleOf(FileRecord earlier) =>
        FormattableString.Invariant($"version {earlier.Version} of '{earlier.Name}'");

    /// <summary>Has every member that answers make the copies durable.</summary>
    public Task FlushAsync(TransferOptions options, CancellationToken cancellationToken) => Task.WhenAll(
        Enumerable.Range(0, home.Count).Select(async member =>
        {
            if (table[member, CopyTable.ManifestSlot] == CopyState.Unknown || home[member] is not { } peer)
            {
                return;
            }

            try
            {
                await peer.Chunks.FlushAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (DfssException error)
            {
                options.Warning?.Invoke($"{peer} may not keep its copies of {Title}: {peer.ReasonOf(error)}");
            }
        }));

    /// <summary>Puts the manifest at every member that answers and does not have it.</summary>
    /// <returns>How many accepted it.</returns>
    public async Task<int> SpreadManifestAsync(TransferOptions options, CancellationToken cancellationToken)
    {
        int[] lacking =
        [
            .. Enumerable.Range(0, home.Count).Where(member => home[member] is not null
                && table[member, CopyTable.ManifestSlot] is CopyState.Missing or CopyState.Corrupt),
        ];
        bool[] taken = await Task.WhenAll(lacking.Select(async member =>
        {
            PeerHandle peer = home[member]!;
            try
            {
                await peer.Chunks.PutAsync(
                    record.FileId.ToChunkId(), manifest.Encoded, cancellationToken).ConfigureAwait(false);
                table[member, CopyTable.ManifestSlot] = CopyState.Held;
                return true;
            }
            catch (DfssException error)
            {
                options.Warning?.Invoke($"{peer} takes no copy of the manifest of {Title}: {peer.ReasonOf(error)}");
                return false;
            }
        })).ConfigureAwait(false);
        return taken.Count(isTaken => isTaken);
    }

    /// <summary>A record that names the content and was chosen, with the copies that there are; warns of fewer than
    /// the record requires.</summary>
    public StoredFile ToStoredFile(FileRecord chosen, TransferOptions options)
    {
        int present = table.PresentReplicas;
        if (present < chosen.Replicas)
        {
            options.Warning?.Invoke(FormattableString.Invariant(
                $"'{chosen.Name}' has {present} of its {chosen.Replicas} copies. Make the rest (Repair-DfssFile)."));
        }

        return new StoredFile(chosen, IsCurrent: true) { PresentReplicas = present };
    }

    /// <summary>Each member should seal what it holds; one without the manifest cannot seal. As many members as hold
    /// any chunk now must have sealed it, R at most.</summary>
    /// <exception cref="DfssException">ChunkNotFound: some chunk is at no member.</exception>
    public SealPlan PlanSeals()
    {
        bool Seals(int member) => table[member, CopyTable.ManifestSlot] == CopyState.Held;
        ChunkBitmap[] expected =
        [
            .. Enumerable.Range(0, home.Count).Select(member => ChunkBitmap.Create(
                manifest.ChunkCount, index => Seals(member) && table[member, table.SlotOf(index)] == CopyState.Held)),
        ];
        int minimum = Math.Min(record.Replicas, Enumerable.Range(0, home.Count).Count(Seals));
        for (int index = 0; index < manifest.ChunkCount; index++)
        {
            minimum = Math.Min(minimum, expected.Count(bits => bits[index]));
        }

        return minimum > 0
            ? new SealPlan(record.FileId, manifest.ChunkCount, expected, minimum)
            : throw new DfssException(
                DfssErrorCode.ChunkNotFound,
                ($"Some chunks of {Title} are at none of its {home.Count} peers that can be reached. "
                    + home.Reasons).TrimEnd(),
                "Start the other peers of the file, or send it again.");
    }
}
