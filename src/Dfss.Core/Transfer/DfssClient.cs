using Dfss.Protocol;
using Dfss.Transport;

namespace Dfss.Transfer;

/// <summary>
/// A client of some peers: sends, lists, describes, receives and compares files. Safe for concurrent use. Connections
/// are made when first needed, kept, and closed on dispose.
/// </summary>
public sealed class DfssClient : IAsyncDisposable
{
    /// <summary>
    /// 48 MiB of chunks in flight: 48 of the default size, 3 of the largest, and the process stays far below 200 MB.
    /// </summary>
    private const long ChunkBudgetBytes = 48L << 20;

    private readonly ChunkBuffers buffers;
    private readonly PeerDirectory directory;
    private readonly HomeFinder finder;

    /// <summary>Makes a client; connects to nothing yet.</summary>
    /// <param name="peers">
    /// The peers to ask, and, for a new name, its home, in this order. Empty where only <see cref="StoredFile"/>s,
    /// which carry their home, are received or compared.
    /// </param>
    /// <param name="options">How to transfer.</param>
    public DfssClient(IReadOnlyList<PeerAddress> peers, TransferOptions options)
    {
        ArgumentNullException.ThrowIfNull(peers);
        ArgumentNullException.ThrowIfNull(options);
        Peers = peers;
        Options = options;
        buffers = new ChunkBuffers(new PayloadPool(ChunkBudgetBytes), options.ThrottleLimit);
        directory = new PeerDirectory(options, new ClientChannelOptions
        {
            ConnectTimeout = options.ConnectTimeout,
            Debug = options.Debug,
        });
        finder = new HomeFinder(peers, directory);
    }

    /// <summary>The peers to ask.</summary>
    public IReadOnlyList<PeerAddress> Peers { get; }

    /// <summary>How this client transfers.</summary>
    public TransferOptions Options { get; }

    /// <summary>
    /// Sends one local file under a name. When it returns, no crash or power cut at a peer loses any of it.
    /// </summary>
    /// <exception cref="DfssException">
    /// FileExists, Conflict, CommitUncertain, NoMajority, PeerUnreachable, SourceUnreadable, SourceChanged, StoreFull,
    /// ...
    /// </exception>
    public Task<StoredFile> SendAsync(
        string sourcePath,
        string name,
        SendOptions options,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken = default) =>
        new FileSender(finder, directory, buffers, Options).SendAsync(
            sourcePath, name, options, progress, cancellationToken);

    /// <summary>The current record of a name.</summary>
    /// <exception cref="DfssException">FileNotFound, PeerUnreachable, ...</exception>
    public Task<StoredFile> GetAsync(string name, CancellationToken cancellationToken = default) =>
        new RecordReader(Options).ReadAsync(name, finder, cancellationToken);

    /// <summary>
    /// The files whose names begin with <paramref name="prefix"/>, by ascending name (ordinal); removed ones are left
    /// out. Advisory:
    /// <see cref="GetAsync"/> is exact.
    /// </summary>
    public IAsyncEnumerable<StoredFile> ListAsync(string prefix, CancellationToken cancellationToken = default) =>
        new FileLister(finder, Options).ListAsync(prefix, cancellationToken);

    /// <summary>
    /// Receives a stored file to a local path, whose folder exists. Bytes come under that name only when every chunk
    /// has been verified; a receive that fails or is cancelled leaves nothing there.
    /// </summary>
    /// <exception cref="DfssException">
    /// DestinationExists, DestinationUnwritable, ChunkNotFound, ChunkCorrupt, FileChanged, ...
    /// </exception>
    public Task ReceiveAsync(
        StoredFile file,
        string destinationPath,
        ReceiveOptions options,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken = default) =>
        new FileReceiver(directory, buffers, Options).ReceiveAsync(
            file, destinationPath, options, progress, cancellationToken);

    /// <summary>Compares a local file with a stored one by chunk ids; only the manifest is fetched.</summary>
    /// <exception cref="DfssException">SourceUnreadable, SourceChanged, ChunkNotFound, PeerUnreachable, ...</exception>
    public Task<FileComparison> CompareAsync(
        string localPath, StoredFile file, IProgress<TransferProgress>? progress, CancellationToken cancellationToken = default) =>
        new FileComparer(directory, buffers, Options).CompareAsync(localPath, file, progress, cancellationToken);

    /// <summary>What the peer at this address says of itself.</summary>
    /// <exception cref="DfssException">PeerUnreachable, NotADfssPeer, ...</exception>
    public async Task<PeerInfo> GetPeerInfoAsync(PeerAddress address, CancellationToken cancellationToken = default)
    {
        PeerHandle peer = await directory.ConnectAsync(address, cancellationToken).ConfigureAwait(false);
        PeerCall call = new(Operations.PeerInfo, MessageMap.Empty, Payload: null, Destination: null, IsBulk: false);
        return await peer.Link.CallAsync(
            call, response => PeerInfo.FromMap(peer.StoreId, response.Results), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Closes the connections.</summary>
    public ValueTask DisposeAsync() => directory.DisposeAsync();
}
