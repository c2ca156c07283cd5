using Dfss.Storage;
using Xunit;

namespace Dfss.Tests.Storage;

public sealed class SmallChunkTableTests
{
    [Fact]
    public async Task Opening_reads_no_rows_and_what_comes_during_the_count_counts_once()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.Path);
        string path = Path.Combine(folder.Path, "chunks.db");
        (ChunkId Id, byte[] Content)[] chunks =
            [.. Enumerable.Range(0, 4).Select(i => TestChunks.Make(i, TestChunks.Small))];
        await using (Database database = Open(path))
        {
            var before = new SmallChunkTable(database);
            foreach ((ChunkId id, byte[] content) in chunks[..3])
            {
                await before.PutAsync(id, content, token);
            }
        }

        await using Database reopened = Open(path);
        var table = new SmallChunkTable(reopened);
        Assert.Equal((0, 0), table.Count);
        using DatabaseSession snapshot = table.BeginCount();
        await table.PutAsync(chunks[3].Id, chunks[3].Content, token);
        await table.FlushAsync(token);
        await table.DeleteAsync(chunks[0].Id);
        table.CountRows(snapshot, token);
        Assert.Equal((3, 3 * TestChunks.Small), table.Count);
    }

    private static Database Open(string path) => new(path, SmallChunkTable.Schema, new FailStopLatch(path, log: null));
}
