using Dfss.Records;
using Dfss.Storage;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>What every <see cref="IRecordStore"/> keeps, and the chunk store beside it for seals.</summary>
public abstract class RecordStoreContract : IAsyncLifetime
{
    private IRecordStore records = null!;
    private IChunkStore chunks = null!;

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => (records, chunks) = await OpenAsync();

    public abstract ValueTask DisposeAsync();

    private protected abstract Task<(IRecordStore Records, IChunkStore Chunks)> OpenAsync();

    [Fact]
    public async Task A_name_never_heard_of_has_nothing()
    {
        RegisterAnswer answer = Assert.Single(await records.ReadAsync([new ReadRequest("absent")], Token));
        Assert.Equal(new RegisterAnswer(), answer);
    }

    [Fact]
    public async Task A_promise_refuses_lower_ballots_in_every_step()
    {
        FileManifest manifest = Registers.Manifest();
        await chunks.PutAsync(manifest.FileId.ToChunkId(), manifest.Encoded, Token);
        Assert.Equal(RegisterStatus.Done, (await records.PrepareAsync([Registers.Prepare("a", 5)], Token))[0].Status);
        RegisterAnswer[] answers =
        [
            (await records.PrepareAsync([Registers.Prepare("a", 4)], Token))[0],
            (await records.SealAsync([Registers.Seal("a", 4, manifest)], Token))[0],
            (await records.AcceptAsync([Registers.Accept("a", 4)], Token))[0],
        ];
        Assert.All(answers, answer => Assert.Equal(RegisterStatus.Refused, answer.Status));
        Assert.All(answers, answer => Assert.Equal(Registers.Ballot(5), answer.Promised));
    }

    [Fact]
    public async Task What_was_accepted_and_decided_is_answered()
    {
        Assert.Equal(RegisterStatus.Done, (await records.AcceptAsync([Registers.Accept("a", 1)], Token))[0].Status);
        RegisterAnswer accepted = (await records.PrepareAsync([Registers.Prepare("a", 2)], Token))[0];
        Assert.Equal(Registers.Ballot(1), accepted.Accepted!.Ballot);
        Assert.Null(accepted.Decided);
        await records.DecideAsync([Registers.Decide("a", 1)], Token);
        Assert.Equal(Registers.Ballot(1), (await records.ReadAsync([new ReadRequest("a")], Token))[0].Decided!.Ballot);
    }

    [Fact]
    public async Task A_batch_is_answered_by_index_and_name_by_name()
    {
        await records.PrepareAsync([Registers.Prepare("b", 9)], Token);
        IReadOnlyList<RegisterAnswer> answers = await records.PrepareAsync(
            [Registers.Prepare("a", 3), Registers.Prepare("b", 3), Registers.Prepare("c", 4)], Token);
        Assert.Equal(
            [RegisterStatus.Done, RegisterStatus.Refused, RegisterStatus.Done],
            answers.Select(answer => answer.Status));
        Assert.Equal([3L, 9L, 4L], answers.Select(answer => answer.Promised.Counter));
    }

    [Fact]
    public async Task A_seal_answers_what_is_missing_and_promises_nothing_then()
    {
        (ChunkId first, byte[] content) = TestChunks.Make(1, DfssLimits.MinChunkSize);
        (ChunkId second, byte[] other) = TestChunks.Make(2, DfssLimits.MinChunkSize);
        FileManifest manifest = Registers.Manifest(first, second);
        SealRequest seal = Registers.Seal("a", 1, manifest);

        RegisterAnswer answer = (await records.SealAsync([seal], Token))[0];
        Assert.Equal(RegisterStatus.ChunksMissing, answer.Status);
        Assert.True(answer.IsManifestMissing);

        await chunks.PutAsync(manifest.FileId.ToChunkId(), manifest.Encoded, Token);
        await chunks.PutAsync(first, content, Token);
        answer = (await records.SealAsync([seal], Token))[0];
        Assert.Equal(RegisterStatus.ChunksMissing, answer.Status);
        Assert.False(answer.IsManifestMissing);
        Assert.False(answer.Missing[0]);
        Assert.True(answer.Missing[1]);
        Assert.Equal(default, answer.Promised);

        await chunks.PutAsync(second, other, Token);
        Assert.Equal(RegisterStatus.Done, (await records.SealAsync([seal], Token))[0].Status);
        Assert.Equal(RegisterStatus.Done, (await records.SealAsync([seal], Token))[0].Status);
    }

    [Fact]
    public async Task A_ballot_too_far_ahead_is_an_invalid_argument()
    {
        DfssException refused = await Assert.ThrowsAsync<DfssException>(
            async () => await records.PrepareAsync([Registers.Prepare("a", Ballot.MaxJump + 1)], Token));
        Assert.Equal(DfssErrorCode.InvalidArgument, refused.Code);
    }

    [Fact]
    public async Task A_list_has_decided_names_in_order_of_their_bytes_a_page_at_a_time()
    {
        // U+FF5E sorts before U+1F600 by UTF-8 and after it by UTF-16.
        string[] names = ["a", "a/1", "a/2", "b", "\uFF5E", "\U0001F600"];
        await records.DecideAsync([.. names.Reverse().Select(name => Registers.Decide(name, 1))], Token);
        await records.PrepareAsync([Registers.Prepare("a/0 promised only", 1)], Token);

        RecordPage all = await records.ListAsync(new ListRequest(After: null, 1000), Token);
        Assert.Equal(names, all.Records.Select(record => record.Record.Name));
        Assert.False(all.HasMore);
        RecordPage page = await records.ListAsync(new ListRequest(After: "a", 1, "a/"), Token);
        Assert.Equal("a/1", Assert.Single(page.Records).Record.Name);
        Assert.True(page.HasMore);
        page = await records.ListAsync(new ListRequest(After: "a/1", 1, "a/"), Token);
        Assert.Equal("a/2", Assert.Single(page.Records).Record.Name);
        Assert.False(page.HasMore);
    }

    [Fact]
    public async Task Many_callers_at_one_name_are_applied_one_after_the_other()
    {
        IReadOnlyList<RegisterAnswer>[] answers = await Task.WhenAll(
            Enumerable.Range(1, 40).Select(i => records.PrepareAsync([Registers.Prepare("a", i)], Token).AsTask()));
        Assert.Equal(40, (await records.ReadAsync([new ReadRequest("a")], Token))[0].Promised.Counter);
        Assert.All(answers.Select((answer, i) => (answer[0], i + 1)), pair => Assert.True(
            pair.Item1.Status == RegisterStatus.Done
                ? pair.Item1.Promised.Counter == pair.Item2
                : pair.Item1.Promised.Counter > pair.Item2));
    }
}

public sealed class MemoryRecordStoreTests : RecordStoreContract
{
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private protected override async Task<(IRecordStore Records, IChunkStore Chunks)> OpenAsync()
    {
        LocalStore store = await LocalStore.OpenAsync(path: null, new LocalStoreOptions(), Token);
        return (store.Records, store.Chunks);
    }
}

public sealed class DiskRecordStoreTests : RecordStoreContract
{
    private readonly TemporaryFolder folder = new();
    private LocalStore? store;

    public override async ValueTask DisposeAsync()
    {
        await store!.DisposeAsync();
        folder.Dispose();
    }

    private protected override async Task<(IRecordStore Records, IChunkStore Chunks)> OpenAsync()
    {
        store = await LocalStore.OpenAsync(folder.Path, new LocalStoreOptions(), Token);
        return (store.Records, store.Chunks);
    }
}
