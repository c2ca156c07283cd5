using Dfss.Protocol;
using Dfss.Transport;

namespace Dfss.Transfer;

/// <summary>The disks of the other side, to be copied to.</summary>
internal sealed class RemoteItemTarget(IItemCalls calls) : IItemTarget
{
    public async ValueTask<ItemCopyPlace> LookAsync(string path, CancellationToken cancellationToken)
    {
        using Response response = await calls.CallAsync(
            ItemOperations.Look, new MessageMap { { "path", path } }, payload: null,
            cancellationToken).ConfigureAwait(false);
        MessageMap place = response.Results;
        return new ItemCopyPlace(
            place.Required("path").AsText(), place.Required("is_folder").AsBoolean(),
            place.Required("is_file").AsBoolean(), place.Required("folder").AsText(), place.Required("name").AsText(),
            place.Required("ignores_case").AsBoolean());
    }

    public async ValueTask MakeFolderAsync(ItemPath path, int? unixMode, CancellationToken cancellationToken)
    {
        MessageMap arguments = ItemCodec.AddMode(ItemCodec.ToMap(path), unixMode);
        using Response response = await calls.CallAsync(
            ItemOperations.MakeFolder, arguments, payload: null, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<ItemPut> PutAsync(
        ItemPath path, ItemFacts facts, ItemChunk content, bool force, CancellationToken cancellationToken)
    {
        MessageMap arguments = ItemCodec.Add(ItemCodec.ToMap(path), facts);
        arguments.Add("id", content.Id.ToByteArray());
        arguments.Add("force", force);
        using Response response = await calls.CallAsync(
            ItemOperations.Put, arguments, content.Content, cancellationToken).ConfigureAwait(false);
        return new ItemPut(
            response.Results.Required("path").AsText(), response.Results.Required("unchanged").AsBoolean());
    }

    public async ValueTask<IOpenItemTarget> OpenAsync(
        ItemPath path, ItemFacts facts, ItemOpenMode mode, CancellationToken cancellationToken)
    {
        MessageMap arguments = ItemCodec.Add(ItemCodec.ToMap(path), facts);
        arguments.Add("force", mode.Force);
        arguments.Add("may_be_there", mode.MayBeThere);
        using Response response = await calls.CallAsync(
            ItemOperations.OpenTarget, arguments, payload: null, cancellationToken).ConfigureAwait(false);
        bool isThere = response.Results.Required("is_there").AsBoolean();
        return new RemoteFile(calls, response.Results.Required("handle").AsInteger())
        {
            Path = response.Results.Required("path").AsText(),
            IsThere = isThere,
            Claimed = isThere
                ? [.. Enumerable.Range(0, facts.ChunkCount)]
                : ItemCodec.DecodeIndexes(response.Payload.Span, facts.ChunkCount),
        };
    }

    private sealed class RemoteFile(IItemCalls calls, long handle) : RemoteHandle(calls, handle), IOpenItemTarget
    {
        public required string Path { get; init; }

        public required bool IsThere { get; init; }

        public required IReadOnlyList<int> Claimed { get; init; }

        public async ValueTask<ChunkId[]> HashAsync(IReadOnlyList<int> indexes, CancellationToken cancellationToken)
        {
            using Response response = await CallAsync(
                ItemOperations.HashTarget, ItemCodec.Encode(indexes), cancellationToken).ConfigureAwait(false);
            return ItemCodec.DecodeIds(response.Payload.Span, indexes.Count);
        }

        public async ValueTask WriteAsync(int index, ItemChunk chunk, CancellationToken cancellationToken)
        {
            using Response response = await CallAsync(
                ItemOperations.Write, chunk.Content, cancellationToken, ("index", index),
                ("id", chunk.Id.ToByteArray())).ConfigureAwait(false);
        }

        public async ValueTask CommitAsync(CancellationToken cancellationToken)
        {
            using Response response = await CallAsync(
                ItemOperations.Commit, payload: null, cancellationToken).ConfigureAwait(false);
        }
    }
}
