using Dfss.Protocol;
using Dfss.Records;
using Dfss.Storage;

namespace Dfss.Peers;

/// <summary>The operations on records: messages to the record store and back.</summary>
internal sealed class RecordRequests(IRecordStore records, IServedChunkStore chunks)
{
    /// <summary>
    /// 64 encrypted files with 64 earlier versions each are 17 MiB, about what one message carries; 1,000 would be 260
    /// MiB.
    /// </summary>
    private const int RecordsAtOnce = 64;

    private readonly ManifestCache manifests = new(chunks);

    /// <summary>One step of the registers of a batch of names.</summary>
    public async ValueTask<RequestAnswer> AskAsync(
        string operation, MessageMap map, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        Func<ReadOnlyMemory<byte>, RegisterRequest> decode = operation switch
        {
            Operations.Prepare => RecordCodec.DecodePrepare,
            Operations.Seal => RecordCodec.DecodeSeal,
            Operations.Accept => RecordCodec.DecodeAccept,
            Operations.Decide => RecordCodec.DecodeDecide,
            Operations.Read => RecordCodec.DecodeRead,
            _ => throw new ArgumentException($"'{operation}' is not a step of the registers.", nameof(operation)),
        };
        RegisterRequest[] requests = [.. MessageBatch.Split(map, payload).Select(decode)];
        if (requests.DistinctBy(request => request.Name, StringComparer.Ordinal).Count() != requests.Length)
        {
            throw new DfssException(DfssErrorCode.InvalidArgument, "A name is in one batch twice.");
        }

        IReadOnlyList<RegisterAnswer> answers =
            await records.AskAsync(requests, cancellationToken).ConfigureAwait(false);
        (MessageMap results, byte[] bytes) = MessageBatch.Join(answers.Select(RecordCodec.EncodeAnswer));
        return new RequestAnswer(results, bytes: bytes);
    }

    public async ValueTask<RequestAnswer> ListAsync(MessageMap map, CancellationToken cancellationToken)
    {
        const int MaxPage = 1000;
        string? after = map.TryGet("after", out MessageValue value) ? value.AsText() : null;
        string prefix = map.TryGet("prefix", out MessageValue text) ? text.AsText() : string.Empty;
        int limit = (int)Math.Clamp(map.Required("limit").AsInteger(), 1, MaxPage);
        List<byte[]> items = [];
        List<bool> doubted = [];
        RecordPage? last = null;
        bool isMore = true;
        for (int room = DfssLimits.MaxPayloadBytes; isMore && items.Count < limit;)
        {
            ListRequest request = new(after, Math.Min(limit - items.Count, RecordsAtOnce), prefix);
            RecordPage page = await records.ListAsync(request, cancellationToken).ConfigureAwait(false);
            IReadOnlyList<byte[]> fitting = MessageBatch.TakeFitting(
                page.Records.Select(RecordCodec.EncodeBallotedRecord), room);
            items.AddRange(fitting);
            doubted.AddRange(page.Doubted.Take(fitting.Count));
            last = page;
            if (fitting.Count < page.Records.Count)
            {
                // A page of long records may be more than one message carries: the rest is asked for after the last one
                // given.
                break;
            }

            room -= fitting.Sum(item => item.Length);
            isMore = page.HasMore;
            after = page.Records.Count > 0 ? page.Records[^1].Record.Name : after;
        }

        (MessageMap results, byte[] payload) = MessageBatch.Join(items);
        results.Add("more", isMore);
        if (last is { IsLimited: true })
        {
            results.Add("limited", true);
        }

        bool tellsClocks = map.TryGet("clocks", out MessageValue wanted) && wanted.AsBoolean();
        AddDoubt(results, tellsClocks ? last : null, doubted);
        return new RequestAnswer(results, bytes: payload);
    }

    private static void AddDoubt(MessageMap results, RecordPage? page, List<bool> doubted)
    {
        if (page?.Clock is { } own)
        {
            results.Add("clocks", RecordCodec.EncodeClocks([own, .. page.Known.Take(RecordCodec.MaxClocks - 1)]));
        }

        if (page is not null && doubted.Contains(true))
        {
            results.Add("doubted", ChunkBitmap.Create(doubted.Count, i => doubted[i]).Bits.ToArray());
        }
    }

    /// <summary>The content of a file as this member alone has it: for clients that do not vote.</summary>
    public async ValueTask<RequestAnswer> GetFileInfoAsync(
        MessageMap map, AnswerMemory memory, CancellationToken cancellationToken)
    {
        bool isManifestWanted = map.TryGet("manifest", out MessageValue wanted) && wanted.AsBoolean();
        FileRecord record = await FindVersionAsync(map, cancellationToken).ConfigureAwait(false);
        MessageMap results = new()
        {
            { "version", record.Version },
            { "file_id", record.FileId.ToByteArray() },
            { "length", record.Length },
            { "chunk_size", record.ChunkSize },
            { "chunk_count", FileManifest.CountChunks(record.Length, record.ChunkSize) },
            { "modified", record.Modified.Milliseconds },
        };
        if (!record.Modified.IsMilliseconds)
        {
            results.Add("modified_ns", RecordCodec.Encode(record.Modified));
        }

        if (record.Encryption is { } encryption)
        {
            results.Add("encryption", encryption.Encoded.ToArray());
        }

        return new RequestAnswer(results, isManifestWanted
            ? await ReadManifestAsync(record, memory, cancellationToken).ConfigureAwait(false)
            : null);
    }

    /// <summary>
    /// Which chunk a name and an index mean, and of which content, so that a client notices when it changes between two
    /// chunks.
    /// </summary>
    public async ValueTask<(ChunkId ChunkId, FileId FileId)> FindChunkAsync(
        MessageMap map, CancellationToken cancellationToken)
    {
        long index = map.Required("index").AsInteger();
        FileRecord record = await FindVersionAsync(map, cancellationToken).ConfigureAwait(false);
        FileManifest manifest = await manifests.GetAsync(record.FileId, cancellationToken).ConfigureAwait(false)
            ?? throw Missing(record);
        return index < manifest.ChunkCount
            ? (manifest[(int)index], record.FileId)
            : throw new DfssException(
                DfssErrorCode.InvalidArgument,
                $"'{record.Name}' has {manifest.ChunkCount} chunks; there is none of index {index}.");
    }

    /// <summary>
    /// The version of a name that has this <c>file_id</c>: the current one, or one that is kept; without a file id the
    /// current one.
    /// </summary>
    private async ValueTask<FileRecord> FindVersionAsync(MessageMap map, CancellationToken cancellationToken)
    {
        byte[]? expected = map.TryGet("file_id", out MessageValue id) ? id.AsBinary() : null;
        if (expected is not null && expected.Length != FileId.SizeBytes)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument, $"A file id has {FileId.SizeBytes} bytes, not {expected.Length}.");
        }

        FileRecord record = await FindAsync(map, cancellationToken).ConfigureAwait(false);
        if (expected is null || expected.AsSpan().SequenceEqual(record.FileId.ToByteArray()))
        {
            return record;
        }

        return record.Previous.FirstOrDefault(
            version => expected.AsSpan().SequenceEqual(version.FileId.ToByteArray())) is { } kept
            ? record with
            {
                Version = kept.Version,
                FileId = kept.FileId,
                Length = kept.Length,
                ChunkSize = kept.ChunkSize,
                Encryption = kept.Encryption,
                Modified = kept.Modified,
            }
            : throw new DfssException(
                DfssErrorCode.FileChanged, $"'{record.Name}' has other content now ({record.FileId}).", "Start over.");
    }

    private async ValueTask<FileRecord> FindAsync(MessageMap map, CancellationToken cancellationToken)
    {
        string name = FileName.Normalize(map.Required("name").AsText());
        IReadOnlyList<RegisterAnswer> answers = await records.AskAsync(
            [new ReadRequest(name)], cancellationToken).ConfigureAwait(false);
        return answers[0].Decided?.Record is { State: FileRecordState.File } record
            ? record
            : throw new DfssException(DfssErrorCode.FileNotFound, $"No file named '{name}' is decided here.");
    }

    private async ValueTask<AnswerPayload> ReadManifestAsync(
        FileRecord record, AnswerMemory memory, CancellationToken cancellationToken)
    {
        ChunkId id = record.FileId.ToChunkId();
        int length =
            await chunks.FindToReadAsync(id, cancellationToken).ConfigureAwait(false) ?? throw Missing(record);
        AnswerPayload encoded = await memory.RentAsync(length, cancellationToken).ConfigureAwait(false);
        try
        {
            int? read = await chunks.GetAsync(id, encoded.Memory, cancellationToken).ConfigureAwait(false);
            return read == length && ChunkId.Of(encoded.Memory.Span) == id ? encoded : throw Missing(record);
        }
        catch
        {
            encoded.Dispose();
            throw;
        }
    }

    private static DfssException Missing(FileRecord record) => new(
        DfssErrorCode.ChunkNotFound, $"The manifest {record.FileId} of '{record.Name}' is not stored here.",
        "Ask another member of its home.")
    { ChunkId = record.FileId.ToChunkId() };
}
