using Dfss.Records;
using Dfss.Storage;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>What a seal may vouch for: chunks that are whole and would survive a power cut now.</summary>
public sealed class SealTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private Action<DurableStep> hook = _ => { };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_chunk_put_while_the_seal_flushes_is_missing_until_the_next()
    {
        await using LocalStore store = await OpenAsync();
        (ChunkId id, byte[] content) = TestChunks.Make(1);
        FileManifest manifest = await PutManifestAsync(store, id);
        // So that the flush has something to sync.
        (ChunkId other, byte[] otherContent) = TestChunks.Make(2);
        await store.Chunks.PutAsync(other, otherContent, Token);
        Task<PutResult>? put = null;
        hook = step =>
        {
            if (step.Action == DurableAction.SyncFile && put is null)
            {
                put = store.Chunks.PutAsync(id, content, Token).AsTask();
                put.Wait(Token);
            }
        };

        RegisterAnswer answer = await SealAsync(store, manifest);
        Assert.Equal(PutResult.Stored, await put!);
        Assert.Equal(RegisterStatus.ChunksMissing, answer.Status);
        Assert.True(answer.Missing[0]);
        Assert.Equal<bool[]>([false], await store.Chunks.FindMissingAsync([id], Token));
        Assert.Equal(RegisterStatus.Done, (await SealAsync(store, manifest)).Status);
    }

    [Fact]
    public async Task A_manifest_that_lies_about_a_length_is_refused()
    {
        await using LocalStore store = await OpenAsync();
        (ChunkId id, byte[] content) = TestChunks.Make(1, TestChunks.Large + 1);
        FileManifest manifest = await PutManifestAsync(store, id);
        await store.Chunks.PutAsync(id, content, Token);
        DfssException refused = await Assert.ThrowsAsync<DfssException>(() => SealAsync(store, manifest));
        Assert.Equal(DfssErrorCode.InvalidArgument, refused.Code);
        Assert.Equal<bool[]>([false], await store.Chunks.FindMissingAsync([id], Token));
    }

    [Fact]
    public async Task A_seal_in_a_batch_of_another_step_is_refused_and_not_taken_unchecked()
    {
        await using LocalStore store = await OpenAsync();
        (ChunkId id, _) = TestChunks.Make(1, TestChunks.Large);
        FileManifest manifest = await PutManifestAsync(store, id);
        await Assert.ThrowsAsync<ArgumentException>(async () => await store.Records.AskAsync(
            [Registers.Prepare("b", 1), Registers.Seal("a", 1, manifest)], Token));
        Assert.Equal(default, (await store.Records.ReadAsync([new ReadRequest("a")], Token))[0].Promised);
    }

    private static async Task<FileManifest> PutManifestAsync(LocalStore store, params ChunkId[] ids)
    {
        FileManifest manifest = FileManifest.Create((long)ids.Length * TestChunks.Large, TestChunks.Large, ids);
        await store.Chunks.PutAsync(manifest.FileId.ToChunkId(), manifest.Encoded, Token);
        return manifest;
    }

    private static async Task<RegisterAnswer> SealAsync(LocalStore store, FileManifest manifest) =>
        Assert.Single(await store.Records.SealAsync([Registers.Seal("a", 1, manifest)], Token));

    private Task<LocalStore> OpenAsync() =>
        LocalStore.OpenAsync(folder.Path, new LocalStoreOptions(), new DurableFile(step => hook(step)), Token);
}
