using System.Runtime.CompilerServices;
using Dfss.Protocol;
using Dfss.Security;
using Dfss.Storage;
using Dfss.Transport;

namespace Dfss.Peers;

/// <summary>Handles a request: finds its operation and runs it on the store.</summary>
internal sealed class RequestHandler
{
    private readonly ChunkRequests chunks;
    private readonly ChunkRequests named;
    private readonly RecordRequests records;
    private readonly UpkeepRequests upkeep;
    private readonly ClusterRequests cluster;

    /// <param name="store">The store that is served.</param>
    /// <param name="chunks">The chunks that the client may see.</param>
    /// <param name="records">The registers that the client may see.</param>
    /// <param name="cluster">The operations on the cluster's members.</param>
    /// <param name="upkeep">The operations on the peer itself.</param>
    public RequestHandler(
        IPeerStore store, ChunkRequests chunks, RecordRequests records, ClusterRequests cluster,
        UpkeepRequests upkeep)
    {
        this.cluster = cluster;
        this.chunks = chunks;
        this.records = records;

        // A client that may read a name may read its content.
        named = new ChunkRequests(store.Chunks);
        this.upkeep = upkeep;
    }

    /// <summary>
    /// The target of a request's payload: one that its operation does not use gets no memory. It would be held while
    /// the answer waits for its own memory, and many such could hold all of it.
    /// </summary>
    public static PayloadTarget Choose(Message request, int payloadBytes) =>
        request.Operation is { } operation && Operations.TakesPayload(operation) == true
            ? PayloadTarget.Pooled
            : PayloadTarget.Discarded;

    /// <summary>Runs a request for its caller, if the caller's role allows it.</summary>
    /// <exception cref="DfssException">The request failed; its code and message are the answer.</exception>
    public ValueTask<RequestAnswer> HandleAsync(
        ReceivedMessage request, RemoteIdentity caller, AnswerMemory memory, CancellationToken cancellationToken)
    {
        Permissions.ThrowIfNotPermitted(caller, request.Message.Operation!);
        bool? takesPayload = Operations.TakesPayload(request.Message.Operation!);
        if (takesPayload is { } wanted && wanted != request.PayloadBytes is not null)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                wanted
                    ? $"A request for '{request.Message.Operation}' carries a payload, and nil was sent. An empty one "
                        + "is a bin of 0 bytes."
                    : $"A request for '{request.Message.Operation}' carries no payload.");
        }

        return RunAsync(request, caller, request.Payload?.Memory ?? default, memory, cancellationToken);
    }

    private ValueTask<RequestAnswer> RunAsync(
        ReceivedMessage received,
        RemoteIdentity caller,
        ReadOnlyMemory<byte> payload,
        AnswerMemory memory,
        CancellationToken cancellationToken)
    {
        Message request = received.Message;
        return request.Operation switch
        {
            Operations.Ping => new(RequestAnswer.Empty),
            Operations.StoreChunk => chunks.StoreAsync(request.Map, payload, cancellationToken),
            Operations.StoreChunks => chunks.StoreManyAsync(request.Map, payload, cancellationToken),
            Operations.GetChunk => GetChunkAsync(request.Map, memory, cancellationToken),
            Operations.GetChunks => chunks.GetManyAsync(received, memory, cancellationToken),
            Operations.FindMissing => chunks.FindMissingAsync(request.Map, payload, cancellationToken),
            Operations.Flush => chunks.FlushAsync(cancellationToken),
            Operations.VerifyChunk => chunks.VerifyAsync(request.Map, cancellationToken),
            Operations.GetFileInfo => records.GetFileInfoAsync(request.Map, memory, cancellationToken),
            Operations.Read or Operations.Prepare or Operations.Seal or Operations.Accept or Operations.Decide =>
                records.AskAsync(request.Operation, request.Map, payload, cancellationToken),
            Operations.ListFiles => records.ListAsync(request.Map, cancellationToken),
            Operations.ListSeals => upkeep.ListSealsAsync(request.Map, cancellationToken),
            Operations.Optimize => upkeep.OptimizeAsync(request.Map, cancellationToken),
            Operations.Join => cluster.JoinAsync(request.Map),
            Operations.Invite => cluster.InviteAsync(request.Map, caller),
            Operations.Announce => cluster.AnnounceAsync(request.Map, caller),
            Operations.ListPeers => new(cluster.ListPeers()),
            Operations.Renew => cluster.RenewAsync(request.Map, caller),
            Operations.ListCertificates => new(cluster.ListCertificates(request.Map)),
            Operations.Revoke => cluster.RevokeAsync(request.Map, caller),
            Operations.GetRevocations => new(cluster.GetRevocations()),
            Operations.PutRevocations => cluster.PutRevocationsAsync(payload, caller, cancellationToken),
            Operations.GetIssuer => new(cluster.GetIssuer()),
            Operations.PutIssuer => cluster.PutIssuerAsync(payload, caller, cancellationToken),
            Operations.PeerInfo => new(new RequestAnswer(upkeep.Describe())),
            _ => throw new InvalidOperationException($"'{request.Operation}' has a role and no handler."),
        };
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<RequestAnswer> GetChunkAsync(
        MessageMap arguments, AnswerMemory memory, CancellationToken cancellationToken)
    {
        if (!arguments.TryGet("name", out _))
        {
            ChunkId id = ChunkRequests.ReadId(arguments);
            return await chunks.GetAsync(id, MessageMap.Empty, memory, cancellationToken).ConfigureAwait(false);
        }

        (ChunkId chunkId, FileId fileId) = await records.FindChunkAsync(
            arguments, cancellationToken).ConfigureAwait(false);
        MessageMap results = new() { { "file_id", fileId.ToByteArray() }, { "chunk_id", chunkId.ToByteArray() } };
        return await named.GetAsync(chunkId, results, memory, cancellationToken).ConfigureAwait(false);
    }
}
