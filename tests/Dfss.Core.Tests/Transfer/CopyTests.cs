using Dfss.Encryption;
using Dfss.Protocol;
using Dfss.Testing;
using Dfss.Transfer;
using Xunit;
using static Dfss.Tests.Transfer.SentFiles;

namespace Dfss.Tests.Transfer;

/// <summary>Copies within a store: a second name for content that the peers have.</summary>
public sealed class CopyTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_copy_has_the_content_time_mode_and_copies_of_its_source_and_survives_it()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        StoredFile x = await SendAsync(cluster, "x");

        StoredFile y = await cluster.Client.CopyAsync(x, "folder/y", CopyOptions.Default, Token);

        Assert.Equal(x.Record.Content, y.Record.Content);
        Assert.Equal(x.Record.Home.Select(one => one.StoreId), y.Record.Home.Select(one => one.StoreId));
        Assert.Equal((1, 2), (y.Record.Version, y.PresentReplicas));
        await cluster.Client.RemoveAsync(x, RemoveOptions.Default, Token);
        await CollectAsync(cluster);
        Assert.True((await cluster.Client.TestAsync(y, deep: true, progress: null, Token)).IsHealthy);
        await AssertComesBackAsync(cluster, await cluster.Client.GetAsync("folder/y", Token));
    }

    [Fact]
    public async Task No_chunk_crosses_the_network()
    {
        await using HeldPeer peer = await HeldPeer.StartAsync();
        await using DfssClient client = new([peer.Address], TransferOptions.Default);
        using TemporaryFolder folder = new();
        StoredFile x = await client.SendAsync(
            folder.CreateFile("source", 300_000, seed: 1), "x", Small, progress: null, Token);
        peer.Operations.Clear();

        await client.CopyAsync(x, "y", CopyOptions.Default, Token);

        Assert.Contains(Operations.Seal, peer.Operations);
        Assert.DoesNotContain(Operations.StoreChunks, peer.Operations);
        Assert.DoesNotContain(Operations.StoreChunk, peer.Operations);
    }

    [Fact]
    public async Task An_existing_name_is_replaced_only_with_force_and_stays_as_an_earlier_version()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        StoredFile x = await SendAsync(cluster, "x");
        StoredFile y = await SendAsync(cluster, "y", seed: 2);

        await FailsAsync(DfssErrorCode.FileExists, () => cluster.Client.CopyAsync(x, "y", CopyOptions.Default, Token));
        await FailsAsync(
            DfssErrorCode.InvalidName, () => cluster.Client.CopyAsync(x, "../y", CopyOptions.Default, Token));
        await FailsAsync(
            DfssErrorCode.InvalidArgument,
            () => cluster.Client.CopyAsync(x, "x", new CopyOptions { Force = true }, Token));
        StoredFile copy = await cluster.Client.CopyAsync(x, "y", new CopyOptions { Force = true }, Token);

        Assert.Equal((2, x.Record.FileId), (copy.Record.Version, copy.Record.FileId));
        Assert.Equal([y.Record.FileId], copy.Record.Previous.Select(one => one.FileId));
        Assert.True((await cluster.Client.TestAsync(copy.AtVersion(1), deep: true, progress: null, Token)).IsHealthy);
    }

    [Fact]
    public async Task An_earlier_version_can_be_copied()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        StoredFile first = await SendAsync(cluster, "x");
        StoredFile x = await SendAsync(cluster, "x", seed: 2);

        StoredFile y = await cluster.Client.CopyAsync(x.AtVersion(1), "y", CopyOptions.Default, Token);

        Assert.Equal((1, first.Record.FileId), (y.Record.Version, y.Record.FileId));
        Assert.Empty(y.Record.Previous);
    }

    [Fact]
    public async Task An_encrypted_copy_opens_with_the_key_of_its_source()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        EncryptionKey key = EncryptionKey.Create();
        string source = cluster.Folder.CreateFile("source", 300_000, seed: 1);
        StoredFile x = await cluster.Client.SendAsync(
            source, "x", Small with { Recipients = [Recipient.Of(key)] }, progress: null, Token);

        StoredFile y = await cluster.Client.CopyAsync(x, "y", CopyOptions.Default, Token);

        Assert.Equal(x.RecipientKeyIds, y.RecipientKeyIds);
        await cluster.Client.RemoveAsync(x, RemoveOptions.Default, Token);
        await cluster.Client.ReceiveAsync(
            y, cluster.Folder["back"], new ReceiveOptions { Keys = new KeyRing([key], []) }, progress: null, Token);
        Assert.Equal(
            await File.ReadAllBytesAsync(source, Token), await File.ReadAllBytesAsync(cluster.Folder["back"], Token));
    }

    [Fact]
    public async Task The_same_content_with_other_keys_stays_as_an_earlier_version()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        EncryptionKey key = EncryptionKey.Create();
        EncryptionKey friend = EncryptionKey.Create();
        StoredFile x = await cluster.Client.SendAsync(
            cluster.Folder.CreateFile("source", 100, seed: 1), "x", Small with { Recipients = [Recipient.Of(key)] },
            progress: null, Token);
        StoredFile y = await cluster.Client.CopyAsync(x, "y", CopyOptions.Default, Token);
        y = await cluster.Client.AddRecipientsAsync(y, [Recipient.Of(friend)], new KeyRing([key], []), Token);

        StoredFile copy = await cluster.Client.CopyAsync(x, "y", new CopyOptions { Force = true }, Token);

        Assert.Equal(x.RecipientKeyIds, copy.RecipientKeyIds);
        Assert.Equal(y.RecipientKeyIds, copy.AtVersion(2).RecipientKeyIds);
        StoredFile again = await cluster.Client.CopyAsync(x, "y", new CopyOptions { Force = true }, Token);
        Assert.Equal([2L], again.Record.Previous.Select(one => one.Version));
    }

    [Fact]
    public async Task What_a_collection_took_meanwhile_is_not_copied_and_that_is_said()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        StoredFile x = await SendAsync(cluster, "x");
        await cluster.Client.RemoveAsync(x, RemoveOptions.Default, Token);
        await CollectAsync(cluster);

        await FailsAsync(
            DfssErrorCode.ChunkNotFound, () => cluster.Client.CopyAsync(x, "y", CopyOptions.Default, Token));
        await FailsAsync(DfssErrorCode.FileNotFound, () => cluster.Client.GetAsync("y", Token));
    }

    [Fact]
    public async Task A_collection_between_the_question_and_the_seal_is_noticed()
    {
        using TemporaryFolder folder = new();
        await using HeldPeer peer = await HeldPeer.StartAsync();
        await using DfssClient client = new([peer.Address], TransferOptions.Default);
        StoredFile x = await client.SendAsync(
            folder.CreateFile("source", 300_000, seed: 1), "x", Small, progress: null, Token);
        peer.Holds = (operation, _, _) => operation == Operations.Seal;
        Task<StoredFile> copying = client.CopyAsync(x, "y", CopyOptions.Default, Token);
        await Task.WhenAny(peer.Reached, copying).WaitAsync(Token);
        Assert.True(peer.Reached.IsCompleted, "nothing was sealed");

        // Another client removes the source, and the peer deletes all that no name keeps.
        await using DfssClient other = new([peer.StoreAddress], TransferOptions.Default);
        await other.RemoveAsync(x, RemoveOptions.Default, Token);
        await other.OptimizeAsync(peer.StoreAddress, AtOnce, Token);
        peer.Holds = null;
        peer.Front.Cut();

        Assert.Equal(DfssErrorCode.ChunkNotFound, (await Assert.ThrowsAsync<DfssException>(() => copying)).Code);
        await FailsAsync(DfssErrorCode.FileNotFound, () => client.GetAsync("y", Token));
    }
}
