using Dfss.Peers;
using Dfss.Protocol;
using Dfss.Records;
using Dfss.Storage;
using Dfss.Tests.Records;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>What the operations on records cost, and what they do with more than one message carries.</summary>
public sealed class RecordRequestsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_page_too_long_for_one_message_is_cut_and_says_that_there_is_more()
    {
        string address = new('x', 240);
        HomeMember member = new(StoreId.Create(), [.. Enumerable.Repeat(address, 8)]);
        FileRecord[] all = [.. Enumerable.Range(0, 1000).Select(
            i => Sample.Record(name: $"{i:d4}") with
            {
                Home = [.. Enumerable.Range(0, 16).Select(_ => member with { StoreId = StoreId.Create() })]
            })];
        Assert.InRange(await CountPagesAsync(new OneRecord(all), all), 2, 4);
    }

    [Theory]
    [InlineData(1000, 0, 1)]
    [InlineData(1000, 8, 3)]
    [InlineData(100, DfssLimits.MaxPreviousVersions, 2)]
    public async Task Records_with_the_largest_envelopes_are_read_few_at_a_time_and_come_in_as_many_pages_as_they_need(
        int count, int previous, int pages)
    {
        KeyEnvelope envelope = new(new byte[KeyEnvelope.MaxBytes]);
        FileRecord[] all =
            [.. Enumerable.Range(0, count)
                .Select(i => Encrypt(Sample.Record(name: $"{i:d4}", version: previous + 1), envelope))];
        OneRecord records = new(all);
        Assert.Equal(pages, await CountPagesAsync(records, all));
        Assert.InRange(records.LargestLimit, 1, 64);

        FileRecord Encrypt(FileRecord record, KeyEnvelope encryption) => record with
        {
            Length = 0,
            Encryption = encryption,
            Previous = [.. Enumerable.Range(0, previous).Select(
                i => Sample.Previous(previous - i, record.FileId) with { Length = 0, Encryption = encryption })],
        };
    }

    [Fact]
    public async Task Chunks_asked_for_by_name_read_the_manifest_once()
    {
        CountingChunks chunks = new();
        FileManifest manifest = await StoreManifestAsync(chunks);
        RecordRequests requests = new(new OneRecord(RecordOf(manifest)), chunks);
        for (long i = 0; i < manifest.ChunkCount; i++)
        {
            MessageMap arguments = new() { { "name", Sample.Name }, { "index", i } };
            Assert.Equal((manifest[(int)i], manifest.FileId), await requests.FindChunkAsync(arguments, Token));
        }

        Assert.Equal(1, chunks.Gets);
    }

    [Fact]
    public async Task A_manifest_asked_for_comes_in_memory_of_the_pool_and_goes_back_there()
    {
        CountingChunks chunks = new();
        FileManifest manifest = await StoreManifestAsync(chunks);
        RecordRequests requests = new(new OneRecord(RecordOf(manifest)), chunks);
        PayloadPool pool = new(DfssLimits.MaxPayloadBytes);
        AnswerMemory memory = new(pool, new FairBudget(DfssLimits.MaxPayloadBytes).Open());
        MessageMap arguments = new() { { "name", Sample.Name }, { "manifest", true } };
        using (RequestAnswer answer = await requests.GetFileInfoAsync(arguments, memory, Token))
        {
            Assert.Equal(manifest.Encoded.ToArray(), answer.Payload!.Value.ToArray());
            Assert.NotEqual(0, pool.RentedBytes);
        }

        Assert.Equal(0, pool.RentedBytes);
        await chunks.DeleteAsync(manifest.FileId.ToChunkId(), Token);
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            async () => await requests.GetFileInfoAsync(arguments, memory, Token));
        Assert.Equal(DfssErrorCode.ChunkNotFound, error.Code);
    }

    /// <summary>Asks for all of them, page after page, and compares.</summary>
    private static async Task<int> CountPagesAsync(OneRecord records, FileRecord[] all)
    {
        RecordRequests requests = new(records, new CountingChunks());
        List<string> names = [];
        int pages = 0;
        for (bool more = true; more; pages++)
        {
            MessageMap arguments = new() { { "limit", 1000L }, { "prefix", "" } };
            if (names.Count > 0)
            {
                arguments.Add("after", names[^1]);
            }

            using RequestAnswer answer = await requests.ListAsync(arguments, Token);
            Assert.InRange(answer.Payload!.Value.Length, 1, DfssLimits.MaxPayloadBytes);
            names.AddRange(MessageBatch.Split(answer.Results, answer.Payload.Value)
                .Select(item => RecordCodec.DecodeBallotedRecord(item).Record.Name));
            more = answer.Results.Required("more").AsBoolean();
        }

        Assert.Equal(all.Select(record => record.Name), names);
        return pages;
    }

    private static FileRecord RecordOf(FileManifest manifest) => Sample.Record() with
    {
        FileId = manifest.FileId,
        Length = manifest.Length,
        ChunkSize = manifest.ChunkSize,
    };

    private static async Task<FileManifest> StoreManifestAsync(ILocalChunkStore chunks)
    {
        ChunkId[] ids = [.. Enumerable.Range(0, 3).Select(i => ChunkId.Of([(byte)i]))];
        FileManifest manifest = FileManifest.Create(3L * DfssLimits.MinChunkSize, DfssLimits.MinChunkSize, ids);
        await chunks.PutAsync(manifest.FileId.ToChunkId(), manifest.Encoded, Token);
        return manifest;
    }

    /// <summary>Counts what is read.</summary>
    private sealed class CountingChunks : ILocalChunkStore
    {
        private readonly MemoryChunkStore inner = new(new TouchedChunks(TimeProvider.System));

        public int Gets { get; private set; }

        public ValueTask<int?> GetAsync(ChunkId id, Memory<byte> destination, CancellationToken cancellationToken)
        {
            Gets++;
            return inner.GetAsync(id, destination, cancellationToken);
        }

        public ValueTask<PutResult> PutAsync(
            ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
            inner.PutAsync(id, content, cancellationToken);

        public ValueTask FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public ValueTask<bool[]> FindMissingAsync(IReadOnlyList<ChunkId> ids, CancellationToken cancellationToken) =>
            inner.FindMissingAsync(ids, cancellationToken);

        public ValueTask<int?> GetLengthAsync(ChunkId id, CancellationToken cancellationToken) =>
            inner.GetLengthAsync(id, cancellationToken);

        public IAsyncEnumerable<ChunkId> EnumerateAsync(ChunkId? after, CancellationToken cancellationToken) =>
            inner.EnumerateAsync(after, cancellationToken);

        public ValueTask DeleteAsync(ChunkId id, CancellationToken cancellationToken) =>
            inner.DeleteAsync(id, cancellationToken);

        public ValueTask<ChunkState> VerifyAsync(ChunkId id, CancellationToken cancellationToken) =>
            inner.VerifyAsync(id, cancellationToken);
    }

    /// <summary>Decided records, and nothing that changes them.</summary>
    private sealed class OneRecord(params FileRecord[] decided) : IRecordStore
    {
        public ValueTask<IReadOnlyList<RegisterAnswer>> AskAsync(
            IReadOnlyList<RegisterRequest> requests, CancellationToken cancellationToken) =>
            new([.. requests.Cast<ReadRequest>().Select(request => new RegisterAnswer
            {
                Decided = new BallotedRecord(Sample.Ballot(1), decided.Single(record => record.Name == request.Name)),
            })]);

        /// <summary>The most records that were asked for at once.</summary>
        public int LargestLimit { get; private set; }

        public ValueTask<RecordPage> ListAsync(ListRequest request, CancellationToken cancellationToken)
        {
            LargestLimit = Math.Max(LargestLimit, request.Limit);
            BallotedRecord[] found = [.. decided
                .Where(record => string.CompareOrdinal(record.Name, request.After) > 0)
                .Select(record => new BallotedRecord(Sample.Ballot(1), record))];
            return new(new RecordPage([.. found.Take(request.Limit)], found.Length > request.Limit));
        }
    }
}
