using System.Runtime.CompilerServices;
using Dfss.Protocol;
using Dfss.Records;
using Dfss.Storage;
using Dfss.Transport;

namespace Dfss.Peers;

/// <summary>The operations on chunks: messages to the chunk store and back.</summary>
internal sealed class ChunkRequests(IServedChunkStore store)
{
    /// <summary>131,072 ids: their bytes are 4 MiB, and the answer's bitmap is 16 KiB.</summary>
    private const int MaxIds = 1 << 17;

    /// <summary>1,024 ids are looked up in one step, which takes a few ms.</summary>
    private const int TurnIds = 1024;

    /// <summary>Of chunks of 256 KiB and more one answer has room for no more.</summary>
    private const int ReadTurnIds = 64;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<RequestAnswer> StoreAsync(
        MessageMap arguments, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        ChunkId id = ReadId(arguments);
        PutResult result = await store.PutAsync(id, payload, cancellationToken).ConfigureAwait(false);
        return new RequestAnswer(new MessageMap { { "present", result == PutResult.AlreadyPresent } });
    }

    public async ValueTask<RequestAnswer> StoreManyAsync(
        MessageMap arguments, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        IReadOnlyList<MessageValue> lengths = arguments.Required("lengths").AsArray();
        int offset = lengths.Count * ChunkId.SizeBytes;
        if (offset > payload.Length)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument, "The lengths of store_chunks do not fit its payload.");
        }

        IReadOnlyList<ReadOnlyMemory<byte>> contents = MessageBatch.Split(arguments, payload[offset..]);
        MessageValue[] results = new MessageValue[lengths.Count];
        await RequestLanes.RunAsync(lengths.Count, store.AtOnce, async i =>
        {
            ChunkId id = new(payload.Span.Slice(i * ChunkId.SizeBytes, ChunkId.SizeBytes));
            results[i] = await StoreOneAsync(id, contents[i], cancellationToken).ConfigureAwait(false);
        }).ConfigureAwait(false);
        return new RequestAnswer(new MessageMap { { "results", MessageValue.From(results) } });
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<RequestAnswer> GetAsync(
        ChunkId id, MessageMap results, AnswerMemory memory, CancellationToken cancellationToken)
    {
        int length = await store.FindToReadAsync(id, cancellationToken).ConfigureAwait(false) ?? throw NotFound(id);
        AnswerPayload payload = await memory.RentAsync(length, cancellationToken).ConfigureAwait(false);
        try
        {
            // It may have been deleted or replaced since its length was asked for.
            int? read = await store.GetAsync(id, payload.Memory, cancellationToken).ConfigureAwait(false);
            return read == length ? new RequestAnswer(results, payload) : throw NotFound(id);
        }
        catch
        {
            payload.Dispose();
            throw;
        }
    }

    public async ValueTask<RequestAnswer> GetManyAsync(
        ReceivedMessage request, AnswerMemory memory, CancellationToken cancellationToken)
    {
        ChunkId[] ids = ReadIds(request.Payload?.Memory ?? default, MessageBatch.MaxItems);

        // No request waits for memory while it holds some: the waiting requests could hold all of the budget.
        request.ReleasePayload();
        (int?[] lengths, int[] offsets, int total) =
            await FindWhatFitsAsync(ids, cancellationToken).ConfigureAwait(false);
        AnswerPayload contents = await memory.RentAsync(total, lengths.Length, cancellationToken).ConfigureAwait(false);
        try
        {
            // All are read before an answer that one is gone: where the lengths rested on an earlier look, the next
            // request finds what is there.
            int gone = -1;
            await RequestLanes.RunAsync(lengths.Length, store.AtOnce, async i =>
            {
                if (lengths[i] is int length && await store.GetAsync(
                    ids[i], contents.Memory.Slice(offsets[i], length), cancellationToken).ConfigureAwait(false)
                    != length)
                {
                    gone = i;
                }
            }).ConfigureAwait(false);
            if (gone >= 0)
            {
                throw NotFound(ids[gone]);
            }

            MessageValue[] answered =
                [.. lengths.Select(length => length is int bytes ? (MessageValue)bytes : MessageValue.Nil)];
            return new RequestAnswer(new MessageMap { { "lengths", MessageValue.From(answered) } }, contents);
        }
        catch
        {
            contents.Dispose();
            throw;
        }
    }

    public async ValueTask<RequestAnswer> FindMissingAsync(
        MessageMap arguments, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        bool keeps = !arguments.TryGet("keep", out MessageValue wanted) || wanted.AsBoolean();
        ChunkId[] ids = ReadIds(payload, MaxIds);
        bool[] missing = new bool[ids.Length];
        for (int i = 0; i < ids.Length; i += TurnIds)
        {
            ArraySegment<ChunkId> turn = new(ids, i, Math.Min(TurnIds, ids.Length - i));
            bool[] found = keeps
                ? await store.FindMissingAsync(turn, cancellationToken).ConfigureAwait(false)
                : await LookAsync(turn, cancellationToken).ConfigureAwait(false);
            found.CopyTo(missing, i);

            // Behind other work for the processor: a flood of long requests delays other clients by no more than a
            // turn.
            await Task.Yield();
        }

        ChunkBitmap bitmap = ChunkBitmap.Create(missing.Length, index => missing[index]);
        return new RequestAnswer(MessageMap.Empty, bytes: bitmap.Bits.ToArray());
    }

    /// <summary>Which are not stored; those that are get no later grace period by it.</summary>
    private async ValueTask<bool[]> LookAsync(IReadOnlyList<ChunkId> ids, CancellationToken cancellationToken)
    {
        bool[] missing = new bool[ids.Count];
        for (int i = 0; i < missing.Length; i++)
        {
            missing[i] = await store.GetLengthAsync(ids[i], cancellationToken).ConfigureAwait(false) is null;
        }

        return missing;
    }

    public async ValueTask<RequestAnswer> FlushAsync(CancellationToken cancellationToken)
    {
        await store.FlushAsync(cancellationToken).ConfigureAwait(false);
        return RequestAnswer.Empty;
    }

    public async ValueTask<RequestAnswer> VerifyAsync(MessageMap arguments, CancellationToken cancellationToken)
    {
        ChunkState state = await store.VerifyAsync(ReadId(arguments), cancellationToken).ConfigureAwait(false);
        return new RequestAnswer(new MessageMap { { "state", (int)state } });
    }

    public static ChunkId ReadId(MessageMap arguments)
    {
        byte[] bytes = arguments.Required("chunk_id").AsBinary();
        return bytes.Length == ChunkId.SizeBytes
            ? new ChunkId(bytes)
            : throw new DfssException(
                DfssErrorCode.InvalidArgument, $"A chunk id has {ChunkId.SizeBytes} bytes, not {bytes.Length}.");
    }

    private async ValueTask<int> StoreOneAsync(
        ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        try
        {
            return (int)await store.PutAsync(id, content, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException error)
        {
            return (int)error.Code;
        }
    }

    /// <summary>The first chunks that one answer has room for: their lengths, null where one is absent, where they
    /// begin in the answer, and the length of it. In bytes.</summary>
    private async ValueTask<(int?[] Lengths, int[] Offsets, int Total)> FindWhatFitsAsync(
        ChunkId[] ids, CancellationToken cancellationToken)
    {
        int?[] lengths = new int?[ids.Length];
        int[] offsets = new int[ids.Length];
        int total = 0;
        for (int i = 0; i < ids.Length; i++)
        {
            if (i % ReadTurnIds == 0)
            {
                int begin = i;
                await RequestLanes.RunAsync(
                    Math.Min(ReadTurnIds, ids.Length - begin), store.AtOnce, async next => lengths[begin + next] =
                        await store.FindToReadAsync(ids[begin + next], cancellationToken).ConfigureAwait(false))
                    .ConfigureAwait(false);
            }

            int length = lengths[i] ?? 0;
            if (total + (long)length > DfssLimits.MaxPayloadBytes)
            {
                return (lengths[..i], offsets, total);
            }

            offsets[i] = total;
            total += length;
        }

        return (lengths, offsets, total);
    }

    private static ChunkId[] ReadIds(ReadOnlyMemory<byte> payload, int max)
    {
        int count = payload.Length / ChunkId.SizeBytes;
        if (count * ChunkId.SizeBytes != payload.Length || count > max)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                $"A payload of {payload.Length} bytes is not 0 to {max} chunk ids of {ChunkId.SizeBytes} bytes.");
        }

        ChunkId[] ids = new ChunkId[count];
        for (int i = 0; i < count; i++)
        {
            ids[i] = new ChunkId(payload.Span.Slice(i * ChunkId.SizeBytes, ChunkId.SizeBytes));
        }

        return ids;
    }

    private static DfssException NotFound(ChunkId id) =>
        new(DfssErrorCode.ChunkNotFound, $"Chunk {id} is not stored here.") { ChunkId = id };
}
