using System.Runtime.CompilerServices;
using Dfss.Protocol;
using Dfss.Storage;
using Dfss.Transport;

namespace Dfss.Transfer;

/// <summary>The chunk store of a peer, at the other end of a connection.</summary>
internal sealed class RemoteChunkStore(PeerLink link) : IChunkStore, IChunkVerifier
{
    /// <summary>Payloads and answers above this go over the connection for bulk, so that small ones need not wait
    /// behind them.</summary>
    private const int BulkBytes = 64 << 10;

    /// <summary>131,072 ids (4 MiB) a request: 2 TiB of 16 MiB chunks, answered in 16 KiB.</summary>
    private const int MaxIdsPerRequest = 1 << 17;

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<PutResult> PutAsync(
        ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        PeerCall call = new(
            Operations.StoreChunk, new MessageMap { { "chunk_id", id.ToByteArray() } }, content, Destination: null,
            content.Length > BulkBytes);
        return await link.CallAsync(
            call,
            static response => response.Results.Required("present").AsBoolean()
                ? PutResult.AlreadyPresent
                : PutResult.Stored,
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        PeerCall call = new(Operations.Flush, MessageMap.Empty, Payload: null, Destination: null, IsBulk: false);
        using Response response = await link.CallAsync(call, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int?> GetAsync(ChunkId id, Memory<byte> destination, CancellationToken cancellationToken)
    {
        PeerCall call = new(
            Operations.GetChunk,
            new MessageMap { { "chunk_id", id.ToByteArray() } },
            Payload: null,
            destination,
            destination.Length > BulkBytes);
        return await TryGetAsync(
            call, code => code == DfssErrorCode.ChunkNotFound, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Gets a chunk, or the manifest, by the name of its file.</summary>
    public async ValueTask<int?> GetNamedAsync(
        NamedChunk chunk, Memory<byte> destination, CancellationToken cancellationToken)
    {
        MessageMap arguments = new() { { "name", chunk.Name }, { "file_id", chunk.FileId.ToByteArray() } };
        if (chunk.Index is int index)
        {
            arguments.Add("index", index);
        }
        else
        {
            arguments.Add("manifest", true);
        }

        PeerCall call = new(
            chunk.Index is null ? Operations.GetFileInfo : Operations.GetChunk,
            arguments,
            Payload: null,
            destination,
            destination.Length > BulkBytes);

        // With these errors the member does not have the version; another member may.
        return await TryGetAsync(
            call,
            code => code is DfssErrorCode.ChunkNotFound or DfssErrorCode.FileNotFound or DfssErrorCode.FileChanged,
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<bool[]> FindMissingAsync(IReadOnlyList<ChunkId> ids, CancellationToken cancellationToken) =>
        FindMissingAsync(ids, MessageMap.Empty, cancellationToken);

    /// <summary>Which of these are not stored; those that are get no later grace period by it, unless the peer runs an
    /// older version.</summary>
    public ValueTask<bool[]> LookAsync(IReadOnlyList<ChunkId> ids, CancellationToken cancellationToken) =>
        FindMissingAsync(ids, new MessageMap { { "keep", false } }, cancellationToken);

    private async ValueTask<bool[]> FindMissingAsync(
        IReadOnlyList<ChunkId> ids, MessageMap arguments, CancellationToken cancellationToken)
    {
        bool[] missing = new bool[ids.Count];
        for (int start = 0; start < ids.Count; start += MaxIdsPerRequest)
        {
            int count = Math.Min(MaxIdsPerRequest, ids.Count - start);
            byte[] question = JoinIds(ids.Skip(start).Take(count), count);
            PeerCall call = new(
                Operations.FindMissing, arguments, question, Destination: null, question.Length > BulkBytes);
            using Response response = await link.CallAsync(call, cancellationToken).ConfigureAwait(false);
            if (response.Payload.Length != (count + 7) / 8)
            {
                throw new DfssException(
                    DfssErrorCode.ProtocolViolation,
                    $"{link.Address} answered find_missing with a bitmap of another length.");
            }

            Records.ChunkBitmap bitmap = new(response.Payload);
            for (int i = 0; i < count; i++)
            {
                missing[start + i] = bitmap[i];
            }
        }

        return missing;
    }

    /// <summary>
    /// Puts each chunk as <see cref="PutAsync"/> does, in one round trip; distinct ids, 4,096 and 16 MiB at the most.
    /// </summary>
    /// <returns>
    /// For each chunk what the put found; null where it was refused: a put of that chunk alone gets the error.
    /// </returns>
    public async ValueTask<IReadOnlyList<PutResult?>> PutManyAsync(
        IReadOnlyList<(ChunkId Id, byte[] Content)> chunks, CancellationToken cancellationToken)
    {
        byte[] ids = JoinIds(chunks.Select(chunk => chunk.Id), chunks.Count);
        (MessageMap arguments, byte[] payload) = MessageBatch.Join(chunks.Select(chunk => chunk.Content), ids);
        PeerCall call = new(
            Operations.StoreChunks, arguments, payload, Destination: null, payload.Length > BulkBytes);
        PutResult?[] results = await link.CallAsync(
            call,
            static response => response.Results.Required("results").AsArray().Select(result => result.AsInteger() switch
            {
                0 => PutResult.Stored,
                1 => PutResult.AlreadyPresent,
                _ => (PutResult?)null,
            }).ToArray(),
            cancellationToken).ConfigureAwait(false);
        return results.Length == chunks.Count ? results : throw WrongCount(Operations.StoreChunks);
    }

    /// <summary>Reads each chunk in one round trip; not verified.</summary>
    /// <returns>For each id the bytes, null where it is absent; as many as fit into one answer, at least one.</returns>
    public async ValueTask<IReadOnlyList<byte[]?>> GetManyAsync(
        IReadOnlyList<ChunkId> ids, CancellationToken cancellationToken)
    {
        PeerCall call = new(
            Operations.GetChunks, MessageMap.Empty, JoinIds(ids, ids.Count), Destination: null, IsBulk: ids.Count > 1);
        return await link.CallAsync(call, response => SplitChunks(response, ids.Count), cancellationToken)
            .ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<ChunkState> VerifyAsync(ChunkId id, CancellationToken cancellationToken)
    {
        PeerCall call = new(
            Operations.VerifyChunk, new MessageMap { { "chunk_id", id.ToByteArray() } }, Payload: null,
            Destination: null, IsBulk: false);
        return await link.CallAsync(
            call,
            static response => response.Results.Required("state").AsInteger() switch
            {
                0 => ChunkState.Good,
                1 => ChunkState.Missing,
                2 => ChunkState.Corrupt,
                long other => throw new DfssException(
                    DfssErrorCode.InvalidArgument, $"{other} is not a state of a chunk."),
            },
            cancellationToken).ConfigureAwait(false);
    }

    private byte[]?[] SplitChunks(Response response, int asked)
    {
        IReadOnlyList<MessageValue> lengths = response.Results.Required("lengths").AsArray();
        if (lengths.Count == 0 || lengths.Count > asked)
        {
            throw WrongCount(Operations.GetChunks);
        }

        byte[]?[] contents = new byte[lengths.Count][];
        int offset = 0;
        for (int i = 0; i < contents.Length; i++)
        {
            if (lengths[i].Kind == MessageValueKind.Nil)
            {
                continue;
            }

            long length = lengths[i].AsInteger();
            if (length > response.PayloadLength - offset)
            {
                throw WrongCount(Operations.GetChunks);
            }

            contents[i] = response.Payload.Slice(offset, (int)length).ToArray();
            offset += (int)length;
        }

        return contents;
    }

    /// <summary>The result of a call; null if its error means that the chunk is not there.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int?> TryGetAsync(
        PeerCall call, Func<DfssErrorCode, bool> isAbsence, CancellationToken cancellationToken)
    {
        try
        {
            using Response response = await link.CallAsync(call, cancellationToken).ConfigureAwait(false);
            return response.Payload.Length;
        }
        catch (DfssException error) when (isAbsence(error.Code))
        {
            return null;
        }
    }

    private static byte[] JoinIds(IEnumerable<ChunkId> ids, int count)
    {
        byte[] joined = new byte[count * ChunkId.SizeBytes];
        int offset = 0;
        foreach (ChunkId id in ids)
        {
            id.CopyTo(joined.AsSpan(offset));
            offset += ChunkId.SizeBytes;
        }

        return joined;
    }

    private DfssException WrongCount(string operation) => new(
        DfssErrorCode.ProtocolViolation,
        $"{link.Address} answered {operation} with lengths or results that do not fit it.");
}
