using Dfss.Protocol;
using Dfss.Records;
using Dfss.Security;
using Dfss.Testing;
using Dfss.Transfer;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>Identities that are limited to names with some prefix: to them the rest does not exist.</summary>
public sealed class NamePrefixTests : IAsyncLifetime
{
    private readonly TestAuthority authority = new();
    private readonly TemporaryFolder folder = new();
    private readonly List<DfssClient> clients = [];
    private TlsPeer peer = null!;
    private DfssClient admin = null!;
    private DfssClient writer = null!;
    private StoredFile secret = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        peer = await TlsPeer.StartAsync(authority.IdentifyPeer, configure: null, Token);
        admin = ClientOf(authority.Identify(DfssRole.Admin));
        writer = ClientOf(authority.Identify(DfssRole.Writer, "builds/", "logs/"));
        secret = await SendAsync(admin, "secret/plan", seed: 1);
        await SendAsync(admin, "builds/1", seed: 2);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (DfssClient client in clients)
        {
            await client.DisposeAsync();
        }

        await peer.DisposeAsync();
        authority.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task It_sends_lists_receives_and_removes_below_its_prefixes()
    {
        await SendAsync(writer, "logs/a", seed: 3);
        Assert.Equal(["builds/1", "logs/a"], await ListAsync(writer, ""));
        Assert.Equal(["logs/a"], await ListAsync(writer, "logs/"));
        Assert.Empty(await ListAsync(writer, "secret/"));
        Assert.Equal(["builds/1", "logs/a", "secret/plan"], await ListAsync(admin, ""));

        // One that has put nothing itself gets all by the names.
        DfssClient reader = ClientOf(authority.Identify(DfssRole.Reader, "builds/", "logs/"));
        await ReceiveAsync(reader, await reader.GetAsync("builds/1", Token), seed: 2);
        await ReceiveAsync(reader, await reader.GetAsync("logs/a", Token), seed: 3);
        await writer.RemoveAsync(await writer.GetAsync("logs/a", Token), RemoveOptions.Default, Token);
        Assert.Equal(["builds/1"], await ListAsync(reader, ""));
    }

    [Fact]
    public async Task A_client_learns_that_names_are_kept_from_it()
    {
        Assert.Contains("certificate permits", Assert.Single(await LacksAsync(writer, "")), StringComparison.Ordinal);
        Assert.Single(await LacksAsync(writer, "secret/"));
        Assert.Single(await LacksAsync(writer, "log"));
        Assert.Empty(await LacksAsync(writer, "logs/"));
        Assert.Empty(await LacksAsync(writer, "builds/1"));
        Assert.Empty(await LacksAsync(admin, ""));
    }

    [Fact]
    public async Task An_earlier_version_comes_by_the_name_too()
    {
        StoredFile first = await writer.GetAsync("builds/1", Token);
        await SendAsync(writer, "builds/1", seed: 4);
        DfssClient reader = ClientOf(authority.Identify(DfssRole.Reader, "builds/"));
        await ReceiveAsync(reader, await reader.GetAsync("builds/1", Token), seed: 4);
        await ReceiveAsync(reader, first, seed: 2);
    }

    [Fact]
    public async Task Other_names_are_not_permitted()
    {
        await NotPermittedAsync(() => writer.GetAsync("secret/plan", Token));
        await NotPermittedAsync(
            () => writer.ReceiveAsync(secret, folder["copy"], ReceiveOptions.Default, progress: null, Token));
        await NotPermittedAsync(() => SendAsync(writer, "secret/other", seed: 5));
        await NotPermittedAsync(() => writer.RemoveAsync(secret, RemoveOptions.Default, Token));
        await NotPermittedAsync(() => SendAsync(writer, "Builds/1", seed: 5));
    }

    [Fact]
    public async Task Chunks_of_others_are_missing_by_their_ids_and_cannot_be_sealed_or_named()
    {
        byte[] content = await File.ReadAllBytesAsync(folder["source1"], Token);
        ChunkId id = ChunkId.Of(content.AsSpan(0, 65536));
        TlsIdentity identity = authority.Identify(DfssRole.Writer, "builds/");
        await using ClientChannel channel = await peer.ConnectAsync(identity, Token);
        FileManifest manifest = FileManifest.Create(
            content.Length, 65536, [.. Enumerable.Range(0, content.Length / 65536)
                .Select(i => ChunkId.Of(content.AsSpan(i * 65536, 65536)))]);
        Assert.Equal(secret.Record.FileId, manifest.FileId);

        Assert.Equal(
            DfssErrorCode.ChunkNotFound,
            await CodeOfAsync(channel, "get_chunk", new() { { "chunk_id", id.ToByteArray() } }));
        using (Response found = await channel.CallAsync("find_missing", MessageMap.Empty, id.ToByteArray(), Token))
        {
            Assert.Equal(1, found.Payload.Span[0]);
        }

        using (Response verified = await channel.CallAsync(
            "verify_chunk", new() { { "chunk_id", id.ToByteArray() } }, default, Token))
        {
            Assert.Equal(1, verified.Results.Required("state").AsInteger());
        }

        // The manifest it can put, since it knows the ids; of the chunks it has put none.
        using (Response put = await channel.CallAsync(
            "store_chunk", new() { { "chunk_id", manifest.FileId.ToByteArray() } }, manifest.Encoded, Token))
        {
            Assert.False(put.Results.Required("present").AsBoolean());
        }

        ChunkBitmap all = ChunkBitmap.Create(manifest.ChunkCount, _ => true);
        SealRequest seal = new("builds/2", new Ballot(1, Guid.NewGuid()), manifest.FileId, all);
        RegisterAnswer answer = await AskAsync(channel, "seal", RecordCodec.Encode(seal));
        Assert.Equal(RegisterStatus.ChunksMissing, answer.Status);
        Assert.Equal(all.Bits.ToArray(), answer.Missing.Bits.ToArray());
        SealRequest unknown = seal with { FileId = new FileId(new byte[32].Select(_ => (byte)1).ToArray()) };
        Assert.True((await AskAsync(channel, "seal", RecordCodec.Encode(unknown))).IsManifestMissing);

        FileRecord named = secret.Record with
        {
            Name = "builds/2",
            FileId = unknown.FileId,
            Version = 1,
            WriterId = Guid.NewGuid(),
            Previous = []
        };
        AcceptRequest accept = new("builds/2", seal.Ballot, named);
        (MessageMap map, byte[] payload) = MessageBatch.Join([RecordCodec.Encode(accept)]);
        Assert.Equal(DfssErrorCode.NotPermitted, await CodeOfAsync(channel, "accept", map, payload));
    }

    [Fact]
    public async Task A_tombstone_names_only_content_that_the_name_had()
    {
        FileRecord had = (await writer.GetAsync("builds/1", Token)).Record;
        FileRecord foreign = secret.Record;
        TlsIdentity identity = authority.Identify(DfssRole.Writer, "builds/");
        await using ClientChannel channel = await peer.ConnectAsync(identity, Token);
        foreach ((FileRecord named, bool isPermitted) in new[] { (foreign, false), (had, true) })
        {
            FileRecord tombstone = had with
            {
                State = FileRecordState.Removed,
                FileId = default,
                Length = 0,
                ChunkSize = 0,
                Version = 2,
                WriterId = Guid.NewGuid(),
                Previous = [named.Content],
            };
            AcceptRequest accept = new("builds/1", new Ballot(9, Guid.NewGuid()), tombstone);
            (MessageMap map, byte[] payload) = MessageBatch.Join([RecordCodec.Encode(accept)]);
            if (isPermitted)
            {
                (await channel.CallAsync("accept", map, payload, Token)).Dispose();
            }
            else
            {
                Assert.Equal(DfssErrorCode.NotPermitted, await CodeOfAsync(channel, "accept", map, payload));
            }
        }
    }

    [Fact]
    public async Task A_removed_name_is_sent_and_removed_again()
    {
        for (int seed = 5; seed < 8; seed++)
        {
            await SendAsync(writer, "logs/again", seed);
            await writer.RemoveAsync(await writer.GetAsync("logs/again", Token), RemoveOptions.Default, Token);
        }

        // Another certificate of the same names, which has put nothing: the tombstone keeps what the last one names.
        DfssClient other = ClientOf(authority.Identify(DfssRole.Writer, "logs/"));
        await SendAsync(other, "logs/again", seed: 8);
        await other.RemoveAsync(await other.GetAsync("logs/again", Token), RemoveOptions.Default, Token);
        Assert.Equal(
            "logs/again", Assert.Single(await admin.ListRemovedAsync("logs/", Token).ToListAsync(Token)).Name);
    }

    private static async Task NotPermittedAsync(Func<Task> act)
    {
        DfssException error = await Assert.ThrowsAsync<DfssException>(act);
        Assert.Equal(DfssErrorCode.NotPermitted, error.Code);
        Assert.Contains("is limited to names that begin with 'builds/'", error.Message, StringComparison.Ordinal);
    }

    private static async Task<RegisterAnswer> AskAsync(ClientChannel channel, string operation, byte[] item)
    {
        (MessageMap map, byte[] payload) = MessageBatch.Join([item]);
        using Response response = await channel.CallAsync(operation, map, payload, Token);
        return RecordCodec.DecodeAnswer(MessageBatch.Split(response.Results, response.Payload)[0]);
    }

    private static async Task<DfssErrorCode> CodeOfAsync(
        ClientChannel channel, string operation, MessageMap arguments, ReadOnlyMemory<byte> payload = default) =>
        (await Assert.ThrowsAsync<DfssException>(
            async () => (await channel.CallAsync(operation, arguments, payload, Token)).Dispose())).Code;

    private static async Task<string[]> ListAsync(DfssClient client, string prefix)
    {
        List<string> names = [];
        await foreach (StoredFile file in client.ListAsync(prefix, Token))
        {
            names.Add(file.Record.Name);
        }

        return [.. names];
    }

    private static async Task<List<string>> LacksAsync(DfssClient client, string prefix)
    {
        List<string> lacks = [];
        _ = await client.ListAsync(prefix, lacks.Add, Token).ToListAsync(Token);
        return lacks;
    }

    private DfssClient ClientOf(TlsIdentity identity)
    {
        DfssClient client = new([peer.Address], new TransferOptions { Identity = identity, MaxAttempts = 1 });
        clients.Add(client);
        return client;
    }

    private Task<StoredFile> SendAsync(DfssClient client, string name, int seed) => client.SendAsync(
        folder.CreateFile($"source{seed}", 4 * 65536, seed), name, new SendOptions { ChunkSize = 65536, Force = true },
        progress: null, Token);

    private async Task ReceiveAsync(DfssClient client, StoredFile file, int seed)
    {
        string destination = folder[$"received{Guid.NewGuid():N}"];
        await client.ReceiveAsync(file, destination, ReceiveOptions.Default, progress: null, Token);
        Assert.Equal(
            await File.ReadAllBytesAsync(folder[$"source{seed}"], Token),
            await File.ReadAllBytesAsync(destination, Token));
    }
}
