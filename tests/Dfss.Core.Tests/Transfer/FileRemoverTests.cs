using Dfss.Protocol;
using Dfss.Testing;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>Removing and renaming.</summary>
public sealed class FileRemoverTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_removed_is_not_found_and_can_be_sent_again()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        StoredFile sent = await SendAsync(cluster, "x");

        StoredFile removed = await cluster.Client.RemoveAsync(sent, RemoveOptions.Default, Token);

        Assert.Equal(sent.Record.WriterId, removed.Record.WriterId);
        await FailsAsync(DfssErrorCode.FileNotFound, () => cluster.Client.GetAsync("x", Token));
        Assert.Empty(await ListAsync(cluster));
        await FailsAsync(DfssErrorCode.Conflict, () => cluster.Client.RemoveAsync(sent, RemoveOptions.Default, Token));
        await FailsAsync(
            DfssErrorCode.FileNotFound,
            () => cluster.Client.RemoveAsync(sent, new RemoveOptions { Force = true }, Token));
        Assert.Equal(3, (await SendAsync(cluster, "x")).Record.Version);
    }

    [Fact]
    public async Task Only_the_version_that_was_seen_is_removed_unless_forced()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        StoredFile first = await SendAsync(cluster, "x");
        StoredFile second = await SendAsync(cluster, "x", seed: 2);

        await FailsAsync(DfssErrorCode.Conflict, () => cluster.Client.RemoveAsync(first, RemoveOptions.Default, Token));
        Assert.Equal(2, (await cluster.Client.GetAsync("x", Token)).Record.Version);
        StoredFile removed = await cluster.Client.RemoveAsync(first, new RemoveOptions { Force = true }, Token);
        Assert.Equal(second.Record.FileId, removed.Record.FileId);
    }

    [Fact]
    public async Task A_renamed_file_has_the_same_content_under_the_new_name_only()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        StoredFile sent = await SendAsync(cluster, "x");

        StoredFile renamed = await cluster.Client.RenameAsync(sent, "folder/y", Token);

        Assert.Equal(("folder/y", sent.Record.FileId), (renamed.Record.Name, renamed.Record.FileId));
        Assert.Equal(["folder/y"], await ListAsync(cluster));
        Assert.True((await cluster.Client.TestAsync(renamed, deep: true, progress: null, Token)).IsHealthy);
        await cluster.Client.ReceiveAsync(
            await cluster.Client.GetAsync("folder/y", Token), cluster.Folder["back"], ReceiveOptions.Default,
            progress: null, Token);
        Assert.Equal(
            await File.ReadAllBytesAsync(cluster.Folder["source"], Token),
            await File.ReadAllBytesAsync(cluster.Folder["back"], Token));
    }

    [Fact]
    public async Task A_name_that_exists_is_not_taken_by_a_renamed_file()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        StoredFile x = await SendAsync(cluster, "x");
        await SendAsync(cluster, "y", seed: 2);

        await FailsAsync(DfssErrorCode.FileExists, () => cluster.Client.RenameAsync(x, "y", Token));
        await FailsAsync(DfssErrorCode.InvalidName, () => cluster.Client.RenameAsync(x, "../y", Token));
        await FailsAsync(DfssErrorCode.FileExists, () => cluster.Client.RenameAsync(x, "x", Token));
        Assert.Equal(["x", "y"], await ListAsync(cluster));
    }

    [Fact]
    public async Task A_name_that_exists_at_other_peers_is_not_taken_either()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        string source = cluster.Folder.CreateFile("source", 10, seed: 1);
        await using DfssClient first = new([cluster.Addresses[0]], TransferOptions.Default);
        await using DfssClient second = new([cluster.Addresses[1]], TransferOptions.Default);
        StoredFile x = await first.SendAsync(source, "x", SendOptions.Default, progress: null, Token);
        StoredFile y = await second.SendAsync(source, "y", SendOptions.Default, progress: null, Token);

        await FailsAsync(DfssErrorCode.FileExists, () => cluster.Client.RenameAsync(x, "y", Token));
        await cluster.Client.RemoveAsync(y, RemoveOptions.Default, Token);
        await FailsAsync(DfssErrorCode.Conflict, () => cluster.Client.RenameAsync(x, "y", Token));
        Assert.Equal(["x"], await ListAsync(cluster));
    }

    [Fact]
    public async Task A_name_that_was_removed_at_the_same_peers_can_be_taken_whatever_their_order_was()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        StoredFile x = await SendAsync(cluster, "x");
        HomeMember[] home = [.. x.Record.Home];
        FileHealth before = await cluster.Client.TestAsync(x, deep: true, progress: null, Token);
        List<StoreId?> firsts = [];
        foreach (string name in new[] { "a", "b", "c", "d", "e", "f" })
        {
            StoredFile former = await SendAsync(cluster, name, seed: 2);
            firsts.Add(former.Record.Home[0].StoreId);
            await cluster.Client.RemoveAsync(former, RemoveOptions.Default, Token);

            x = await cluster.Client.RenameAsync(x, name, Token);

            // Its chunks stay where they are, and so the order of the peers by which they are found.
            Assert.Equal((name, 3), (x.Record.Name, x.Record.Version));
            StoredFile found = await cluster.Client.GetAsync(name, Token);
            Assert.Equal(home.Select(member => member.StoreId), found.Record.Home.Select(member => member.StoreId));
            FileHealth health = await cluster.Client.TestAsync(found, deep: true, progress: null, Token);
            Assert.Equal(before.Chunks.Select(Places), health.Chunks.Select(Places));
        }

        Assert.Equal(3, firsts.Distinct().Count());
        Assert.Equal(["f"], await ListAsync(cluster));
        x = await cluster.Client.SendAsync(
            cluster.Folder.CreateFile("source", 300_000, seed: 3), "f", new SendOptions { Force = true },
            progress: null, Token);
        Assert.Equal(4, x.Record.Version);
    }

    [Fact]
    public async Task A_renamed_file_starts_its_versions_over()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        await SendAsync(cluster, "x");
        StoredFile x = await SendAsync(cluster, "x", seed: 2);
        Assert.Single(x.Record.Previous);

        StoredFile y = await cluster.Client.RenameAsync(x, "y", Token);

        Assert.Equal(1, y.Record.Version);
        Assert.Empty(y.Record.Previous);
        DfssException error = Assert.Throws<DfssException>(() => y.AtVersion(2));
        Assert.Equal(DfssErrorCode.FileNotFound, error.Code);
    }

    [Fact]
    public async Task The_old_name_of_a_renamed_file_is_no_removed_file()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        await SendAsync(cluster, "x");
        StoredFile x = await SendAsync(cluster, "x", seed: 2);

        await cluster.Client.RenameAsync(x, "y", Token);

        Assert.Empty(await cluster.Client.ListRemovedAsync("", Token).ToListAsync(Token));
        await FailsAsync(DfssErrorCode.FileNotFound, () => cluster.Client.GetRemovedAsync("x", Token));
        Assert.Equal(4, (await SendAsync(cluster, "x")).Record.Version);
    }

    [Fact]
    public async Task A_file_that_changes_while_it_is_renamed_has_both_names_and_that_is_said()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        await using HeldPeer second = await HeldPeer.StartAsync();
        await using DfssClient client = new([cluster.Addresses[0], second.Address], TransferOptions.Default);
        string source = cluster.Folder.CreateFile("source", 10, seed: 1);
        StoredFile x = await client.SendAsync(source, "x", SendOptions.Default, progress: null, Token);
        await using DfssClient other = new([cluster.Addresses[0], second.StoreAddress], TransferOptions.Default);

        // The new name is being sealed: the old one was looked at, and is not removed yet.
        second.Holds = (operation, _, _) => operation == Operations.Seal;
        Task<StoredFile> renaming = client.RenameAsync(x, "y", Token);
        await second.Reached.WaitAsync(Token);
        await other.SendAsync(source, "x", new SendOptions { Force = true }, progress: null, Token);
        second.Holds = null;
        second.Front.Cut();

        DfssException error = await Assert.ThrowsAsync<DfssException>(() => renaming);
        Assert.Equal(DfssErrorCode.Conflict, error.Code);
        Assert.Equal(
            "'y' was made, and 'x' could not be removed: 'x' is at version 2, not at version 1.", error.Reason);
        Assert.Equal(2, (await client.GetAsync("x", Token)).Record.Version);
        Assert.Equal(x.Record.FileId, (await client.GetAsync("y", Token)).Record.FileId);
    }

    private static string Places(ChunkHealth chunk) =>
        string.Join(' ', chunk.Holders.Select(member => member.StoreId.ToString()).Order(StringComparer.Ordinal));

    private static Task<StoredFile> SendAsync(Cluster cluster, string name, int seed = 1) => cluster.Client.SendAsync(
        cluster.Folder.CreateFile("source", 300_000, seed),
        name,
        new SendOptions { ChunkSize = DfssLimits.MinChunkSize, Force = true },
        progress: null,
        Token);

    private static async Task FailsAsync(DfssErrorCode code, Func<Task> action) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<DfssException>(action)).Code);

    private static async Task<List<string>> ListAsync(Cluster cluster)
    {
        List<string> names = [];
        await foreach (StoredFile file in cluster.Client.ListAsync(string.Empty, Token))
        {
            names.Add(file.Record.Name);
        }

        return names;
    }
}
