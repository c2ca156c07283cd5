using Dfss.Protocol;
using Dfss.Transport;

namespace Dfss.Transfer;

/// <summary>The files of the other side, to be copied from there.</summary>
internal sealed class RemoteItemSource(IItemCalls calls) : IItemSource
{
    public async ValueTask<IItemList> ListAsync(string path, ItemCopyWalk walk, CancellationToken cancellationToken)
    {
        MessageMap arguments = new()
        {
            { "path", path }, { "hidden", walk.IncludesHidden }, { "follow", walk.FollowsLinks },
        };
        using Response response = await calls.CallAsync(
            ItemOperations.List, arguments, payload: null, cancellationToken).ConfigureAwait(false);
        return new RemoteList(calls, response.Results.Required("handle").AsInteger());
    }

    public async ValueTask<IOpenItemSource> OpenAsync(string path, CancellationToken cancellationToken)
    {
        Response response = await calls.CallAsync(
            ItemOperations.OpenSource, new MessageMap { { "path", path } }, payload: null,
            cancellationToken).ConfigureAwait(false);
        try
        {
            ItemFacts facts = ItemCodec.ReadFacts(response.Results);
            long handle = response.Results.Required("handle").AsInteger();
            return handle == 0 && facts.IsSmall
                ? new WholeFile(facts, ReadChunk(response))
                : new RemoteFile(calls, handle, facts, response);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    private static ItemChunk ReadChunk(Response response)
    {
        byte[] id = response.Results.Required("id").AsBinary();
        return id.Length == ChunkId.SizeBytes
            ? new ItemChunk(response.Payload, new ChunkId(id), response)
            : throw new DfssException(DfssErrorCode.ProtocolViolation, "A chunk's id has 32 bytes.");
    }

    private sealed class RemoteList(IItemCalls calls, long handle) : RemoteHandle(calls, handle), IItemList
    {
        public async ValueTask<IReadOnlyList<ItemCopyEntry>> NextAsync(CancellationToken cancellationToken)
        {
            using Response response = await CallAsync(
                ItemOperations.Next, payload: null, cancellationToken).ConfigureAwait(false);
            return ItemCodec.DecodeEntries(response.Payload.Span);
        }
    }

    /// <summary>A file that came whole with the answer.</summary>
    private sealed class WholeFile(ItemFacts facts, ItemChunk content) : IOpenItemSource
    {
        public ItemFacts Facts => facts;

        public ValueTask<ItemChunk> ReadAsync(int index, CancellationToken cancellationToken) => new(content);

        public ValueTask<ChunkId[]> HashAsync(IReadOnlyList<int> indexes, CancellationToken cancellationToken) =>
            new([.. indexes.Select(_ => content.Id)]);

        public ValueTask FinishAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask DisposeAsync()
        {
            content.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private sealed class RemoteFile : RemoteHandle, IOpenItemSource
    {
        public RemoteFile(IItemCalls calls, long handle, ItemFacts facts, Response opened)
            : base(calls, handle)
        {
            Facts = facts;
            opened.Dispose();
        }

        public ItemFacts Facts { get; }

        public async ValueTask<ItemChunk> ReadAsync(int index, CancellationToken cancellationToken)
        {
            Response response = await CallAsync(
                ItemOperations.Read, payload: null, cancellationToken, ("index", index)).ConfigureAwait(false);
            try
            {
                return ReadChunk(response);
            }
            catch
            {
                response.Dispose();
                throw;
            }
        }

        public async ValueTask<ChunkId[]> HashAsync(IReadOnlyList<int> indexes, CancellationToken cancellationToken)
        {
            using Response response = await CallAsync(
                ItemOperations.HashSource, ItemCodec.Encode(indexes), cancellationToken).ConfigureAwait(false);
            return ItemCodec.DecodeIds(response.Payload.Span, indexes.Count);
        }

        public async ValueTask FinishAsync(CancellationToken cancellationToken)
        {
            using Response response = await CallAsync(
                ItemOperations.Finish, payload: null, cancellationToken).ConfigureAwait(false);
        }
    }
}
