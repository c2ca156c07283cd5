using Dfss.Testing;
using Dfss.Transfer;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>
/// Receives from holders that are late, stand still, break or give wrong bytes. Time is virtual: which holder is asked
/// for what shows the routing.
/// </summary>
public sealed class FailoverTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Chunks_that_one_holder_keeps_waiting_come_from_the_next_and_then_it_is_passed_over()
    {
        await using HeldFile file = new(holders: 2, chunks: 24, replicas: 2);
        FakeHolder silent = file.Holders[0];
        silent.Before = (id, token) => id == file.ManifestId ? Task.CompletedTask : FakeHolder.Forever(id, token);
        await using DfssClient client = file.CreateClient();
        Task receive = file.ReceiveAsync(client);

        // All four that may be in flight at once end up at the one that does not answer.
        await HeldFile.UntilAsync(() => silent.Asked.Count(id => id != file.ManifestId) == 4);
        await file.AdvanceUntilAsync(
            () => receive.IsCompleted || file.Said.Exists(text => text.Contains("slower", StringComparison.Ordinal)));
        await receive;

        Assert.Equal(4, silent.Asked.Count(id => id != file.ManifestId));
        Assert.All(file.ChunkIds, id => Assert.Equal(1, file.Holders[1].CountOf(id)));
        Assert.Empty(file.Warnings);
    }

    [Fact]
    public async Task A_manifest_that_one_holder_keeps_waiting_comes_from_the_next()
    {
        await using HeldFile file = new(holders: 2, chunks: 1, replicas: 2);
        file.Holders[0].Before = FakeHolder.Forever;
        await using DfssClient client = file.CreateClient();
        Task receive = file.ReceiveAsync(client);
        await file.AdvanceUntilAsync(() => receive.IsCompleted);
        await receive;
        Assert.Equal([file.ManifestId], file.Holders[0].Asked);
    }

    [Fact]
    public async Task A_holder_that_was_late_is_tried_again_by_one_chunk_and_used_when_it_is_quick()
    {
        await using HeldFile file = new(holders: 2, chunks: 24, replicas: 2);
        FakeHolder holder = file.Holders[0];
        holder.Before = FakeHolder.Forever;
        await using DfssClient client = file.CreateClient();
        Task receive = file.ReceiveAsync(client);
        await file.AdvanceUntilAsync(() => receive.IsCompleted);
        await receive;
        int before = holder.Asked.Count;

        holder.Before = (_, _) => Task.CompletedTask;
        file.Clock.Advance(TimeSpan.FromSeconds(6));
        await file.ReceiveAsync(client);
        await file.ReceiveAsync(client);

        // Nearly half of the chunks of both, and its share of the manifests; the first one was the only one that tried.
        Assert.InRange(holder.Asked.Count - before, 20, 26);
    }

    [Fact]
    public async Task Where_all_is_slow_few_chunks_are_asked_for_twice()
    {
        await using HeldFile file = new(holders: 2, chunks: 200, replicas: 2);
        foreach (FakeHolder holder in file.Holders)
        {
            holder.Before = (_, token) => Task.Delay(TimeSpan.FromSeconds(2), file.Clock, token);
        }

        await using DfssClient client = file.CreateClient();
        Task receive = file.ReceiveAsync(client);
        await file.AdvanceUntilAsync(() => receive.IsCompleted);
        await receive;
        Assert.InRange(file.Holders.Sum(holder => holder.Asked.Count), 201, 201 + 16 + (201 / 10));
    }

    [Fact]
    public async Task With_one_copy_no_other_peer_is_asked_while_its_holder_is_merely_slow()
    {
        await using HeldFile file = new(holders: 3, chunks: 3, replicas: 1);
        file.Holders[0].Before = (id, token) =>
            id == file.ManifestId ? Task.CompletedTask : Task.Delay(TimeSpan.FromMilliseconds(1500), file.Clock, token);
        await using DfssClient client = file.CreateClient();
        Task receive = file.ReceiveAsync(client);
        await file.AdvanceUntilAsync(() => receive.IsCompleted);
        await receive;
        Assert.Equal(0, file.Holders[1].CountOf(file.ChunkIds[0]) + file.Holders[2].CountOf(file.ChunkIds[0]));
    }

    [Fact]
    public async Task Where_memory_is_for_one_chunk_only_a_holder_that_stands_still_is_changed_for_the_next()
    {
        await using HeldFile file = new(holders: 2, chunks: 1, replicas: 2);
        file.Holders[0].Before = FakeHolder.Forever;
        await using PeerDirectory directory = new(file.Options, ClientChannelOptions.Default with
        {
            Channel = ClientChannelOptions.Default.Channel with { TimeProvider = file.Clock },
        });
        await using ChunkHolders holders = new(file.Options);
        int length = 2 * DfssLimits.MinChunkSize;
        ChunkBuffers buffers = new(new PayloadPool(length), 1);
        Home home = await Home.ReachAsync(file.File.Record.Home, directory, Token);
        ChunkFetcher fetcher = new(home, file.File.Record, holders, buffers, file.Options);
        FileManifest manifest = FileManifest.Create(length, length, [file.ChunkIds[0]]);

        Task<ChunkBuffer> fetch = fetcher.FetchChunkAsync(manifest, 0, Token).AsTask();
        await file.AdvanceUntilAsync(() => fetch.IsCompleted);
        (await fetch).Dispose();

        Assert.Equal((1, 1), (file.Holders[0].Asked.Count, file.Holders[1].Asked.Count));
        (await buffers.RentAsync(length, Token)).Dispose();
        string warning = Assert.Single(file.Warnings);
        Assert.StartsWith(
            $"{file.Holders[0].Address}: chunks come from the other holders.", warning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_holder_that_breaks_off_is_reported_once_and_each_of_its_chunks_in_verbose()
    {
        await using HeldFile file = new(holders: 2, chunks: 24, replicas: 2);
        await using DfssClient client = file.CreateClient();
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        file.Holders[0].Before = (id, token) =>
        {
            if (id == file.ManifestId)
            {
                return Task.CompletedTask;
            }

            reached.TrySetResult();
            return FakeHolder.Forever(id, token);
        };
        Task receive = file.ReceiveAsync(client);
        await reached.Task;
        await file.Holders[0].DisposeAsync();
        await receive;

        string warning = Assert.Single(file.Warnings);
        Assert.StartsWith(
            $"{file.Holders[0].Address}: chunks come from the other holders.", warning, StringComparison.Ordinal);
        Assert.Contains(file.Said, text => text.StartsWith("Chunk ", StringComparison.Ordinal)
            && text.Contains(file.Holders[0].Address.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Wrong_bytes_are_not_used_and_their_holder_is_asked_to_look_at_them()
    {
        await using HeldFile file = new(holders: 2, chunks: 6, replicas: 2);
        file.Holders[0].Instead = id => id == file.ChunkIds[2] ? new byte[2 * DfssLimits.MinChunkSize] : null;
        await using (DfssClient client = file.CreateClient())
        {
            await file.ReceiveAsync(client);
        }

        Assert.Equal([file.ChunkIds[2]], file.Holders[0].Verified);
        Assert.Contains(file.Warnings, text => text.Contains("gave wrong bytes for chunk", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_receive_begins_and_ends_while_a_member_does_not_say_hello()
    {
        await using HeldFile file = new(holders: 2, chunks: 24, replicas: 2);
        await using FakePeer hanging =
            new((_, _, _) => default) { BeforeHello = token => Task.Delay(Timeout.Infinite, token) };
        HomeMember late = file.File.Record.Home[0] with { Addresses = [hanging.Address.ToString()] };
        StoredFile moved =
            file.File with { Record = file.File.Record with { Home = [late, file.File.Record.Home[1]] } };
        await using DfssClient client = file.CreateClient();

        Task receive = client.ReceiveAsync(moved, file.Destination, ReceiveOptions.Default, progress: null, Token);
        await file.AdvanceUntilAsync(() => receive.IsCompleted);
        await receive;
        Assert.Equal(25, file.Holders[1].Asked.Count);
    }
}
