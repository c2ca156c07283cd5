using System.Diagnostics.CodeAnalysis;
using Dfss.Encryption;

namespace Dfss.Transfer;

/// <summary>
/// The content of one version of a stored file, chunk by chunk, each verified and decrypted: from the home of its
/// record, or from a later one that the file moved to meanwhile. Safe for concurrent use.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The semaphore owns no handle.")]
internal sealed class StoredContent
{
    /// <summary>16, as <see cref="LaterHome"/> follows.</summary>
    private const int MaxMoves = 16;

    private readonly FileSearch search;
    private readonly Func<StoredFile, Home, ChunkFetcher> createFetcher;
    private readonly TransferPace pace;
    private readonly SemaphoreSlim searching = new(1);
    private FileManifest manifest = null!;
    private FileContent content = null!;
    private Place place;

    private StoredContent(
        Place place, FileSearch search, Func<StoredFile, Home, ChunkFetcher> createFetcher, TransferPace pace)
    {
        this.place = place;
        this.search = search;
        this.createFetcher = createFetcher;
        this.pace = pace;
    }

    /// <summary>The length in bytes.</summary>
    public long Length => content.Length;

    /// <summary>The length in bytes of every chunk's content but the last.</summary>
    public int ChunkSize => content.ChunkSize;

    /// <summary>How many chunks there are.</summary>
    public int ChunkCount => manifest.ChunkCount;

    /// <summary>Which chunks there are, as the peers have them.</summary>
    public FileManifest Manifest => manifest;

    /// <summary>Fetches the manifest, and checks it with the key.</summary>
    /// <exception cref="DfssException">ChunkNotFound, ChunkCorrupt, PeerUnreachable, KeyRequired, KeyWrong,
    /// FileNotEncrypted, FileTampered, FileChanged, ...</exception>
    public static Task<StoredContent> OpenAsync(
        StoredFile file,
        KeyRing? keys,
        PeerDirectory directory,
        Func<StoredFile, Home, ChunkFetcher> createFetcher,
        TransferPace pace,
        TransferOptions options,
        CancellationToken cancellationToken) => OpenAsync(
            file, ContentKey.Open(file.Record, keys), directory, createFetcher, pace, options, cancellationToken);

    /// <summary>The same, where the chunks are to be read as the peers have them: no key is needed.</summary>
    /// <exception cref="DfssException">ChunkNotFound, ChunkCorrupt, PeerUnreachable, FileChanged, ...</exception>
    public static async Task<StoredContent> OpenAsync(
        StoredFile file,
        ContentKey? key,
        PeerDirectory directory,
        Func<StoredFile, Home, ChunkFetcher> createFetcher,
        TransferPace pace,
        TransferOptions options,
        CancellationToken cancellationToken)
    {
        Home home = await Home.ReachAsync(file.Record, directory, enough: 1, cancellationToken).ConfigureAwait(false);
        StoredContent opened = new(
            new Place(file, home, createFetcher(file, home)), new FileSearch(directory, options), createFetcher, pace);
        opened.manifest = await opened.FetchAsync(
            static (fetcher, token) => new ValueTask<FileManifest>(fetcher.FetchManifestAsync(token)),
            cancellationToken).ConfigureAwait(false);
        opened.content = new FileContent(file.Record, opened.manifest, key);
        return opened;
    }

    /// <summary>The length in bytes of a chunk's content.</summary>
    public int LengthOf(int index) => content.LengthOf(index);

    /// <summary>Fetches one chunk, and copies its content to the start of <paramref name="destination"/>.</summary>
    /// <exception cref="DfssException">ChunkNotFound, ChunkCorrupt, PeerUnreachable, FileTampered, FileChanged,
    /// ...</exception>
    public async Task ReadAsync(int index, Memory<byte> destination, CancellationToken cancellationToken)
    {
        // Before it is asked for: a chunk that waits here is not late.
        await pace.WaitAsync(manifest.LengthOf(index), cancellationToken).ConfigureAwait(false);
        using ChunkBuffer buffer = await FetchAsync(index, cancellationToken).ConfigureAwait(false);
        content.Open(index, buffer.Memory).CopyTo(destination);
    }

    /// <summary>Fetches one chunk as the peers have it, verified.</summary>
    /// <returns>The chunk, in memory of the budget, which the caller returns.</returns>
    /// <exception cref="DfssException">ChunkNotFound, ChunkCorrupt, PeerUnreachable, FileChanged, ...</exception>
    public Task<ChunkBuffer> FetchAsync(int index, CancellationToken cancellationToken) => FetchAsync(
        (fetcher, token) => fetcher.FetchChunkAsync(manifest, index, token), cancellationToken);

    private async Task<T> FetchAsync<T>(
        Func<ChunkFetcher, CancellationToken, ValueTask<T>> fetchAsync, CancellationToken cancellationToken)
    {
        for (int moves = 0; ; moves++)
        {
            Place asked = Volatile.Read(ref place);
            try
            {
                return await fetchAsync(asked.Fetcher, cancellationToken).ConfigureAwait(false);
            }
            catch (DfssException error) when (moves < MaxMoves
                && error.Code is DfssErrorCode.ChunkNotFound or DfssErrorCode.PeerUnreachable)
            {
                await FollowAsync(asked, error, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Goes to the later home, unless another chunk's failure has done so.</summary>
    private async Task FollowAsync(Place asked, DfssException error, CancellationToken cancellationToken)
    {
        await searching.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (place == asked)
            {
                (StoredFile file, Home home) = await search.FindMovedAsync(
                    asked.File, asked.Home, error, cancellationToken).ConfigureAwait(false);
                Volatile.Write(ref place, new Place(file, home, createFetcher(file, home)));
            }
        }
        finally
        {
            searching.Release();
        }
    }

    private sealed record Place(StoredFile File, Home Home, ChunkFetcher Fetcher);
}
