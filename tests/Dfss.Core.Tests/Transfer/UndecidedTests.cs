using Dfss.Protocol;
using Dfss.Records;
using Dfss.Storage;
using Dfss.Testing;
using Dfss.Transfer;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>Changes and reads that are not decided, or decided otherwise; and files that are too large.</summary>
public sealed class UndecidedTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_name_that_too_few_peers_can_speak_for_has_no_majority()
    {
        await using Cluster cluster = await Cluster.StartAsync(3);
        await cluster.Peers[1].StopAsync();
        await cluster.Peers[2].StopAsync();
        DfssException error = await Assert.ThrowsAsync<DfssException>(() => cluster.Client.GetAsync("x", Token));
        Assert.Equal(DfssErrorCode.NoMajority, error.Code);
        Assert.True(error.IsTransient);
        Assert.Contains(cluster.Addresses[1].ToString(), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_whose_last_step_fails_at_the_peer_is_uncertain()
    {
        using TemporaryFolder folder = new();
        await using FakePeer peer = new((request, payload, _) => new(request.Operation switch
        {
            Operations.FindMissing => (DfssErrorCode.None, [],
                new byte[((payload.Length / ChunkId.SizeBytes) + 7) / 8]),
            Operations.StoreChunks => AllStored(request),
            Operations.Read or Operations.Prepare or Operations.Seal => Answered(
                new RegisterAnswer { Promised = BallotOf(request, payload) }),
            _ => (DfssErrorCode.PeerFault, [], null),
        }));
        await using DfssClient client = new([peer.Address], TransferOptions.Default);
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => client.SendAsync(
                folder.CreateFile("source", 10, seed: 1), "x", SendOptions.Default, progress: null, Token));
        Assert.Equal(DfssErrorCode.CommitUncertain, error.Code);
        Assert.Contains(
            "Run the same command again: it determines the outcome.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_of_a_version_that_was_replaced_is_a_conflict()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        StoredFile sent = await cluster.Client.SendAsync(
            cluster.Folder.CreateFile("source", 10, seed: 1), "x", SendOptions.Default, progress: null, Token);
        await using PeerDirectory directory = new(TransferOptions.Default, ClientChannelOptions.Default);
        Home home = await Home.ReachAsync(sent.Record.Home, directory, Token);
        RecordWriter writer = new(
            home, "x", WriteCondition.ReplaceVersion(sent.Record.Version + 1), TransferOptions.Default);
        DfssException error = await Assert.ThrowsAsync<DfssException>(() => writer.PrepareAsync(Token));
        Assert.Equal(DfssErrorCode.Conflict, error.Code);
        Assert.Contains("'x'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_others_made_elsewhere_before_any_vote_is_a_conflict_and_not_uncertain()
    {
        await using Cluster cluster = await Cluster.StartAsync(2);
        await using DfssClient one = new([cluster.Addresses[0]], TransferOptions.Default);
        string source = cluster.Folder.CreateFile("source", 1000, seed: 1);
        string other = cluster.Folder.CreateFile("other", 1000, seed: 2);
        SendOptions force = new() { Force = true };
        Task<StoredFile>? meanwhile = null;
        CallbackProgress progress = new(state =>
        {
            if (state.Phase == TransferPhase.Transferring && meanwhile is null)
            {
                // The upload waits for its progress report: the name was read, and no member was asked to accept.
                meanwhile = Task.Run(() => cluster.Client.SendAsync(other, "x", force, progress: null, Token), Token);
                meanwhile.Wait(Token);
            }
        });
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => one.SendAsync(source, "x", force, progress, Token));
        Assert.Equal(DfssErrorCode.Conflict, error.Code);
        Assert.Equal((await meanwhile!).Record.FileId, (await cluster.Client.GetAsync("x", Token)).Record.FileId);
    }

    [Fact]
    public async Task A_member_that_answers_again_is_no_longer_blamed_for_what_it_failed_with_before()
    {
        int prepares = 0;
        await using FakePeer peer = new((request, payload, _) => new(Interlocked.Increment(ref prepares) == 1
            ? (DfssErrorCode.StoreFull, [], null)
            : Answered(new RegisterAnswer { Promised = BallotOf(request, payload) })));
        await using PeerDirectory directory = new(TransferOptions.Default, ClientChannelOptions.Default);
        HomeMember member = (await directory.ConnectAsync(peer.Address, Token)).Member;
        RegisterDriver driver = new(await Home.ReachAsync([member], directory, Token), TransferOptions.Default);
        Proposer proposer = new(
            "x", new RegisterPlace(1, HomeEpoch.Original), WriteCondition.CreateOnly, Guid.NewGuid(), Guid.NewGuid);
        await driver.RunAsync(proposer, () => proposer.State == ProposerState.Prepared, Token);
        Assert.Equal((ProposerState.Prepared, 2), (proposer.State, prepares));
        Assert.Null(driver.CommonError);
        Assert.Empty(driver.Reasons);
    }

    [Fact]
    public async Task A_file_with_more_chunks_than_a_manifest_lists_is_refused_before_it_is_read()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        string source = cluster.Folder["large"];
        const long MostBytes = (long)DfssLimits.MaxChunksPerFile * DfssLimits.MaxChunkSize;
        try
        {
            await using FileStream sparse = new(source, FileMode.CreateNew);
            sparse.SetLength(MostBytes + 1);
        }
        catch (IOException exception)
        {
            Assert.Skip($"This file system has no files of 8 TiB: {exception.Message}");
        }

        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => cluster.Client.SendAsync(source, "x", SendOptions.Default, progress: null, Token));
        Assert.Equal(DfssErrorCode.FileTooLarge, error.Code);
        Assert.Contains($"{MostBytes} are the most", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DriveType.Network, "ext4")]
    [InlineData(DriveType.Fixed, "nfs")]
    [InlineData(DriveType.Unknown, "fuse.sshfs")]
    public async Task A_store_on_a_file_system_of_another_machine_is_refused(DriveType type, string format)
    {
        using Testing.TemporaryFolder folder = new();
        LocalStoreOptions options = new() { FindFileSystem = _ => (type, format) };
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => LocalStore.OpenAsync(folder["store"], options, Token));
        Assert.Equal(DfssErrorCode.StoreNotSupported, error.Code);
        Assert.Contains($"'{folder["store"]}'", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder["store"]));
        Assert.Contains("Use a local disk", error.Message, StringComparison.Ordinal);
    }

    private static (DfssErrorCode Status, MessageMap Results, ReadOnlyMemory<byte>? Payload) AllStored(Message request)
    {
        int[] results = new int[request.Map.Required("lengths").AsArray().Count];
        return (DfssErrorCode.None, new MessageMap { { "results", Handshake.ToArray(results) } }, null);
    }

    private static (DfssErrorCode Status, MessageMap Results, ReadOnlyMemory<byte>? Payload) Answered(
        RegisterAnswer answer)
    {
        byte[] item = RecordCodec.EncodeAnswer(answer);
        return (DfssErrorCode.None, new MessageMap { { "lengths", MessageValue.From([item.Length]) } }, item);
    }

    private static Ballot BallotOf(Message request, ReadOnlyMemory<byte> payload) => request.Operation switch
    {
        Operations.Prepare => RecordCodec.DecodePrepare(payload).Ballot,
        Operations.Seal => RecordCodec.DecodeSeal(payload).Ballot,
        _ => default,
    };
}
