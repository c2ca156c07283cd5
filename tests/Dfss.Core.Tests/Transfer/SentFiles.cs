using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>Files of a few small chunks at a cluster's peers, and what becomes of them.</summary>
internal static class SentFiles
{
    /// <summary>A garbage collection that takes all that no name keeps.</summary>
    public static OptimizeOptions AtOnce { get; } = new() { GracePeriod = TimeSpan.Zero };

    /// <summary>Replaces, in chunks of 64 KiB.</summary>
    public static SendOptions Small { get; } = new() { ChunkSize = DfssLimits.MinChunkSize, Force = true };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Sends a file of five chunks that the seed decides, replacing one of the name.</summary>
    public static Task<StoredFile> SendAsync(
        Cluster cluster, string name, int seed = 1, SendOptions? options = null) => cluster.Client.SendAsync(
            Source(cluster, seed), name, options ?? Small, progress: null, Token);

    public static async Task CollectAsync(Cluster cluster)
    {
        foreach (PeerAddress address in cluster.Addresses)
        {
            await cluster.Client.OptimizeAsync(address, AtOnce, Token);
        }
    }

    /// <summary>A file is received as it was sent.</summary>
    public static async Task AssertComesBackAsync(Cluster cluster, StoredFile file, int seed = 1)
    {
        string destination = cluster.Folder[$"back{file.Record.Version}"];
        await cluster.Client.ReceiveAsync(
            file, destination, new ReceiveOptions { Force = true }, progress: null, Token);
        Assert.Equal(
            await File.ReadAllBytesAsync(Source(cluster, seed), Token),
            await File.ReadAllBytesAsync(destination, Token));
    }

    public static async Task<DfssException> FailsAsync(DfssErrorCode code, Func<Task> action)
    {
        DfssException error = await Assert.ThrowsAsync<DfssException>(action);
        Assert.Equal(code, error.Code);
        return error;
    }

    public static async Task<List<StoredFile>> ToListAsync(IAsyncEnumerable<StoredFile> files)
    {
        List<StoredFile> all = [];
        await foreach (StoredFile file in files)
        {
            all.Add(file);
        }

        return all;
    }

    private static string Source(Cluster cluster, int seed) =>
        cluster.Folder.CreateFile($"source{seed}", 300_000, seed);
}
