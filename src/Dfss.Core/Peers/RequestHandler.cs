using Dfss.Protocol;
using Dfss.Storage;
using Dfss.Transport;

namespace Dfss.Peers;

/// <summary>What a peer does with a request: finds its operation and runs it on the store.</summary>
internal sealed class RequestHandler
{
    private readonly ChunkRequests chunks;
    private readonly RecordRequests records;
    private readonly Func<MessageMap> describe;

    /// <param name="store">The store that is served.</param>
    /// <param name="pool">Where answers' payloads come from.</param>
    /// <param name="describe">The results of peer_info.</param>
    public RequestHandler(LocalStore store, PayloadPool pool, Func<MessageMap> describe)
    {
        chunks = new ChunkRequests(store.Chunks, pool);
        records = new RecordRequests(store.Records, store.Chunks);
        this.describe = describe;
    }

    /// <summary>
    /// Where a request's payload goes: one that its operation does not take gets no memory. It would be held for nothing while the answer
    /// waits for memory of its own, and many such could hold all there is.
    /// </summary>
    public static PayloadTarget Choose(Message request, int payloadBytes) =>
        request.Operation is { } operation && Operations.TakesPayload(operation) == true ? PayloadTarget.Pooled : PayloadTarget.Discarded;

    /// <exception cref="DfssException">The request failed; its code and message are the answer.</exception>
    public ValueTask<RequestAnswer> HandleAsync(ReceivedMessage request, CancellationToken cancellationToken)
    {
        if (request.PayloadBytes is not null && Operations.TakesPayload(request.Message.Operation!) == false)
        {
            throw new DfssException(DfssErrorCode.InvalidArgument, $"A request for '{request.Message.Operation}' carries no payload.");
        }

        return HandleAsync(request.Message, request.Payload?.Memory ?? default, cancellationToken);
    }

    private ValueTask<RequestAnswer> HandleAsync(Message request, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken) =>
        request.Operation switch
        {
            Operations.Ping => new(RequestAnswer.Empty),
            Operations.StoreChunk => chunks.StoreAsync(request.Map, payload, cancellationToken),
            Operations.StoreChunks => chunks.StoreManyAsync(request.Map, payload, cancellationToken),
            Operations.GetChunk => GetChunkAsync(request.Map, cancellationToken),
            Operations.GetChunks => chunks.GetManyAsync(payload, cancellationToken),
            Operations.FindMissing => chunks.FindMissingAsync(payload, cancellationToken),
            Operations.Flush => chunks.FlushAsync(cancellationToken),
            Operations.VerifyChunk => chunks.VerifyAsync(request.Map, cancellationToken),
            Operations.GetFileInfo => records.GetFileInfoAsync(request.Map, cancellationToken),
            Operations.Read => records.ReadAsync(request.Map, payload, cancellationToken),
            Operations.Prepare => records.PrepareAsync(request.Map, payload, cancellationToken),
            Operations.Seal => records.SealAsync(request.Map, payload, cancellationToken),
            Operations.Accept => records.AcceptAsync(request.Map, payload, cancellationToken),
            Operations.Decide => records.DecideAsync(request.Map, payload, cancellationToken),
            Operations.ListFiles => records.ListAsync(request.Map, cancellationToken),
            Operations.PeerInfo => new(new RequestAnswer(describe())),
            _ => throw new DfssException(DfssErrorCode.UnknownOperation, $"The operation '{request.Operation}' is not known here."),
        };

    private async ValueTask<RequestAnswer> GetChunkAsync(MessageMap arguments, CancellationToken cancellationToken)
    {
        if (!arguments.TryGet("name", out _))
        {
            return await chunks.GetAsync(ChunkRequests.ReadId(arguments), MessageMap.Empty, cancellationToken).ConfigureAwait(false);
        }

        (ChunkId chunkId, FileId fileId) = await records.FindChunkAsync(arguments, cancellationToken).ConfigureAwait(false);
        MessageMap results = new() { { "file_id", fileId.ToByteArray() }, { "chunk_id", chunkId.ToByteArray() } };
        return await chunks.GetAsync(chunkId, results, cancellationToken).ConfigureAwait(false);
    }
}
