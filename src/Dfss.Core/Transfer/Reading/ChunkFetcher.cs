namespace Dfss.Transfer;

/// <summary>
/// Gets chunks of one file from their holders: it walks round the ring, and again with growing, jittered delays. It
/// verifies what it returns.
/// </summary>
internal sealed class ChunkFetcher
{
    private readonly ChunkBuffers buffers;

    public ChunkFetcher(
        Home home, FileRecord record, ChunkHolders holders, ChunkBuffers buffers, TransferOptions options)
    {
        Home = home;
        Record = record;
        Health = holders.Health;
        AbandonedRequests = holders.AbandonedRequests;
        Options = options;
        this.buffers = buffers;
        Placement = new Placement(home.Count, record.Replicas, record.Run);
    }

    public Home Home { get; }

    public FileRecord Record { get; }

    public Placement Placement { get; }

    public HolderHealth Health { get; }

    public AbandonedRequests AbandonedRequests { get; }

    public TransferOptions Options { get; }

    /// <summary>Fetches the manifest, by its id, from any member.</summary>
    /// <exception cref="DfssException">ChunkNotFound, ChunkCorrupt, PeerUnreachable, ...</exception>
    public async Task<FileManifest> FetchManifestAsync(CancellationToken cancellationToken)
    {
        long chunks = FileManifest.CountChunks(Record.Length, Math.Max(Record.ChunkSize, DfssLimits.MinChunkSize));
        if (chunks > DfssLimits.MaxChunksPerFile)
        {
            throw new DfssException(
                DfssErrorCode.LimitExceeded, $"The record of '{Record.Name}' names more chunks than a file can have.",
                "Send the file again from a good copy.");
        }

        int length = FileManifest.HeaderBytes + ((int)chunks * ChunkId.SizeBytes);
        ChunkRead read = new(this, Record.FileId.ToChunkId(), chunkIndex: null, length);
        using ChunkBuffer encoded = await FetchAsync(read, cancellationToken).ConfigureAwait(false);
        FileManifest manifest = FileManifest.Decode(encoded.Memory);
        bool isEncrypted = Record.Encryption is not null;
        return manifest.Length == Record.Length && manifest.ChunkSize == Record.ChunkSize
            && manifest.IsEncrypted == isEncrypted
            ? manifest
            : throw new DfssException(
                DfssErrorCode.ChunkCorrupt, $"The record of '{Record.Name}' does not fit its manifest {Record.FileId}.",
                "Send the file again.");
    }

    /// <summary>Fetches one chunk of the file.</summary>
    /// <returns>The chunk, in memory of the budget, which the caller returns.</returns>
    /// <exception cref="DfssException">ChunkNotFound, ChunkCorrupt, PeerUnreachable, ...; names the chunk, the holders
    /// tried and each one's reason.</exception>
    public ValueTask<ChunkBuffer> FetchChunkAsync(
        FileManifest manifest, int chunkIndex, CancellationToken cancellationToken) =>
        FetchAsync(
            new ChunkRead(this, manifest[chunkIndex], chunkIndex, manifest.LengthOf(chunkIndex)), cancellationToken);

    /// <summary>Memory to read into. A manifest's is its own, as it may be larger than the budget's largest
    /// piece.</summary>
    public ValueTask<ChunkBuffer> RentAsync(int? chunkIndex, int length, CancellationToken cancellationToken) =>
        chunkIndex is null ? new(new ChunkBuffer(new byte[length])) : buffers.RentAsync(length, cancellationToken);

    /// <summary>Memory for a second answer, if there is some at once.</summary>
    public ChunkBuffer? TryRentSpare(int? chunkIndex, int length) =>
        chunkIndex is null ? new ChunkBuffer(new byte[length]) : buffers.TryRentSpare(length);

    private ValueTask<ChunkBuffer> FetchAsync(ChunkRead read, CancellationToken cancellationToken) =>
        Home.Retries.ReadChunk.ExecuteAsync(static (read, token) => read.WalkAsync(token), read, cancellationToken);
}
