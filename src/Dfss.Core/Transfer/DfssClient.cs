using System.Diagnostics.CodeAnalysis;

namespace Dfss.Transfer;

/// <summary>
/// A client of some peers: sends, lists, describes, receives and compares files. Safe for concurrent use. Connections are made when
/// first needed, kept, and closed on dispose.
/// </summary>
[SuppressMessage("Performance", "CA1822", Justification = "skeleton")]
[SuppressMessage("Usage", "CA1801", Justification = "skeleton")]
public sealed class DfssClient : IAsyncDisposable
{
    /// <summary>Makes a client; connects to nothing yet.</summary>
    /// <param name="peers">The peers to ask, and, for a new name, its home, in this order. Empty where only <see cref="StoredFile"/>s that carry their home are used.</param>
    /// <param name="options">How to transfer.</param>
    public DfssClient(IReadOnlyList<PeerAddress> peers, TransferOptions options)
    {
        Peers = peers;
        Options = options;
    }

    /// <summary>The peers to ask.</summary>
    public IReadOnlyList<PeerAddress> Peers { get; }

    /// <summary>How this client transfers.</summary>
    public TransferOptions Options { get; }

    /// <summary>Sends one local file under a name. When it returns, no crash or power cut at a peer loses any of it.</summary>
    /// <exception cref="DfssException">FileExists, Conflict, CommitUncertain, NoMajority, PeerUnreachable, SourceUnreadable, SourceChanged, StoreFull, ...</exception>
    public Task<StoredFile> SendAsync(
        string sourcePath, string name, SendOptions options, IProgress<TransferProgress>? progress, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>The current record of a name.</summary>
    /// <exception cref="DfssException">FileNotFound, PeerUnreachable, ...</exception>
    public Task<StoredFile> GetAsync(string name, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>The files whose names begin with <paramref name="prefix"/>, by ascending name (ordinal); removed ones are left out. Advisory: <see cref="GetAsync"/> is exact.</summary>
    public IAsyncEnumerable<StoredFile> ListAsync(string prefix, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>
    /// Receives a stored file to a local path, whose folder exists. Bytes come under that name only when every chunk has been verified;
    /// a receive that fails or is cancelled leaves nothing there.
    /// </summary>
    /// <exception cref="DfssException">DestinationExists, DestinationUnwritable, ChunkNotFound, ChunkCorrupt, FileChanged, ...</exception>
    public Task ReceiveAsync(
        StoredFile file, string destinationPath, ReceiveOptions options, IProgress<TransferProgress>? progress, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>Compares a local file with a stored one by chunk ids; only the manifest is fetched.</summary>
    public Task<FileComparison> CompareAsync(
        string localPath, StoredFile file, IProgress<TransferProgress>? progress, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>What the peer at this address says of itself.</summary>
    public Task<PeerInfo> GetPeerInfoAsync(PeerAddress address, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Closes the connections.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
