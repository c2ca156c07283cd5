using Dfss.Storage;
using Dfss.Transport;

namespace Dfss.Peers;

/// <summary>
/// The latest manifests, decoded, for clients that ask for a file's chunks by index. Without the cache, the peer would
/// read and hash the whole manifest for each chunk. A manifest never changes, so none is ever out of date. Safe for
/// concurrent use.
/// </summary>
internal sealed class ManifestCache(IServedChunkStore chunks)
{
    /// <summary>The largest manifest, or many usual ones.</summary>
    private const long MaxBytes = DfssLimits.MaxPayloadBytes;

    /// <summary>
    /// Manifests stay, so they are not in pooled memory; a separate limit holds for those that are read at one moment.
    /// </summary>
    private readonly FairBudget.Share reading = FairBudget.Undivided(2L * DfssLimits.MaxPayloadBytes);

    private readonly Lock gate = new();
    private readonly LinkedList<FileManifest> recent = [];
    private long bytes;

    /// <summary>The manifest of a file; null where the store does not have it as it should be.</summary>
    public async ValueTask<FileManifest?> GetAsync(FileId fileId, CancellationToken cancellationToken)
    {
        if (Find(fileId) is { } known)
        {
            return known;
        }

        ChunkId id = fileId.ToChunkId();
        if (await chunks.FindToReadAsync(id, cancellationToken).ConfigureAwait(false) is not { } length)
        {
            return null;
        }

        await reading.TakeAsync(length, cancellationToken).ConfigureAwait(false);
        try
        {
            // Another request may have read it meanwhile.
            if (Find(fileId) is { } read)
            {
                return read;
            }

            byte[] encoded = new byte[length];
            if (await chunks.GetAsync(id, encoded, cancellationToken).ConfigureAwait(false) != length
                || ChunkId.Of(encoded) != id)
            {
                return null;
            }

            FileManifest manifest = FileManifest.Decode(encoded);
            Keep(manifest);
            return manifest;
        }
        finally
        {
            reading.Return(length);
        }
    }

    private FileManifest? Find(FileId fileId)
    {
        lock (gate)
        {
            for (LinkedListNode<FileManifest>? node = recent.First; node is not null; node = node.Next)
            {
                if (node.Value.FileId == fileId)
                {
                    recent.Remove(node);
                    recent.AddFirst(node);
                    return node.Value;
                }
            }

            return null;
        }
    }

    private void Keep(FileManifest manifest)
    {
        const int MaxManifests = 64;
        lock (gate)
        {
            recent.AddFirst(manifest);
            bytes += manifest.Encoded.Length;
            while (recent.Count > MaxManifests || (bytes > MaxBytes && recent.Count > 1))
            {
                bytes -= recent.Last!.Value.Encoded.Length;
                recent.RemoveLast();
            }
        }
    }
}
