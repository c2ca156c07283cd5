using System.Collections.Concurrent;
using Dfss.Peers;
using Dfss.Tests.Storage;
using Dfss.Transfer;
using Xunit;
using TemporaryFolder = Dfss.Testing.TemporaryFolder;

namespace Dfss.Tests.Transfer;

/// <summary>A store whose table of small chunks has a row that SQLite cannot read.</summary>
public sealed class DamagedRowTests : IDisposable
{
    private const int Files = 40;
    private const int Damaged = 17;

    private readonly TemporaryFolder folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task It_fails_its_own_file_and_no_other_that_is_received_at_the_same_time()
    {
        await using (DfssPeer peer = await StartAsync())
        {
            await using DfssClient client = new([Cluster.AddressOf(peer)], TransferOptions.Default);
            await Task.WhenAll(Enumerable.Range(0, Files).Select(i => client.SendAsync(
                folder.CreateFile($"{i}", 60_000, seed: i), $"{i}", SendOptions.Default, progress: null, Token)));
        }

        await StoreFiles.BreakRowAsync(folder["store"], await File.ReadAllBytesAsync(folder[$"{Damaged}"], Token));
        await using (DfssPeer peer = await StartAsync())
        {
            await using DfssClient client = new([Cluster.AddressOf(peer)], TransferOptions.Default);
            ConcurrentDictionary<int, DfssErrorCode> failed = new();
            await Parallel.ForAsync(
                0, Files, new ParallelOptions { MaxDegreeOfParallelism = Files, CancellationToken = Token },
                async (i, token) =>
                {
                    try
                    {
                        StoredFile file = await client.GetAsync($"{i}", token);
                        await client.ReceiveAsync(
                            file, folder[$"{i}.back"], ReceiveOptions.Default, progress: null, token);
                    }
                    catch (DfssException error)
                    {
                        failed[i] = error.Code;
                    }
                });
            Assert.Equal([new(Damaged, DfssErrorCode.StoreFailed)], failed);
        }
    }

    private Task<DfssPeer> StartAsync() =>
        DfssPeer.StartAsync(new PeerOptions { Port = 0, StorePath = folder["store"] }, Token);
}
