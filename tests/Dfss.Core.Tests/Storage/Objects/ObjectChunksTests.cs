using Dfss.Storage;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Storage.Objects;

/// <summary>Puts of chunks to an engine that does not take each at once.</summary>
public sealed class ObjectChunksTests
{
    private readonly MemoryObjects objects = new();
    private readonly QuickPauses clock = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_put_that_fails_is_tried_again_with_a_new_key_each_time()
    {
        FailingPuts busy = new(objects, failures: 3);
        (ChunkId id, byte[] content) = TestChunks.Make(1, 3000);
        await Open(busy).PutAsync(id, content, state: 0, Token);
        Assert.Equal(4, busy.Keys.Distinct(StringComparer.Ordinal).Count());
        Assert.All(busy.Keys, key => Assert.Equal(id, ObjectKeys.ChunkOf(key)));
        Assert.Equal(content, (await objects.GetAsync(busy.Keys[^1], Token))!.Value.ToArray());
        Assert.Equal(3, clock.Pauses.Count);
    }

    [Theory]
    [InlineData(DfssErrorCode.StoreFailed, 4)]
    [InlineData(DfssErrorCode.StoreFull, 1)]
    public async Task After_a_few_attempts_or_of_a_full_store_it_is_an_error(DfssErrorCode code, int attempts)
    {
        FailingPuts busy = new(objects, int.MaxValue, code);
        (ChunkId id, byte[] content) = TestChunks.Make(1, 3000);
        DfssException failed = await Assert.ThrowsAsync<DfssException>(
            async () => await Open(busy).PutAsync(id, content, state: 0, Token));
        Assert.Equal((code, attempts), (failed.Code, busy.Keys.Count));
    }

    private ObjectChunks Open(IObjectStore engine) =>
        new(engine, new CollectionCell(engine, Guid.NewGuid), Guid.NewGuid, new SeenChunks(), clock);
}
