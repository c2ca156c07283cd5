using Dfss.Faults;
using Dfss.Peers;
using Dfss.Storage;
using Dfss.Testing;
using Dfss.Transfer;
using Dfss.Transport;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Faults;

/// <summary>The faults of a peer for tests: each alone, and at a peer.</summary>
public sealed class FaultyPeerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_request_waits_for_the_delay()
    {
        FakeTimeProvider clock = new();
        FaultSwitch faults = new(clock);
        faults.Set(new PeerFaults { Delay = TimeSpan.FromMilliseconds(200) });

        ValueTask<bool> first = faults.AdmitAsync(Token);
        ValueTask<bool> second = faults.AdmitAsync(Token);
        clock.Advance(TimeSpan.FromMilliseconds(199));
        Assert.False(first.IsCompleted);
        clock.Advance(TimeSpan.FromMilliseconds(1));

        Assert.True(await first);
        Assert.True(await second);
    }

    [Fact]
    public async Task Of_every_so_many_requests_the_last_one_is_dropped()
    {
        FaultSwitch faults = new(TimeProvider.System);
        faults.Set(new PeerFaults { DropEvery = 3 });
        List<bool> admitted = [];
        for (int i = 0; i < 7; i++)
        {
            admitted.Add(await faults.AdmitAsync(Token));
        }

        Assert.Equal([true, true, false, true, true, false, true], admitted);
    }

    [Fact]
    public async Task A_corrupt_chunk_has_one_other_bit_and_is_missing_once_it_was_checked()
    {
        (FaultyChunkStore store, FaultSwitch faults) = Create(seed: 0);
        byte[] content = [1, 2, 3, 4, 5];
        ChunkId id = ChunkId.Of(content);
        await store.PutAsync(id, content, Token);
        byte[] read = new byte[5];

        faults.Set(new PeerFaults { CorruptShare = 1 });
        Assert.Equal(5, await store.GetAsync(id, read, Token));
        Assert.Equal(1, content.Zip(read, (one, other) => int.PopCount(one ^ other)).Sum());
        faults.Set(PeerFaults.None);
        await store.GetAsync(id, read, Token);
        Assert.Equal(content, read);
        Assert.Equal(ChunkState.Good, await store.VerifyAsync(id, Token));

        faults.Set(new PeerFaults { CorruptShare = 1 });
        Assert.Equal(ChunkState.Corrupt, await store.VerifyAsync(id, Token));
        Assert.Equal(ChunkState.Missing, await store.VerifyAsync(id, Token));
        Assert.Equal(PutResult.Stored, await store.PutAsync(id, content, Token));
    }

    [Fact]
    public async Task The_seed_decides_which_chunks_are_corrupt()
    {
        ChunkId[] first = await FindCorruptAsync(seed: 1);
        Assert.InRange(first.Length, 60, 140);
        Assert.Equal(first, await FindCorruptAsync(seed: 1));
        Assert.NotEqual(first, await FindCorruptAsync(seed: 2));
    }

    [Fact]
    public async Task A_full_store_takes_no_new_chunk_and_serves_what_it_has()
    {
        (FaultyChunkStore store, FaultSwitch faults) = Create(seed: 0);
        byte[] content = [1];
        ChunkId id = ChunkId.Of(content);
        await store.PutAsync(id, content, Token);
        faults.Set(new PeerFaults { IsFull = true });

        Assert.Equal(PutResult.AlreadyPresent, await store.PutAsync(id, content, Token));
        Assert.Equal(1, await store.GetAsync(id, new byte[1], Token));
        byte[] other = [2];
        DfssException refused = await Assert.ThrowsAsync<DfssException>(
            async () => await store.PutAsync(ChunkId.Of(other), other, Token));
        Assert.Equal(DfssErrorCode.StoreFull, refused.Code);
    }

    [Fact]
    public async Task A_connection_of_a_dead_peer_passes_nothing_and_does_not_close_until_it_lives_again()
    {
        FaultSwitch faults = new(TimeProvider.System);
        (MemoryConnection client, MemoryConnection accepted) = MemoryConnection.CreatePair();
        FaultyConnection server = new(accepted, faults, _ => { });
        faults.Set(new PeerFaults { Outage = PeerOutage.Dead });

        Task sending = server.SendAsync(new byte[] { 1 }, Token).AsTask();
        server.Abort();
        DfssException failure = await Assert.ThrowsAsync<DfssException>(() => sending);
        Assert.Equal(DfssErrorCode.PeerUnreachable, failure.Code);
        Task closing = server.DisposeAsync().AsTask();
        Assert.False(client.IsAborted);
        Assert.False(closing.IsCompleted);

        faults.Set(PeerFaults.None);
        await closing;
        Assert.True(client.IsAborted);
    }

    [Fact]
    public async Task A_dead_peer_answers_over_the_same_connection_when_it_lives_again()
    {
        await using FaultyPeer peer = await StartAsync();
        await using PeerLink link = Connect(peer);
        RemoteChunkStore store = new(link);
        await store.FindMissingAsync([ChunkId.Of([1])], Token);
        int connections = peer.Peer.Connections;

        peer.Faults = new PeerFaults { Outage = PeerOutage.Dead };
        Task<bool[]> asked = store.FindMissingAsync([ChunkId.Of([1])], Token).AsTask();
        await using PeerLink second = Connect(peer);
        Task<bool[]> greeted = new RemoteChunkStore(second).FindMissingAsync([ChunkId.Of([1])], Token).AsTask();
        Assert.False(asked.IsCompleted);
        Assert.False(greeted.IsCompleted);

        peer.Faults = PeerFaults.None;
        Assert.True(Assert.Single(await asked));
        Assert.True(Assert.Single(await greeted));
        Assert.True(peer.Peer.Connections > connections);
    }

    [Fact]
    public async Task A_dead_peer_stops_at_once()
    {
        FaultyPeer peer = await StartAsync();
        await using PeerLink link = Connect(peer);
        await new RemoteChunkStore(link).FindMissingAsync([ChunkId.Of([1])], Token);
        peer.Faults = new PeerFaults { Outage = PeerOutage.Dead };

        await peer.DisposeAsync();

        Assert.True(peer.Peer.Completion.IsCompletedSuccessfully);
        Assert.Equal(0, peer.Peer.Connections);
        Assert.Throws<ObjectDisposedException>(() => peer.Faults = PeerFaults.None);
    }

    [Theory]
    [InlineData("open")]
    [InlineData("new")]
    public async Task A_peer_that_refuses_breaks_each_connection(string which)
    {
        await using FaultyPeer peer = await StartAsync();
        await using PeerLink link = Connect(peer);
        RemoteChunkStore store = new(link);
        if (which == "open")
        {
            await store.FindMissingAsync([ChunkId.Of([1])], Token);
        }

        peer.Faults = new PeerFaults { Outage = PeerOutage.Refused };
        DfssException failure = await Assert.ThrowsAsync<DfssException>(
            async () => await store.FindMissingAsync([ChunkId.Of([1])], Token));
        Assert.Equal(DfssErrorCode.PeerUnreachable, failure.Code);

        peer.Faults = PeerFaults.None;
        await using PeerLink again = Connect(peer);
        Assert.True(Assert.Single(
            await new RemoteChunkStore(again).FindMissingAsync([ChunkId.Of([1])], Token)));
    }

    [Fact]
    public async Task A_dropped_request_breaks_its_connection()
    {
        await using FaultyPeer peer = await StartAsync();
        await using PeerLink link = Connect(peer);
        peer.Faults = new PeerFaults { DropEvery = 1 };

        DfssException failure = await Assert.ThrowsAsync<DfssException>(
            async () => await new RemoteChunkStore(link).FindMissingAsync([ChunkId.Of([1])], Token));

        Assert.Equal(DfssErrorCode.PeerUnreachable, failure.Code);
    }

    private static Task<FaultyPeer> StartAsync() =>
        FaultyPeer.StartAsync(new PeerOptions { Port = 0 }, cancellationToken: Token);

    private static PeerLink Connect(FaultyPeer peer) =>
        new(new PeerAddress("127.0.0.1", peer.Peer.Port), new ClientChannelOptions());

    private static (FaultyChunkStore Store, FaultSwitch Faults) Create(int seed)
    {
        FaultSwitch faults = new(TimeProvider.System);
        return (new FaultyChunkStore(
            new MemoryChunkStore(new TouchedChunks(TimeProvider.System)), faults, seed), faults);
    }

    private static async Task<ChunkId[]> FindCorruptAsync(int seed)
    {
        (FaultyChunkStore store, FaultSwitch faults) = Create(seed);
        List<ChunkId> corrupt = [];
        for (byte i = 0; i < 200; i++)
        {
            byte[] content = [i];
            ChunkId id = ChunkId.Of(content);
            await store.PutAsync(id, content, Token);
            faults.Set(new PeerFaults { CorruptShare = 0.5 });
            if (await store.VerifyAsync(id, Token) == ChunkState.Corrupt)
            {
                corrupt.Add(id);
            }

            faults.Set(PeerFaults.None);
        }

        return [.. corrupt];
    }
}
