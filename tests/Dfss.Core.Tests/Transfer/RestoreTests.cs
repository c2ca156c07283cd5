using Dfss.Peers;
using Dfss.Testing;
using Dfss.Transfer;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using static Dfss.Tests.Transfer.SentFiles;

namespace Dfss.Tests.Transfer;

/// <summary>Earlier versions made the newest again, removed files brought back, and versions removed.</summary>
public sealed class RestoreTests
{
    private static readonly SendOptions Keeping = Small with { KeepVersions = 5 };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_earlier_version_is_the_newest_again_and_no_other_is_lost()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        StoredFile x = await SendThreeAsync(cluster);

        StoredFile restored = await cluster.Client.RestoreAsync(x.AtVersion(1), Token);

        Assert.Equal((4, x.AtVersion(1).Record.FileId), (restored.Record.Version, restored.Record.FileId));
        Assert.Equal([3L, 2L], restored.Record.Previous.Select(one => one.Version));
        await CollectAsync(cluster);
        StoredFile found = await cluster.Client.GetAsync("x", Token);
        await AssertComesBackAsync(cluster, found, seed: 1);
        await AssertComesBackAsync(cluster, found.AtVersion(3), seed: 3);
        await AssertComesBackAsync(cluster, found.AtVersion(2), seed: 2);
    }

    [Fact]
    public async Task The_newest_and_what_is_not_kept_are_refused()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        StoredFile first = await SendAsync(cluster, "x");
        await SendAsync(cluster, "x", seed: 2);
        StoredFile x = await SendAsync(cluster, "x", seed: 3);

        await FailsAsync(DfssErrorCode.InvalidArgument, () => cluster.Client.RestoreAsync(x, Token));
        DfssException error = await FailsAsync(
            DfssErrorCode.FileNotFound, () => cluster.Client.RestoreAsync(first, Token));
        Assert.Contains("of the earlier ones 2 is kept", error.Reason, StringComparison.Ordinal);
        Assert.Equal(3, (await cluster.Client.GetAsync("x", Token)).Record.Version);
    }

    [Fact]
    public async Task A_removed_file_that_is_listed_and_tested_is_collected_in_its_time()
    {
        using TemporaryFolder folder = new();
        FakeTimeProvider clock = new();
        await using DfssPeer peer = await DfssPeer.StartAsync(
            new PeerOptions { Port = 0, TimeProvider = clock }, Token);
        async Task<T> AskAsync<T>(Func<DfssClient, Task<T>> ask)
        {
            // The clock's steps end idle connections.
            await using DfssClient client = new([Cluster.AddressOf(peer)], TransferOptions.Default);
            return await ask(client);
        }

        string source = folder.CreateFile("x", 5 * DfssLimits.MinChunkSize, seed: 1);
        StoredFile x = await AskAsync(client => client.SendAsync(source, "x", Small, progress: null, Token));
        await AskAsync(async client =>
        {
            await client.RemoveAsync(x, RemoveOptions.Default, Token);
            return true;
        });
        clock.Advance(TimeSpan.FromHours(23));

        FileHealth health = await AskAsync(async client => await client.TestAsync(
            await client.GetRemovedAsync("x", Token), deep: false, progress: null, Token));
        Assert.Equal(1, health.File.PresentReplicas);

        clock.Advance(TimeSpan.FromHours(1));
        await AskAsync(client => client.OptimizeAsync(Cluster.AddressOf(peer), OptimizeOptions.Default, Token));
        Assert.Equal<bool[]>([true], await peer.Chunks.FindMissingAsync([x.Record.FileId.ToChunkId()], Token));
    }

    [Fact]
    public async Task A_removed_file_is_found_and_comes_back_with_its_earlier_versions()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        StoredFile x = await SendThreeAsync(cluster);
        await SendAsync(cluster, "other");
        await cluster.Client.RemoveAsync(x, RemoveOptions.Default, Token);

        StoredFile removed = Assert.Single(await ToListAsync(cluster.Client.ListRemovedAsync("", Token)));
        Assert.Equal((true, "x", 3L), (removed.IsRemoved, removed.Name, removed.Record.Version));
        Assert.Equal(x.Record.FileId, (await cluster.Client.GetRemovedAsync("x", Token)).Record.FileId);
        StoredFile restored = await cluster.Client.RestoreAsync(removed, Token);

        Assert.Equal((5, 2), (restored.Record.Version, restored.PresentReplicas));
        Assert.Equal([2L, 1L], restored.Record.Previous.Select(one => one.Version));
        await CollectAsync(cluster);
        StoredFile found = await cluster.Client.GetAsync("x", Token);
        await AssertComesBackAsync(cluster, found, seed: 3);
        await AssertComesBackAsync(cluster, found.AtVersion(1), seed: 1);
        Assert.Empty(await ToListAsync(cluster.Client.ListRemovedAsync("", Token)));
        await FailsAsync(DfssErrorCode.FileNotFound, () => cluster.Client.GetRemovedAsync("x", Token));
    }

    [Fact]
    public async Task An_earlier_version_of_a_removed_file_comes_back_too()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        StoredFile x = await SendThreeAsync(cluster);
        await cluster.Client.RemoveAsync(x, RemoveOptions.Default, Token);

        StoredFile removed = await cluster.Client.GetRemovedAsync("x", Token);
        StoredFile restored = await cluster.Client.RestoreAsync(removed.AtVersion(2), Token);

        Assert.Equal([3L, 1L], restored.Record.Previous.Select(one => one.Version));
        await AssertComesBackAsync(cluster, restored, seed: 2);
    }

    [Fact]
    public async Task A_removed_file_whose_chunks_are_gone_is_refused_and_stays_removed()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        await cluster.Client.RemoveAsync(await SendAsync(cluster, "x"), RemoveOptions.Default, Token);
        StoredFile removed = await cluster.Client.GetRemovedAsync("x", Token);
        await CollectAsync(cluster);

        DfssException error = await FailsAsync(
            DfssErrorCode.ChunkNotFound, () => cluster.Client.RestoreAsync(removed, Token));

        Assert.StartsWith(
            "Version 1 of 'x' cannot be restored: chunks of it are gone.", error.Reason, StringComparison.Ordinal);
        await FailsAsync(DfssErrorCode.FileNotFound, () => cluster.Client.GetAsync("x", Token));
        Assert.Equal(
            0, (await cluster.Client.TestAsync(removed, deep: false, progress: null, Token)).File.PresentReplicas);
    }

    [Fact]
    public async Task Of_a_removed_file_the_versions_whose_chunks_are_gone_do_not_come_back()
    {
        List<string> warnings = [];
        await using Cluster cluster = await Cluster.StartAsync(
            1, options: TransferOptions.Default with { Warning = warnings.Add });
        StoredFile x = await SendThreeAsync(cluster);

        // Other names keep the chunks of versions 3 and 1, and nothing keeps those of 2.
        await cluster.Client.CopyAsync(x, "three", CopyOptions.Default, Token);
        await cluster.Client.CopyAsync(x.AtVersion(1), "one", CopyOptions.Default, Token);
        await cluster.Client.RemoveAsync(x, RemoveOptions.Default, Token);
        await CollectAsync(cluster);
        warnings.Clear();

        StoredFile restored = await cluster.Client.RestoreAsync(
            await cluster.Client.GetRemovedAsync("x", Token), Token);

        Assert.Equal([1L], restored.Record.Previous.Select(one => one.Version));
        Assert.Equal(["Version 2 of 'x' does not come back: chunks of it are gone."], warnings);
        await cluster.Client.RemoveAsync(await cluster.Client.GetAsync("one", Token), RemoveOptions.Default, Token);
        await CollectAsync(cluster);
        await AssertComesBackAsync(cluster, restored.AtVersion(1), seed: 1);
    }

    [Fact]
    public async Task A_name_that_was_sent_again_since_is_not_replaced()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        await cluster.Client.RemoveAsync(await SendAsync(cluster, "x"), RemoveOptions.Default, Token);
        StoredFile removed = await cluster.Client.GetRemovedAsync("x", Token);
        await SendAsync(cluster, "x", seed: 2);

        await FailsAsync(DfssErrorCode.FileNotFound, () => cluster.Client.RestoreAsync(removed, Token));
        Assert.Equal(3, (await cluster.Client.GetAsync("x", Token)).Record.Version);
    }

    [Fact]
    public async Task One_earlier_version_is_removed_and_its_chunks_are_collected()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        StoredFile x = await SendThreeAsync(cluster);
        StoredFile gone = x.AtVersion(2);

        StoredFile changed = await cluster.Client.RemoveVersionAsync(x, 2, Token);

        Assert.Equal((4, x.Record.FileId), (changed.Record.Version, changed.Record.FileId));
        Assert.Equal([1L], changed.Record.Previous.Select(one => one.Version));
        await CollectAsync(cluster);
        Assert.Equal(
            0, (await cluster.Client.TestAsync(gone, deep: false, progress: null, Token)).File.PresentReplicas);
        await AssertComesBackAsync(cluster, changed, seed: 3);
        await AssertComesBackAsync(cluster, changed.AtVersion(1), seed: 1);
        await FailsAsync(DfssErrorCode.FileNotFound, () => cluster.Client.RemoveVersionAsync(changed, 2, Token));

        // Also by a file that was read before that.
        changed = await cluster.Client.RemoveVersionAsync(x, 1, Token);
        Assert.Equal((5, x.Record.FileId), (changed.Record.Version, changed.Record.FileId));
        Assert.Empty(changed.Record.Previous);
    }

    [Fact]
    public async Task The_newest_version_is_not_removed_as_a_version()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        StoredFile x = await SendThreeAsync(cluster);

        DfssException error = await FailsAsync(
            DfssErrorCode.InvalidArgument, () => cluster.Client.RemoveVersionAsync(x, 3, Token));

        Assert.Equal("Version 3 of 'x' is its newest one, which is the file itself.", error.Reason);
        Assert.Equal(3, (await cluster.Client.GetAsync("x", Token)).Record.Version);
    }

    private static async Task<StoredFile> SendThreeAsync(Cluster cluster)
    {
        await SendAsync(cluster, "x", seed: 1, Keeping);
        await SendAsync(cluster, "x", seed: 2, Keeping);
        return await SendAsync(cluster, "x", seed: 3, Keeping);
    }
}
