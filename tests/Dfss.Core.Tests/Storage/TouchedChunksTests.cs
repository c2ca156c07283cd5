using Dfss.Storage;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Storage;

public sealed class TouchedChunksTests
{
    [Fact]
    public async Task Asking_for_what_is_absent_is_not_remembered()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        var clock = new FakeTimeProvider();
        var touched = new TouchedChunks(clock);
        var chunks = new MemoryChunkStore(touched);
        (ChunkId present, byte[] content) = TestChunks.Make(1);
        (ChunkId absent, _) = TestChunks.Make(2);
        await chunks.PutAsync(present, content, token);
        clock.Advance(TimeSpan.FromHours(1));
        await chunks.FindMissingAsync([present, absent], token);
        Assert.False(touched.IsUntouchedFor(TimeSpan.FromHours(1), present));
        Assert.True(touched.IsUntouchedFor(TimeSpan.FromHours(1), absent));
    }
}
