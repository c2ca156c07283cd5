using System.Collections.Concurrent;
using Dfss.Protocol;

namespace Dfss.Transfer;

/// <summary>
/// Answers the calls of a copy with the disks of this machine, whichever way the calls have come. Files are named by
/// handles, which live until they are closed, or until the server is disposed.
/// </summary>
internal sealed class ItemServer(IItemSource source, IItemTarget target) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<long, IAsyncDisposable> handles = new();
    private long lastHandle;

    /// <summary>Answers one call; a failure is an answer too.</summary>
    public async ValueTask<ItemAnswer> AnswerAsync(
        Message request, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        uint? id = request.Id;
        try
        {
            (MessageMap results, ReadOnlyMemory<byte>? bytes, IDisposable? owner) = await DispatchAsync(
                request.Operation ?? string.Empty, request.Map, payload, cancellationToken).ConfigureAwait(false);
            return new ItemAnswer(Message.Answer(id, DfssErrorCode.None, results), bytes, owner);
        }
        catch (DfssException failure)
        {
            return new ItemAnswer(ErrorAnswer.Create(id, failure), Payload: null, Owner: null);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // Such as a path that .NET refuses: the error is about one call, and the next one may succeed.
            DfssException fault = new(DfssErrorCode.PeerFault, error.Message, error);
            return new ItemAnswer(ErrorAnswer.Create(id, fault), Payload: null, Owner: null);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (long handle in handles.Keys)
        {
            await CloseAsync(handle).ConfigureAwait(false);
        }
    }

    private async ValueTask<(MessageMap Results, ReadOnlyMemory<byte>? Payload, IDisposable? Owner)> DispatchAsync(
        string operation, MessageMap map, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        switch (operation)
        {
            case Operations.Ping:
                return (MessageMap.Empty, null, null);
            case ItemOperations.List:
                ItemCopyWalk walk = new(map.Required("hidden").AsBoolean(), map.Required("follow").AsBoolean());
                return (Keep(await source.ListAsync(
                    map.Required("path").AsText(), walk, cancellationToken).ConfigureAwait(false)), null, null);
            case ItemOperations.Next:
                return (MessageMap.Empty, ItemCodec.Encode(
                    await Get<IItemList>(map).NextAsync(cancellationToken).ConfigureAwait(false)), null);
            case ItemOperations.OpenSource:
                return await OpenSourceAsync(map.Required("path").AsText(), cancellationToken).ConfigureAwait(false);
            case ItemOperations.Read:
                return await ReadAsync(map, cancellationToken).ConfigureAwait(false);
            case ItemOperations.HashSource:
                IOpenItemSource hashed = Get<IOpenItemSource>(map);
                return (MessageMap.Empty, ItemCodec.Encode(await hashed.HashAsync(
                    ItemCodec.DecodeIndexes(payload.Span, hashed.Facts.ChunkCount),
                    cancellationToken).ConfigureAwait(false)), null);
            case ItemOperations.Finish:
                await Get<IOpenItemSource>(map).FinishAsync(cancellationToken).ConfigureAwait(false);
                return (MessageMap.Empty, null, null);
            case ItemOperations.Close:
                await CloseAsync(map.Required("handle").AsInteger()).ConfigureAwait(false);
                return (MessageMap.Empty, null, null);
            default:
                return await DispatchToTargetAsync(operation, map, payload, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask<(MessageMap Results, ReadOnlyMemory<byte>? Payload, IDisposable? Owner)>
        DispatchToTargetAsync(
            string operation, MessageMap map, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        switch (operation)
        {
            case ItemOperations.Look:
                ItemCopyPlace place = await target.LookAsync(
                    map.Required("path").AsText(), cancellationToken).ConfigureAwait(false);
                return (new MessageMap
                {
                    { "path", place.Path },
                    { "is_folder", place.IsFolder },
                    { "is_file", place.IsFile },
                    { "folder", place.Folder },
                    { "name", place.Name },
                    { "ignores_case", place.IgnoresCase },
                }, null, null);
            case ItemOperations.MakeFolder:
                await target.MakeFolderAsync(
                    ItemCodec.ReadPath(map), ItemCodec.ReadMode(map), cancellationToken).ConfigureAwait(false);
                return (MessageMap.Empty, null, null);
            case ItemOperations.Put:
                ItemPut put = await target.PutAsync(
                    ItemCodec.ReadPath(map), ItemCodec.ReadFacts(map), ReadChunk(map, payload),
                    map.Required("force").AsBoolean(), cancellationToken).ConfigureAwait(false);
                return (new MessageMap { { "path", put.Path }, { "unchanged", put.IsUnchanged } }, null, null);
            case ItemOperations.OpenTarget:
                return await OpenTargetAsync(map, cancellationToken).ConfigureAwait(false);
            case ItemOperations.HashTarget or ItemOperations.Write or ItemOperations.Commit:
                return (
                    MessageMap.Empty,
                    await UseTargetAsync(operation, map, payload, cancellationToken).ConfigureAwait(false), null);
            default:
                throw new DfssException(
                    DfssErrorCode.UnknownOperation, $"'{PrintableText.From(operation, 64)}' is no call of a copy.");
        }
    }

    private async ValueTask<byte[]> UseTargetAsync(
        string operation, MessageMap map, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        using KeptTarget.Use open = Get<KeptTarget>(map).Enter();
        switch (operation)
        {
            case ItemOperations.HashTarget:
                int[] indexes = ItemCodec.DecodeIndexes(payload.Span, open.Facts.ChunkCount);
                return ItemCodec.Encode(await open.Target.HashAsync(indexes, cancellationToken).ConfigureAwait(false));
            case ItemOperations.Write:
                await open.Target.WriteAsync(
                    ItemCodec.ReadIndex(map, open.Facts.ChunkCount), ReadChunk(map, payload),
                    cancellationToken).ConfigureAwait(false);
                return [];
            default:
                await open.Target.CommitAsync(cancellationToken).ConfigureAwait(false);
                return [];
        }
    }

    private async ValueTask<(MessageMap Results, ReadOnlyMemory<byte>? Payload, IDisposable? Owner)> OpenSourceAsync(
        string path, CancellationToken cancellationToken)
    {
        IOpenItemSource opened = await source.OpenAsync(path, cancellationToken).ConfigureAwait(false);
        bool isKept = false;
        try
        {
            if (!opened.Facts.IsSmall)
            {
                isKept = true;
                return (ItemCodec.Add(Keep(opened), opened.Facts), null, null);
            }

            // The whole file is in the answer: it needs no handle.
            ItemChunk whole = await opened.ReadAsync(index: 0, cancellationToken).ConfigureAwait(false);
            try
            {
                await opened.FinishAsync(cancellationToken).ConfigureAwait(false);
                MessageMap results = new() { { "handle", 0 }, { "id", whole.Id.ToByteArray() } };
                return (ItemCodec.Add(results, opened.Facts), whole.Content, whole);
            }
            catch
            {
                whole.Dispose();
                throw;
            }
        }
        finally
        {
            if (!isKept)
            {
                await opened.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private async ValueTask<(MessageMap Results, ReadOnlyMemory<byte>? Payload, IDisposable? Owner)> ReadAsync(
        MessageMap map, CancellationToken cancellationToken)
    {
        IOpenItemSource opened = Get<IOpenItemSource>(map);
        ItemChunk chunk = await opened.ReadAsync(
            ItemCodec.ReadIndex(map, opened.Facts.ChunkCount), cancellationToken).ConfigureAwait(false);
        return (new MessageMap { { "id", chunk.Id.ToByteArray() } }, chunk.Content, chunk);
    }

    private async ValueTask<(MessageMap Results, ReadOnlyMemory<byte>? Payload, IDisposable? Owner)> OpenTargetAsync(
        MessageMap map, CancellationToken cancellationToken)
    {
        ItemFacts facts = ItemCodec.ReadFacts(map);
        ItemOpenMode mode = new(map.Required("force").AsBoolean(), map.Required("may_be_there").AsBoolean());
        IOpenItemTarget opened = await target.OpenAsync(
            ItemCodec.ReadPath(map), facts, mode, cancellationToken).ConfigureAwait(false);
        MessageMap results = Keep(new KeptTarget(opened, facts));
        results.Add("path", opened.Path);
        results.Add("is_there", opened.IsThere);

        // The claims of a file that is there are all its chunks, which the other side knows.
        return (results, opened.IsThere ? null : ItemCodec.Encode(opened.Claimed), null);
    }

    private static ItemChunk ReadChunk(MessageMap map, ReadOnlyMemory<byte> payload)
    {
        byte[] id = map.Required("id").AsBinary();
        return id.Length == ChunkId.SizeBytes
            ? new ItemChunk(payload, new ChunkId(id), NoOwner.Instance)
            : throw new DfssException(DfssErrorCode.InvalidArgument, "A chunk's id has 32 bytes.");
    }

    private MessageMap Keep(IAsyncDisposable opened)
    {
        long handle = Interlocked.Increment(ref lastHandle);
        handles[handle] = opened;
        return new MessageMap { { "handle", handle } };
    }

    private T Get<T>(MessageMap map)
        where T : class =>
        handles.TryGetValue(map.Required("handle").AsInteger(), out IAsyncDisposable? opened) && opened is T found
            ? found
            : throw new DfssException(DfssErrorCode.InvalidArgument, "The file is not open any more.");

    private async ValueTask CloseAsync(long handle)
    {
        if (handles.TryRemove(handle, out IAsyncDisposable? opened))
        {
            await opened.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The payload of a request belongs to the request.</summary>
    internal sealed class NoOwner : IDisposable
    {
        public static NoOwner Instance { get; } = new();

        public void Dispose()
        {
            // The request is disposed by its receiver.
        }
    }
}
