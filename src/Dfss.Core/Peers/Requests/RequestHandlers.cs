using Dfss.Records;
using Dfss.Security;
using Dfss.Storage;

namespace Dfss.Peers;

/// <summary>The handlers of each client's requests: on the whole store for most, and on a view of it for clients that
/// are limited to some names.</summary>
/// <param name="store">The store that is served.</param>
/// <param name="served">The registers that are served.</param>
/// <param name="cluster">The operations on the cluster's members.</param>
/// <param name="upkeep">The operations on the peer itself.</param>
internal sealed class RequestHandlers(
    IPeerStore store, IRecordStore served, ClusterRequests cluster, UpkeepRequests upkeep)
{
    private readonly OwnChunks own = new(OwnChunks.DefaultMaxIds);
    private readonly ManifestCache manifests = new(store.Chunks);
    private readonly RequestHandler all = new(
        store, new ChunkRequests(store.Chunks), new RecordRequests(served, store.Chunks), cluster, upkeep);

    /// <summary>The handler of the requests of this client.</summary>
    public RequestHandler For(RemoteIdentity client)
    {
        if (client.NamePrefixes.Count == 0)
        {
            return all;
        }

        object owner = client.Certificates[0];
        LimitedRecordStore records = new(served, client, id => own.Contains(owner, id), manifests);
        return new RequestHandler(
            store,
            new ChunkRequests(new LimitedChunkStore(store.Chunks, own, owner)),
            new RecordRequests(records, store.Chunks),
            cluster,
            upkeep);
    }
}
