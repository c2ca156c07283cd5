using Dfss.Encryption;
using Dfss.Protocol;
using Dfss.Security;
using Dfss.Transport;

namespace Dfss.Transfer;

/// <summary>A client of some peers: sends, lists, describes, receives and compares files. Safe for concurrent use.
/// Connections are made when first needed, kept, and closed on dispose.</summary>
public sealed partial class DfssClient : IAsyncDisposable
{
    /// <summary>48 MiB of chunks in flight: 48 of the default size, 3 of the largest, and the process stays far below
    /// 200 MB.</summary>
    private const long ChunkBudgetBytes = 48L << 20;

    private readonly PayloadPool chunks = new(ChunkBudgetBytes);
    private readonly PayloadPool answers = new(ClientChannelOptions.DefaultPoolBytes);
    private readonly ChunkBuffers buffers;
    private readonly ChunkHolders holders;
    private readonly PeerDirectory directory;
    private readonly HomeFinder finder;
    private readonly AddressRefresher addresses;
    private readonly RateLimit limit;
    private readonly SendJournals journals;

    /// <summary>Makes a client; connects to nothing yet.</summary>
    /// <param name="peers">The peers to ask, and, for a new name, its home, in this order. Empty where only
    /// <see cref="StoredFile"/>s, which carry their home, are received or compared.</param>
    /// <param name="options">How to transfer.</param>
    public DfssClient(IReadOnlyList<PeerAddress> peers, TransferOptions options)
    {
        ArgumentNullException.ThrowIfNull(peers);
        ArgumentNullException.ThrowIfNull(options);
        Peers = peers;
        Options = options;
        buffers = new ChunkBuffers(chunks, options.ThrottleLimit);
        holders = new ChunkHolders(options);
        string? stateFolder = options.StateFolder ?? UserState.Folder;
        TlsTransport? tls = options.Identity is { } identity
            ? new TlsTransport(identity, options.TimeProvider, options.Warning)
            {
                IsPlaintext = endpoint =>
                    options.AllowsOwnPlaintextPeers && LoopbackToken.Find(stateFolder, endpoint) is not null,
            }
            : null;
        directory = new PeerDirectory(options, new ClientChannelOptions
        {
            ConnectTimeout = options.ConnectTimeout,
            Channel = ClientChannelOptions.Default.Channel with { TimeProvider = options.TimeProvider },
            Debug = options.Debug,
            Pool = answers,
            StateFolder = stateFolder,
            Revocations = tls is null ? null : RevocationExchange.For(tls, options.Verbose),
            Issuer = tls is null ? null : IssuerExchange.For(tls, options.Verbose),
            Connect = tls is null ? TcpTransport.ConnectAsync : tls.ConnectAsync,
        })
        {
            Named = peers,
        };
        finder = new HomeFinder(peers, directory);
        addresses = new AddressRefresher(options);
        limit = new RateLimit(options.BytesPerSecond, options.TimeProvider);
        journals = new SendJournals(options);
    }

    /// <summary>The peers to ask.</summary>
    public IReadOnlyList<PeerAddress> Peers { get; }

    /// <summary>How this client transfers.</summary>
    public TransferOptions Options { get; }

    private TransferPace Pace(TransferGate? gate) => new(limit, gate);

    private FileTester Tester => new(directory, holders, buffers, Options);

    /// <summary>Sends one local file under a name. When it returns, no crash or power cut at a peer loses any of
    /// it.</summary>
    /// <exception cref="DfssException">FileExists, Conflict, CommitUncertain, NoMajority, PeerUnreachable,
    /// SourceUnreadable, SourceChanged, StoreFull, ...</exception>
    public Task<StoredFile> SendAsync(
        string sourcePath,
        string name,
        SendOptions options,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken = default) =>
        new FileSender(finder, directory, buffers, journals, Pace(options.Gate), Options).SendAsync(
            sourcePath, name, options, progress, cancellationToken);

    /// <summary>
    /// Sends what a stream gives, from where it is to its end, under a name, chunk by chunk as it comes. The file is
    /// there only when the stream has ended and this returns, as with a local file; where the stream or the send fails,
    /// nothing is changed. The stream is read once, in order, and not disposed. One that cannot be sought, and is to be
    /// encrypted, may have 16 MiB.
    /// </summary>
    /// <exception cref="DfssException">FileExists, Conflict, CommitUncertain, NoMajority, PeerUnreachable,
    /// SourceUnreadable, SourceChanged, FileTooLarge, InvalidArgument, StoreFull, ...</exception>
    public Task<StoredFile> SendAsync(
        Stream source,
        string name,
        SendOptions options,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken = default) =>
        new FileSender(finder, directory, buffers, journals, Pace(options.Gate), Options).SendAsync(
            source, name, options, progress, cancellationToken);

    /// <summary>The current record of a name.</summary>
    /// <exception cref="DfssException">FileNotFound, PeerUnreachable, ...</exception>
    public Task<StoredFile> GetAsync(string name, CancellationToken cancellationToken = default) =>
        new RecordReader(Options).ReadAsync(name, finder, cancellationToken);

    /// <summary>The files whose names begin with <paramref name="prefix"/>, by ascending name (ordinal); removed ones
    /// are left out. Advisory: <see cref="GetAsync"/> is exact.</summary>
    public IAsyncEnumerable<StoredFile> ListAsync(string prefix, CancellationToken cancellationToken = default) =>
        ListAsync(prefix, lacks: null, cancellationToken);

    /// <summary>The same, and what the list may lack.</summary>
    /// <param name="prefix">The beginning of the names.</param>
    /// <param name="lacks">
    /// Called with the reason, in full sentences, for each peer that may have files that are not listed, and for each
    /// record that cannot be read.
    /// </param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public IAsyncEnumerable<StoredFile> ListAsync(
        string prefix, Action<string>? lacks, CancellationToken cancellationToken = default) =>
        ListAsync(prefix, lacks, hides: lacks, cancellationToken);

    /// <summary>The same, with the names apart that the client's certificate does not permit it to see.</summary>
    /// <param name="prefix">The beginning of the names.</param>
    /// <param name="lacks">Called with the reason for all else that the list may lack.</param>
    /// <param name="hides">Called with the reason for each peer that keeps such names from the client.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public IAsyncEnumerable<StoredFile> ListAsync(
        string prefix, Action<string>? lacks, Action<string>? hides, CancellationToken cancellationToken) =>
        new FileLister(finder, directory, Options, lacks) { Hides = hides }.ListAsync(prefix, cancellationToken);

    /// <summary>
    /// The addresses of the peers that owe an answer, to a request or to an attempt to connect, and to and from which
    /// no byte has moved for at least a time: to say what an operation waits for.
    /// </summary>
    /// <param name="least">The shortest silence that counts.</param>
    public IReadOnlyList<PeerAddress> FindSilent(TimeSpan least) => directory.FindSilent(least);

    /// <summary>
    /// Receives a stored file to a local path, whose folder exists. The file gets that name only when every chunk has
    /// been verified. A receive that fails or is cancelled keeps whole chunks in a part file beside it, from which the
    /// next receive of the same file resumes.
    /// </summary>
    /// <exception cref="DfssException">DestinationExists, DestinationUnwritable, ChunkNotFound, ChunkCorrupt,
    /// FileChanged, KeyRequired, KeyWrong, FileNotEncrypted, FileTampered, ...</exception>
    public Task ReceiveAsync(
        StoredFile file,
        string destinationPath,
        ReceiveOptions options,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken = default) =>
        new FileReceiver(directory, holders, buffers, addresses, Pace(options.Gate), Options).ReceiveAsync(
            file, destinationPath, options, progress, cancellationToken);

    /// <summary>
    /// Opens one version of a stored file as a stream that can be read and sought. Only the chunks that are read are
    /// fetched, each verified, and, while the stream is read in order, the next ones; it holds 6 MiB of them. A read
    /// that fails throws a <see cref="DfssException"/>. For one reader at a time; dispose it.
    /// </summary>
    /// <exception cref="DfssException">
    /// ChunkNotFound, ChunkCorrupt, PeerUnreachable, FileChanged, KeyRequired, KeyWrong, FileNotEncrypted,
    /// FileTampered, ...
    /// </exception>
    public async Task<Stream> OpenAsync(
        StoredFile file, OpenOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(options);
        StoredContent content = await StoredContent.OpenAsync(
            file,
            options.Keys,
            directory,
            (at, home) => new ChunkFetcher(home, at.Record, holders, buffers, Options),
            Pace(gate: null),
            Options,
            cancellationToken).ConfigureAwait(false);
        return new StoredFileStream(content, options.DisposesClient ? this : null);
    }

    /// <summary>Compares a local file with a stored one that is not encrypted, by chunk ids; only the manifest is
    /// fetched.</summary>
    /// <exception cref="DfssException">SourceUnreadable, SourceChanged, ChunkNotFound, PeerUnreachable, KeyRequired,
    /// ...</exception>
    public Task<FileComparison> CompareAsync(
        string localPath, StoredFile file, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken = default) =>
        CompareAsync(localPath, file, keys: null, progress, cancellationToken);

    /// <summary>Compares a local file with a stored one by chunk ids; only the manifest is fetched, and of an encrypted
    /// file its chunks.</summary>
    /// <param name="localPath">The local file.</param>
    /// <param name="file">The stored one.</param>
    /// <param name="keys">The keys to read an encrypted file with; null for a file that is not encrypted.</param>
    /// <param name="progress">Receives the progress.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DfssException">SourceUnreadable, SourceChanged, ChunkNotFound, PeerUnreachable, KeyRequired,
    /// KeyWrong, FileNotEncrypted, FileTampered, ...</exception>
    public Task<FileComparison> CompareAsync(
        string localPath,
        StoredFile file,
        KeyRing? keys,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken = default) =>
        new FileComparer(directory, holders, buffers, Options).CompareAsync(
            localPath, file, keys, progress, cancellationToken);

    /// <summary>
    /// Asks every member of a file's home which of its chunks it has. Problems are in the result, not exceptions.
    /// </summary>
    /// <param name="file">The file.</param>
    /// <param name="deep">Whether each peer hashes its copies. It sets a corrupt one aside.</param>
    /// <param name="progress">Receives the progress.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DfssException">PeerUnreachable: no member can be reached.</exception>
    public Task<FileHealth> TestAsync(
        StoredFile file, bool deep, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken = default) =>
        Tester.TestAsync(file, deep, progress, cancellationToken);

    /// <summary>
    /// Removes a stored file: its name has no file any more, and the next garbage collections delete its chunks, unless
    /// other files have them too.
    /// </summary>
    /// <returns>What was removed.</returns>
    /// <exception cref="DfssException">FileNotFound; Conflict: it is at another version; NoMajority, CommitUncertain,
    /// PeerUnreachable, ...</exception>
    public Task<StoredFile> RemoveAsync(
        StoredFile file, RemoveOptions options, CancellationToken cancellationToken = default) =>
        new FileRemover(directory, Options).RemoveAsync(file, options, cancellationToken);

    /// <summary>Gives a stored file another name, at the same peers; no chunk is moved. Interrupted, it leaves the file
    /// under both names, never under neither. Under its new name it begins at version 1, with no earlier
    /// ones.</summary>
    /// <returns>The file under its new name.</returns>
    /// <exception cref="DfssException">FileExists: the new name exists. Conflict, FileNotFound, InvalidName,
    /// NoMajority, CommitUncertain, ...</exception>
    public Task<StoredFile> RenameAsync(
        StoredFile file, string newName, CancellationToken cancellationToken = default) =>
        new FileRenamer(finder, directory, Tester, Options).RenameAsync(file, newName, cancellationToken);

    /// <summary>Whether a file has the name that a stored file is to get, so that renaming it would fail. Only
    /// reads.</summary>
    /// <exception cref="DfssException">InvalidName, NoMajority, PeerUnreachable, ...</exception>
    public Task<bool> IsNameTakenAsync(
        StoredFile file, string newName, CancellationToken cancellationToken = default) =>
        new FileRenamer(finder, directory, Tester, Options).IsTakenAsync(file, newName, cancellationToken);

    /// <summary>
    /// Restores the copies of a stored file and of the earlier versions that are kept of it: what is missing or corrupt
    /// at its peers is copied from good ones. Earlier versions without a good copy are a warning.
    /// </summary>
    /// <exception cref="DfssException">ChunkNotFound: some chunks have no good copy; all others were repaired.
    /// Conflict: it was changed meanwhile. FileNotFound, NoMajority, PeerUnreachable, ...</exception>
    public Task<RepairResult> RepairAsync(
        StoredFile file,
        RepairOptions options,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken = default) =>
        new FileRepairer(directory, Tester, buffers, Pace(options.Gate), Options).RepairAsync(
            file, options, progress, cancellationToken);

    /// <summary>What the peer at this address reports of itself.</summary>
    /// <exception cref="DfssException">PeerUnreachable, NotADfssPeer, ...</exception>
    public async Task<PeerInfo> GetPeerInfoAsync(PeerAddress address, CancellationToken cancellationToken = default)
    {
        PeerHandle peer = await directory.ConnectAsync(address, cancellationToken).ConfigureAwait(false);
        PeerCall call = new(Operations.PeerInfo, MessageMap.Empty, Payload: null, Destination: null, IsBulk: false);
        return await peer.Link.CallAsync(
            call,
            response => PeerInfo.FromMap(peer.StoreId, response.Results) with { Tls = peer.Agreement },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Tidies up the store of the peer at this address: decides the names that sends left undecided, and has
    /// the peer delete the chunks that no file needs.</summary>
    /// <exception cref="DfssException">PeerUnreachable, StoreFailed, ChunkCorrupt, ...</exception>
    public Task<OptimizeResult> OptimizeAsync(
        PeerAddress address, OptimizeOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new StoreOptimizer(directory, Options).OptimizeAsync(address, options, cancellationToken);
    }

    /// <summary>Closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await holders.DisposeAsync().ConfigureAwait(false);
        await directory.DisposeAsync().ConfigureAwait(false);

        // A client that stays referenced after its disposal must not keep 80 MiB.
        chunks.Release();
        answers.Release();
    }
}
