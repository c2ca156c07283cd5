using Dfss.Protocol;
using Dfss.Testing;
using Dfss.Transfer;
using Xunit;
using static Dfss.Tests.Transfer.SentFiles;

namespace Dfss.Tests.Transfer;

/// <summary>Copies to other peers that have the file already, how many copies they make, and whose failure it
/// is.</summary>
public sealed class StoreCopyForceTests
{
    private static readonly StoreCopyOptions Force = new() { Force = true };

    private static readonly TransferOptions FewAttempts =
        new() { MaxAttempts = 1, RetryDelay = TimeSpan.FromMilliseconds(1) };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Force_puts_what_the_destination_has_lost_of_the_same_content()
    {
        await using Cluster source = await Cluster.StartAsync(2);
        await using Cluster destination = await Cluster.StartAsync(2);
        StoredFile x = await SendAsync(source, "x");
        StoredFile copy = (await CopyAsync(source, x, destination)).File;
        ChunkId lost = (await source.Client.TestAsync(x, deep: false, progress: null, Token)).Chunks[2].Id;
        await destination.LoseAsync(copy.Record.Home[0], lost);
        await destination.LoseAsync(copy.Record.Home[1], lost);

        StoreCopyResult restored = await CopyAsync(source, x, destination, Force);

        Assert.False(restored.IsUnchanged);
        Assert.Empty(restored.File.Record.Previous);
        Assert.True((await destination.Client.TestAsync(restored.File, deep: true, progress: null, Token)).IsHealthy);
        Assert.True((await CopyAsync(source, x, destination, Force)).IsUnchanged);
    }

    [Fact]
    public async Task What_only_a_minority_has_accepted_is_not_unchanged_until_a_majority_has_it()
    {
        await using Cluster source = await Cluster.StartAsync(1);
        await using HeldPeer first = await HeldPeer.StartAsync();
        await using HeldPeer second = await HeldPeer.StartAsync();
        await using HeldPeer third = await HeldPeer.StartAsync();
        StoredFile x = await SendAsync(source, "x");
        PeerAddress[] addresses = [first.Address, second.Address, third.Address];
        foreach (HeldPeer silent in new[] { second, third })
        {
            silent.Fails = (operation, _, _) => operation == Operations.Accept;
            silent.FailsAtOnce = true;
        }

        await using (DfssClient interrupted = new(addresses, FewAttempts))
        {
            await FailsAsync(DfssErrorCode.CommitUncertain, () => source.Client.CopyToAsync(
                x, interrupted, "x", StoreCopyOptions.Default, progress: null, Token));
        }

        second.Release();
        third.Release();
        await using DfssClient again = new(addresses, FewAttempts);
        await source.Client.CopyToAsync(x, again, "x", Force, progress: null, Token);

        // A majority without the one that had it alone.
        await using DfssClient others = new([second.Address, third.Address], FewAttempts);
        StoredFile found = await others.GetAsync("x", Token);
        Assert.True(found.IsCurrent);
        Assert.Equal(x.Record.FileId, found.Record.FileId);
    }

    [Fact]
    public async Task The_least_number_of_copies_holds_for_earlier_versions_that_had_fewer()
    {
        await using Cluster source = await Cluster.StartAsync(3);
        await using Cluster destination = await Cluster.StartAsync(3);
        await SendAsync(source, "x", seed: 1, Small with { Replicas = 2 });
        StoredFile x = await SendAsync(source, "x", seed: 2, Small with { Replicas = 3 });

        StoredFile copy = (await CopyAsync(
            source, x, destination, new StoreCopyOptions { MinimumReplicas = 3 })).File;

        Assert.Equal((3, 3), (copy.Record.Replicas, Assert.Single(copy.Record.Previous).Replicas));
        await AssertComesBackAsync(destination, copy.AtVersion(1), seed: 1);
    }

    [Fact]
    public async Task Versions_that_share_a_content_have_the_copies_of_the_one_that_had_more()
    {
        await using Cluster source = await Cluster.StartAsync(3);
        await using Cluster destination = await Cluster.StartAsync(3);
        await SendAsync(source, "x", seed: 1, Small with { Replicas = 3 });
        await SendAsync(source, "x", seed: 2, Small with { Replicas = 2 });
        StoredFile x = await SendAsync(source, "x", seed: 1, Small with { Replicas = 2, KeepVersions = 5 });

        StoredFile copy = (await CopyAsync(source, x, destination)).File;

        Assert.Equal(3, copy.Record.Replicas);
        Assert.Equal([2, 3], copy.Record.Previous.Select(one => one.Replicas));
        Assert.True((await destination.Client.TestAsync(copy, deep: true, progress: null, Token)).IsHealthy);
    }

    [Fact]
    public async Task More_copies_than_are_made_are_refused_before_anything_is_sent()
    {
        await using Cluster source = await Cluster.StartAsync(2);
        await using HeldPeer peer = await HeldPeer.StartAsync();
        await using DfssClient destination = new([peer.Address], FewAttempts);
        StoredFile x = await SendAsync(source, "x");

        await FailsAsync(DfssErrorCode.InvalidArgument, () => source.Client.CopyToAsync(
            x, destination, "x", new StoreCopyOptions { MinimumReplicas = 3 }, progress: null, Token));

        Assert.DoesNotContain(Operations.StoreChunk, peer.Operations);
    }

    [Fact]
    public async Task A_failure_says_whether_it_is_of_the_destination()
    {
        await using Cluster source = await Cluster.StartAsync(1, options: FewAttempts);
        await using Cluster destination = await Cluster.StartAsync(1, options: FewAttempts);
        StoredFile x = await SendAsync(source, "x");
        ChunkId lost = (await source.Client.TestAsync(x, deep: false, progress: null, Token)).Chunks[0].Id;
        await source.LoseAsync(x.Record.Home[0], lost);

        DfssException ofSource = await Assert.ThrowsAsync<DfssException>(() => CopyAsync(source, x, destination));
        await destination.Peers[0].DisposeAsync();
        DfssException ofDestination = await Assert.ThrowsAsync<DfssException>(() => CopyAsync(source, x, destination));

        Assert.Equal(
            (DfssErrorCode.ChunkNotFound, false, true),
            (ofSource.Code, ofSource.IsOfDestination, ofDestination.IsOfDestination));
    }

    private static Task<StoreCopyResult> CopyAsync(
        Cluster source, StoredFile file, Cluster destination, StoreCopyOptions? options = null) =>
        source.Client.CopyToAsync(
            file, destination.Client, file.Name, options ?? StoreCopyOptions.Default, progress: null, Token);
}
