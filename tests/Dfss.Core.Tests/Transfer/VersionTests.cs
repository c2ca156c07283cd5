using Dfss.Testing;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>The earlier versions of a name that are kept.</summary>
public sealed class VersionTests
{
    private const int ChunkSize = DfssLimits.MinChunkSize;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_version_before_is_kept_and_comes_back_bit_exact()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        string[] sources = CreateSources(cluster.Folder, 3);
        StoredFile sent = await SendAsync(cluster.Client, sources);

        Assert.Equal(3, sent.Record.Version);
        Assert.Equal([2L], sent.Record.Previous.Select(one => one.Version));
        StoredFile earlier = (await cluster.Client.GetAsync("x", Token)).AtVersion(2);
        Assert.Equal((2, true), (earlier.Record.Version, earlier.IsCurrent));
        await AssertComesBackAsync(cluster, earlier, sources[1]);
        Assert.Same(sent, sent.AtVersion(3));
        Assert.True((await cluster.Client.CompareAsync(sources[1], earlier, progress: null, Token)).IsEqual);
    }

    [Theory]
    [InlineData(0, new long[0], "of the earlier ones")]
    [InlineData(2, new long[] { 4, 3 }, "of the earlier ones 4, 3 are kept.")]
    [InlineData(64, new long[] { 4, 3, 2, 1 }, null)]
    public async Task So_many_are_kept_as_were_asked_for(int keep, long[] kept, string? told)
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        string[] sources = CreateSources(cluster.Folder, 5);
        StoredFile sent = await SendAsync(cluster.Client, sources, keep);

        Assert.Equal(kept, sent.Record.Previous.Select(one => one.Version));
        foreach (long version in kept)
        {
            await AssertComesBackAsync(cluster, sent.AtVersion(version), sources[version - 1]);
        }

        DfssException error = Assert.Throws<DfssException>(() => sent.AtVersion(kept.Length == 4 ? 6 : 1));
        Assert.Equal(DfssErrorCode.FileNotFound, error.Code);
        if (keep > 0 && told is not null)
        {
            Assert.Contains(told, error.Reason, StringComparison.Ordinal);
        }
        else if (keep == 0)
        {
            Assert.EndsWith("it is at version 5, and no earlier one is kept.", error.Reason, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task To_send_the_same_content_again_costs_no_earlier_version()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        string[] sources = CreateSources(cluster.Folder, 2);
        StoredFile sent = await SendAsync(cluster.Client, [sources[0], sources[1], sources[1], sources[1]]);

        Assert.Equal(4, sent.Record.Version);
        Assert.Equal([1L], sent.Record.Previous.Select(one => one.Version));
        await AssertComesBackAsync(cluster, sent.AtVersion(1), sources[0]);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(65)]
    public void Versions_kept_are_0_to_64(int count) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new SendOptions { KeepVersions = count });

    [Fact]
    public async Task An_earlier_version_survives_the_loss_of_any_one_peer()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        string[] sources = CreateSources(cluster.Folder, 2);
        StoredFile sent = await SendAsync(cluster.Client, sources);
        await cluster.Peers[1].StopAsync();
        await AssertComesBackAsync(cluster, sent.AtVersion(1), sources[0]);
    }

    private static string[] CreateSources(TemporaryFolder folder, int count) =>
        [.. Enumerable.Range(1, count).Select(i => folder.CreateFile($"source{i}", (i * ChunkSize) + i, seed: i))];

    private static async Task<StoredFile> SendAsync(DfssClient client, string[] sources, int? keep = null)
    {
        SendOptions options = new() { ChunkSize = ChunkSize, Force = true };
        StoredFile? last = null;
        foreach (string source in sources)
        {
            last = await client.SendAsync(
                source, "x", keep is int count ? options with { KeepVersions = count } : options,
                progress: null, Token);
        }

        return last!;
    }

    private static async Task AssertComesBackAsync(Cluster cluster, StoredFile file, string source)
    {
        string destination = cluster.Folder[$"out{file.Record.Version}"];
        await cluster.Client.ReceiveAsync(file, destination, ReceiveOptions.Default, progress: null, Token);
        Assert.Equal(await File.ReadAllBytesAsync(source, Token), await File.ReadAllBytesAsync(destination, Token));
    }
}
