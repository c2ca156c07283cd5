using Dfss.Encryption;
using Dfss.Testing;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>
/// Encrypted files through real peers: they come back with the key, and everything else goes without.
/// </summary>
public sealed class EncryptedFileTests
{
    private const int ChunkSize = DfssLimits.MinChunkSize;
    private const int PieceSize = ChunkSize - KeyEnvelope.ChunkOverheadBytes;

    private readonly EncryptionKey owner = EncryptionKey.Create();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private KeyRing Keys => new([owner], []);

    private SendOptions Sending => new() { ChunkSize = ChunkSize, Recipients = [Recipient.Of(owner)], Force = true };

    public static TheoryData<int, int> SizesAndThrottles => new(
        from size in new[]
        {
            0, 1, PieceSize - 1, PieceSize, PieceSize + 1, ChunkSize, (5 * PieceSize) - 1, 5 * PieceSize,
            (5 * PieceSize) + 1
        }
        from throttle in new[] { 1, 4, 64 }
        select (size, throttle));

    [Theory]
    [MemberData(nameof(SizesAndThrottles))]
    public async Task It_comes_back_whatever_its_size_and_however_many_go_at_once(int size, int throttle)
    {
        await using Cluster cluster = await Cluster.StartAsync(
            3, options: new TransferOptions { ThrottleLimit = throttle });
        string source = cluster.Folder.CreateFile("source", size, seed: size);

        StoredFile sent = await cluster.Client.SendAsync(source, "x", Sending, progress: null, Token);

        Assert.Equal(
            (size, (size + PieceSize - 1) / PieceSize * KeyEnvelope.ChunkOverheadBytes),
            (sent.Record.ContentLength, sent.Record.Length - size));
        Assert.Equal([owner.KeyId], sent.RecipientKeyIds);
        StoredFile found = await cluster.Client.GetAsync("x", Token);
        await AssertComesBackAsync(cluster, found, source, Keys);
        Assert.True((await cluster.Client.CompareAsync(source, found, Keys, progress: null, Token)).IsEqual);
        Assert.True((await cluster.Client.TestAsync(found, deep: true, progress: null, Token)).IsHealthy);
    }

    [Fact]
    public async Task No_chunk_that_a_peer_has_shows_the_content_or_repeats()
    {
        await using Cluster cluster = await Cluster.StartAsync(1, onDisk: true);
        string source = cluster.Folder["source"];

        await File.WriteAllBytesAsync(source, new byte[4 * (ChunkSize - KeyEnvelope.ChunkOverheadBytes)], Token);

        StoredFile first = await cluster.Client.SendAsync(source, "x", Sending, progress: null, Token);
        StoredFile second = await cluster.Client.SendAsync(source, "y", Sending, progress: null, Token);

        Assert.NotEqual(first.Record.FileId, second.Record.FileId);
        byte[][] contents =
            [.. StoreFiles.List(cluster.Folder["store0"]).Where(chunk => chunk.Length == ChunkSize)
                .Select(chunk => chunk.Read())];
        Assert.Equal(8, contents.Length);
        Assert.Equal(
            8, contents.Select(bytes => Convert.ToHexString(bytes[..ChunkCipher.NonceBytes])).Distinct().Count());
        Assert.All(contents, bytes => Assert.True(bytes.Count(one => one == 0) < ChunkSize / 64));
    }

    [Fact]
    public async Task Without_the_key_nothing_is_delivered_and_all_else_is_done()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        string source = cluster.Folder.CreateFile("source", 3 * ChunkSize, seed: 1);
        StoredFile sent = await cluster.Client.SendAsync(source, "x", Sending, progress: null, Token);
        string target = cluster.Folder["received"];

        await RefusedAsync(DfssErrorCode.KeyRequired, () => ReceiveAsync(cluster, sent, target, keys: null));
        await RefusedAsync(
            DfssErrorCode.KeyWrong,
            () => ReceiveAsync(cluster, sent, target, new KeyRing([EncryptionKey.Create()], [])));
        await RefusedAsync(
            DfssErrorCode.KeyRequired, () => cluster.Client.CompareAsync(source, sent, progress: null, Token));
        Assert.Empty(Directory.GetFiles(cluster.Folder.Path, "received*"));
        StoredFile renamed = await cluster.Client.RenameAsync(sent, "y", Token);
        await cluster.Client.RepairAsync(renamed, new RepairOptions(), progress: null, Token);
        await AssertComesBackAsync(cluster, await cluster.Client.GetAsync("y", Token), source, Keys);
        await cluster.Client.RemoveAsync(renamed, RemoveOptions.Default, Token);
    }

    [Fact]
    public async Task A_plain_file_is_not_taken_for_an_encrypted_one()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        string source = cluster.Folder.CreateFile("source", 100, seed: 1);
        StoredFile plain = await cluster.Client.SendAsync(
            source, "x", new SendOptions { ChunkSize = ChunkSize }, progress: null, Token);
        StoredFile encrypted = await cluster.Client.SendAsync(source, "y", Sending, progress: null, Token);
        string target = cluster.Folder["received"];

        await RefusedAsync(DfssErrorCode.FileNotEncrypted, () => ReceiveAsync(cluster, plain, target, Keys));
        StoredFile stripped = encrypted with { Record = encrypted.Record with { Encryption = null } };
        await RefusedAsync(DfssErrorCode.ChunkCorrupt, () => ReceiveAsync(cluster, stripped, target, keys: null));
        StoredFile dressed = plain with { Record = plain.Record with { Encryption = encrypted.Record.Encryption } };
        await RefusedAsync(DfssErrorCode.FileTampered, () => ReceiveAsync(cluster, dressed, target, Keys));
        Assert.False(File.Exists(target));
    }

    [Fact]
    public async Task Chunks_and_keys_of_another_version_are_refused()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        string source = cluster.Folder.CreateFile("source", 2 * ChunkSize, seed: 1);
        await cluster.Client.SendAsync(source, "x", Sending, progress: null, Token);
        StoredFile second = await cluster.Client.SendAsync(source, "x", Sending, progress: null, Token);
        StoredFile first = second.AtVersion(1);
        string target = cluster.Folder["received"];

        await RefusedAsync(DfssErrorCode.FileTampered, () => ReceiveAsync(
            cluster, second with { Record = second.Record with { Encryption = first.Record.Encryption } },
            target, Keys));
        await RefusedAsync(DfssErrorCode.FileTampered, () => ReceiveAsync(
            cluster, second with { Record = second.Record with { FileId = first.Record.FileId } }, target, Keys));
        Assert.False(File.Exists(target));
        await AssertComesBackAsync(cluster, first, source, Keys);
    }

    [Fact]
    public async Task A_comparison_finds_the_chunk_that_differs()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        string source = cluster.Folder.CreateFile("source", 3 * PieceSize, seed: 1);
        StoredFile sent = await cluster.Client.SendAsync(source, "x", Sending, progress: null, Token);
        byte[] content = await File.ReadAllBytesAsync(source, Token);
        content[PieceSize] ^= 1;
        await File.WriteAllBytesAsync(source, content, Token);

        FileComparison comparison = await cluster.Client.CompareAsync(source, sent, Keys, progress: null, Token);

        Assert.Equal([new ByteRange(PieceSize, PieceSize)], comparison.Differences);
        Assert.Equal(3 * PieceSize, comparison.StoredLength);
    }

    [Fact]
    public async Task A_recipient_is_added_and_left_out_without_a_chunk_being_sent()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        string source = cluster.Folder.CreateFile("source", 3 * ChunkSize, seed: 1);
        StoredFile sent = await cluster.Client.SendAsync(source, "x", Sending, progress: null, Token);
        EncryptionKey friend = EncryptionKey.Create();
        KeyRing friends = new([friend], []);
        long chunks = await CountAsync(cluster);

        StoredFile shared = await cluster.Client.AddRecipientsAsync(sent, [Recipient.Of(friend)], Keys, Token);

        Assert.Equal((2, sent.Record.FileId), (shared.Record.Version, shared.Record.FileId));
        Assert.Equal([owner.KeyId, friend.KeyId], shared.RecipientKeyIds);
        await AssertComesBackAsync(cluster, await cluster.Client.GetAsync("x", Token), source, friends);
        await RefusedAsync(
            DfssErrorCode.Conflict, () => cluster.Client.AddRecipientsAsync(sent, [Recipient.Of(friend)], Keys, Token));
        StoredFile left = await cluster.Client.RemoveRecipientsAsync(shared, [owner.KeyId], Token);
        Assert.Equal([friend.KeyId], (await cluster.Client.GetAsync("x", Token)).RecipientKeyIds);
        await RefusedAsync(DfssErrorCode.KeyWrong, () => ReceiveAsync(cluster, left, cluster.Folder["received"], Keys));
        await RefusedAsync(
            DfssErrorCode.InvalidArgument, () => cluster.Client.RemoveRecipientsAsync(left, [friend.KeyId], Token));
        await RefusedAsync(
            DfssErrorCode.InvalidArgument, () => cluster.Client.RemoveRecipientsAsync(left, [owner.KeyId], Token));
        Assert.Equal(chunks, await CountAsync(cluster));
    }

    private static async Task<long> CountAsync(Cluster cluster)
    {
        PeerInfo[] infos = await Task.WhenAll(
            cluster.Addresses.Select(address => cluster.Client.GetPeerInfoAsync(address, Token)));
        return infos.Sum(info => info.Chunks);
    }

    private static async Task RefusedAsync(DfssErrorCode code, Func<Task> act) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<DfssException>(act)).Code);

    private static Task ReceiveAsync(Cluster cluster, StoredFile file, string target, KeyRing? keys) =>
        cluster.Client.ReceiveAsync(
            file, target, new ReceiveOptions { Force = true, Keys = keys }, progress: null, Token);

    private static async Task AssertComesBackAsync(Cluster cluster, StoredFile file, string source, KeyRing keys)
    {
        string target = cluster.Folder["received-" + Guid.NewGuid().ToString("N")];
        await ReceiveAsync(cluster, file, target, keys);
        Assert.Equal(await File.ReadAllBytesAsync(source, Token), await File.ReadAllBytesAsync(target, Token));
    }
}
