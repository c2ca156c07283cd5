using System.Runtime.CompilerServices;
using Dfss.Hashing;
using Dfss.Protocol;
using Dfss.Records;
using Dfss.Security;
using Dfss.Storage;
using Dfss.Transport;

namespace Dfss.Transfer;

/// <summary>A store that a client has reached: its identity, and its two interfaces.</summary>
internal sealed class PeerHandle : IAsyncDisposable
{
    /// <summary>
    /// 5 s, as long as connecting may take: a read costs a member one row, so one that takes longer has stalled.
    /// </summary>
    public static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(5);

    private readonly BatchingChunkStore batchedChunks;
    private readonly BatchingRecordStore batchedRecords;
    private readonly RemoteChunkStore remote;
    private readonly bool isLimited;
    private int refusals;

    public PeerHandle(PeerLink link, HelloAnswer hello)
    {
        Link = link;
        StoreId = hello.StoreId;
        remote = new RemoteChunkStore(link);
        isLimited = hello.IsLimited;
        IsReadOnly = hello.IsReadOnly;
        IsShared = hello.IsShared;
        batchedChunks = new BatchingChunkStore(remote);
        batchedRecords = new BatchingRecordStore(new RemoteRecordStore(link));
        Chunks = new VerifyingChunkStore(batchedChunks);
        Verifier = remote;
        Member = new HomeMember(
            hello.StoreId,
            [.. new[] { link.Address.ToString() }.Concat(hello.Addresses).Distinct(StringComparer.OrdinalIgnoreCase)
                .Take(DfssLimits.MaxAddresses)]);
    }

    /// <summary>Adds the addresses of another peer that serves the store, for records to name.</summary>
    public void AddAddresses(HomeMember other)
    {
        lock (batchedRecords)
        {
            // No loopback address beside addresses that other machines can use.
            string[] all = [.. Member.Addresses.Union(other.Addresses, StringComparer.OrdinalIgnoreCase)];
            string[] open = [.. all.Where(text =>
                PeerAddress.TryParse(text, out PeerAddress? address) && !address.IsLoopback)];
            Member = Member with { Addresses = [.. (open.Length > 0 ? open : all).Take(DfssLimits.MaxAddresses)] };
        }
    }

    public PeerLink Link { get; }

    public StoreId StoreId { get; }

    /// <summary>Whether it permits this client to change nothing.</summary>
    public bool IsReadOnly { get; }

    /// <summary>The TLS version and cipher agreed upon with it; null without TLS.</summary>
    public TlsAgreement? Agreement { get; init; }

    /// <summary>
    /// How a record names this store: its id, the address that worked here, then those it advertises; of a store that
    /// several peers serve, those of all that have answered.
    /// </summary>
    public HomeMember Member { get; private set; }

    /// <summary>Whether several peers may serve the store at one time.</summary>
    public bool IsShared { get; }

    /// <summary>Its chunks; what is read is verified.</summary>
    public IChunkStore Chunks { get; }

    public IChunkVerifier Verifier { get; }

    /// <summary>Which chunks it lacks, without keeping those that it has from its garbage collection.</summary>
    public ValueTask<bool[]> LookAsync(IReadOnlyList<ChunkId> ids, CancellationToken cancellationToken) =>
        remote.LookAsync(ids, cancellationToken);

    /// <summary>Whether it is asked for a chunk before the chunk is put.</summary>
    public PutInquiry Inquiry { get; } = new();

    /// <summary>
    /// Gets a chunk of a file, verified; by the file's name if this client is limited to names at the peer.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int?> GetAsync(
        NamedChunk chunk, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (!isLimited)
        {
            return await Chunks.GetAsync(chunk.Id, destination, cancellationToken).ConfigureAwait(false);
        }

        int? length = await remote.GetNamedAsync(chunk, destination, cancellationToken).ConfigureAwait(false);
        return length is null
            || await ChunkHasher.Shared.HashAsync(destination[..length.Value]).ConfigureAwait(false) == chunk.Id
            ? length
            : throw new DfssException(
                DfssErrorCode.ChunkCorrupt, Link.Address,
                $"what it has as chunk {chunk.Id} of '{chunk.Name}' is not that chunk.")
            { ChunkId = chunk.Id };
    }

    public IRecordStore Records => batchedRecords;

    /// <summary>Reads its register of a name; waits no longer than <see cref="ReadLimit"/>.</summary>
    /// <exception cref="DfssException">
    /// TimedOut: no answer came in time; or the error of the peer or its link.
    /// </exception>
    public Task<RegisterAnswer> ReadAsync(string name, CancellationToken cancellationToken) =>
        ReadAsync(new ReadRequest(name), cancellationToken);

    /// <summary>The same, with clocks for the peer.</summary>
    public async Task<RegisterAnswer> ReadAsync(ReadRequest request, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(ReadLimit, Link.Clock);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(
            limit.Token, cancellationToken);
        try
        {
            return (await Records.AskAsync([request], either.Token).ConfigureAwait(false))[0];
        }
        catch (OperationCanceledException cause) when (!cancellationToken.IsCancellationRequested)
        {
            throw Late(Link.Address, cause);
        }
    }

    /// <summary>The error of a peer that does not answer a request in time.</summary>
    public static DfssException Late(PeerAddress address, Exception? cause = null) =>
        new(DfssErrorCode.TimedOut, address, $"no answer came in time.", "Check whether it has stalled.", cause);

    /// <summary>The text of an error for a sentence that names this peer already.</summary>
    public string ReasonOf(DfssException error) => error.Peer == Link.Address ? error.Detail : error.Reason;

    /// <summary>Waits for the batches under way; close <see cref="Link"/> first, which ends them.</summary>
    public async ValueTask DisposeAsync()
    {
        await batchedChunks.DisposeAsync().ConfigureAwait(false);
        await batchedRecords.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Whether this peer refuses chunks for the first time, which is reported once.</summary>
    public bool IsFirstRefusal() => Interlocked.Exchange(ref refusals, 1) == 0;

    public override string ToString() => Link.Address.ToString();
}
