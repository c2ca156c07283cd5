using Dfss.Clusters;
using Dfss.Peers;
using Dfss.Security;
using Dfss.Testing;
using Dfss.Transfer;
using Xunit;
using TemporaryFolder = Dfss.Testing.TemporaryFolder;

namespace Dfss.Tests.Transfer;

/// <summary>Each health check fails by what it is about, and passes again when that was repaired as it says.</summary>
public sealed class HealthTests : IDisposable
{
    private static readonly TransferOptions FewAttempts =
        new() { MaxAttempts = 2, RetryDelay = TimeSpan.FromMilliseconds(1) };

    private readonly TemporaryFolder folder = new();
    private readonly ShiftedClock clock = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Healthy_peers_pass_every_check_and_each_check_has_a_result()
    {
        await using Cluster cluster = await Cluster.StartAsync(3, onDisk: true);
        await SendAsync(cluster.Client, "a", 100_000);
        IReadOnlyList<HealthResult> results = await cluster.Client.GetHealthAsync(HealthOptions.Default, Token);
        Assert.Equal(HealthChecks.All, results.Select(result => result.Check).Distinct());
        Assert.All(
            results.Where(result => result.Check != HealthChecks.DiskFilling),
            result => Assert.Equal((HealthStatus.Ok, null), (result.Status, result.Command)));
        Assert.All(
            results.Where(result => result.TestedFiles is not null),
            result => Assert.Equal("1 of 1 files were tested.", result.Message));
    }

    [Fact]
    public async Task A_peer_that_was_stopped_is_down_until_it_is_started()
    {
        DfssPeer peer = await StartAsync();
        PeerAddress address = Cluster.AddressOf(peer);
        await peer.DisposeAsync();
        HealthResult down = await CheckAsync(HealthChecks.PeerDown, address);
        Assert.Equal(HealthStatus.Error, down.Status);
        Assert.Equal($"Start-DfssPeer PATH -Port {address.Port}", down.Command);

        await using DfssPeer again = await StartAsync(options => options with { Port = address.Port });
        Assert.Equal(HealthStatus.Ok, (await CheckAsync(HealthChecks.PeerDown, address)).Status);
    }

    [Fact]
    public async Task A_scrub_that_is_turned_off_is_late_until_the_peer_is_restarted_with_one()
    {
        HealthResult off;
        await using (DfssPeer peer = await StartAsync(options => options with { ScrubBytesPerSecond = 0 }))
        {
            off = await CheckAsync(HealthChecks.ScrubLate, Cluster.AddressOf(peer));
            Assert.Equal(HealthStatus.Warning, off.Status);
            Assert.EndsWith("-ScrubRate 8MB", off.Command, StringComparison.Ordinal);
        }

        await using DfssPeer again = await StartAsync();
        Assert.Equal(HealthStatus.Ok, (await CheckAsync(HealthChecks.ScrubLate, Cluster.AddressOf(again))).Status);
    }

    [Fact]
    public async Task A_scrub_is_late_two_weeks_after_its_last_success_which_outlives_a_restart()
    {
        await using (DfssPeer peer = await StartAsync())
        {
            await peer.RunScrubRoundAsync(Token);
        }

        clock.Shift = PeerChecks.ScrubLimit + TimeSpan.FromHours(1);
        PeerInfo info;
        await using (DfssPeer peer = await StartAsync(options => options with { ScrubBytesPerSecond = 0 }))
        {
            await using DfssClient client = new([Cluster.AddressOf(peer)], TransferOptions.Default);
            info = await client.GetPeerInfoAsync(Cluster.AddressOf(peer), Token);
            // As a peer with a scrub would that has only just been started.
            info = info with { Scrub = info.Scrub with { BytesPerSecond = 1 << 20 } };
            PeerAnswer answer = new(Cluster.AddressOf(peer), info, Failure: null, info.Time!.Value, TimeSpan.Zero);
            HealthResult late = Assert.Single(PeerChecks.Run(HealthChecks.ScrubLate, answer));
            Assert.Equal(HealthStatus.Warning, late.Status);
            Assert.InRange(info.Time.Value - late.Since!.Value, TimeSpan.FromMinutes(59), TimeSpan.FromHours(2));
        }

        await using DfssPeer again = await StartAsync();
        await again.RunScrubRoundAsync(Token);
        Assert.Equal(HealthStatus.Ok, (await CheckAsync(HealthChecks.ScrubLate, Cluster.AddressOf(again))).Status);
    }

    [Fact]
    public async Task A_collection_is_late_six_hours_after_its_last_success_until_one_is_asked_for()
    {
        await using DfssPeer peer = await StartAsync(
            options => options with { CollectionInterval = TimeSpan.FromDays(30) });
        PeerAddress address = Cluster.AddressOf(peer);
        await OptimizeAsync(address, isWhatIf: false);
        Assert.Equal(HealthStatus.Ok, (await CheckAsync(HealthChecks.CollectionLate, address)).Status);
        clock.Shift = TimeSpan.FromHours(7);
        await OptimizeAsync(address, isWhatIf: true);
        HealthResult late = await CheckAsync(HealthChecks.CollectionLate, address);
        Assert.Equal(
            (HealthStatus.Warning, $"Optimize-DfssStore {address}"), (late.Status, late.Command));
        await OptimizeAsync(address, isWhatIf: false);
        Assert.Equal(HealthStatus.Ok, (await CheckAsync(HealthChecks.CollectionLate, address)).Status);
    }

    [Fact]
    public async Task A_quota_that_is_nearly_reached_is_said_until_it_is_raised()
    {
        HealthResult full;
        await using (DfssPeer peer = await StartAsync(
            options => options with { QuotaBytes = 100_000, MinimumFreeBytes = 0 }))
        {
            await using DfssClient client = new([Cluster.AddressOf(peer)], TransferOptions.Default);
            await SendAsync(client, "a", 95_000);
            full = await CheckAsync(HealthChecks.DiskFilling, Cluster.AddressOf(peer));
        }

        Assert.Equal(HealthStatus.Error, full.Status);
        Assert.EndsWith("-Quota 150000", full.Command, StringComparison.Ordinal);
        await using DfssPeer again = await StartAsync(
            options => options with { QuotaBytes = 150_000, MinimumFreeBytes = 0 });
        Assert.Equal(HealthStatus.Ok, (await CheckAsync(HealthChecks.DiskFilling, Cluster.AddressOf(again))).Status);
    }

    [Fact]
    public async Task A_certificate_that_ends_soon_is_said_until_the_peer_has_another()
    {
        using TestAuthority authority = new();
        TlsIdentity reader = authority.Identify(DfssRole.Reader);
        foreach ((double hours, HealthStatus status) in new[] { (1.0, HealthStatus.Warning), (1e4, HealthStatus.Ok) })
        {
            await using TlsPeer peer = await TlsPeer.StartAsync(
                store => authority.Identify(new CertificateGrant
                {
                    Name = "peer",
                    Role = DfssRole.Peer,
                    StoreId = store,
                    Lifetime = TimeSpan.FromHours(hours),
                }),
                configure: null,
                Token);
            TransferOptions options = new() { Identity = reader, TimeProvider = new ShiftedClock { Shift = ToMost } };
            HealthResult result = await CheckAsync(HealthChecks.CertificateEnding, peer.Address, options);
            Assert.Equal(status, result.Status);
            Assert.Equal(status == HealthStatus.Ok, result.Since is null);
        }
    }

    [Fact]
    public async Task Work_that_fails_is_said_until_the_peer_is_restarted_without_the_cause()
    {
        bool isBroken = true;
        using TestAuthority authority = new();
        TransferOptions options = new() { Identity = authority.Identify(DfssRole.Reader) };
        foreach (HealthStatus status in new[] { HealthStatus.Error, HealthStatus.Ok })
        {
            TaskCompletionSource renewed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            await using TlsPeer peer = await TlsPeer.StartAsync(
                authority.IdentifyPeer,
                start => start with
                {
                    Log = line => renewed.TrySetResult(),
                    RenewIdentity = (shown, _, _) => isBroken
                        ? throw new InvalidOperationException("no certificate today")
                        : Task.FromResult(shown),
                },
                Token);
            if (isBroken)
            {
                await renewed.Task.WaitAsync(Token);
            }

            HealthResult result = await CheckAsync(HealthChecks.TaskFailing, peer.Address, options);
            Assert.Equal(status, result.Status);
            Assert.Equal(isBroken, result.Message.Contains("no certificate today", StringComparison.Ordinal));
            Assert.Equal(isBroken, result.Since is not null);
            isBroken = false;
        }
    }

    [Theory]
    [InlineData(0, HealthStatus.Ok)]
    [InlineData(30, HealthStatus.Warning)]
    [InlineData(-3600, HealthStatus.Error)]
    public async Task A_clock_that_differs_is_said_until_it_is_set(int seconds, HealthStatus status)
    {
        clock.Shift = TimeSpan.FromSeconds(seconds);
        await using DfssPeer peer = await StartAsync();
        PeerAddress address = Cluster.AddressOf(peer);
        Assert.Equal(status, (await CheckAsync(HealthChecks.ClockSkew, address)).Status);
        clock.Shift = TimeSpan.Zero;
        Assert.Equal(HealthStatus.Ok, (await CheckAsync(HealthChecks.ClockSkew, address)).Status);
    }

    [Fact]
    public async Task Lost_copies_are_said_until_a_repair_and_lost_chunks_until_the_file_is_sent_again()
    {
        await using Cluster cluster = await Cluster.StartAsync(2, options: FewAttempts);
        StoredFile file = await SendAsync(cluster.Client, "it's", 100_000);
        FileHealth health = await cluster.Client.TestAsync(file, deep: false, progress: null, Token);
        ChunkId chunk = health.Chunks[0].Id;
        await cluster.LoseAsync(file.Record.Home[0], chunk);
        HealthResult few = await CheckFilesAsync(cluster, HealthChecks.UnderReplicated);
        Assert.Equal(
            (HealthStatus.Warning, "it's", "It has 1 of 2 copies, as far as its peers answer."),
            (few.Status, few.Name, few.Message));
        Assert.StartsWith(
            "Repair-DfssFile -LiteralName 'it''s' -Peer ", few.Command, StringComparison.Ordinal);
        Assert.Equal(HealthStatus.Ok, (await CheckFilesAsync(cluster, HealthChecks.ChunkMissing)).Status);
        await cluster.Client.RepairAsync(file, RepairOptions.Default, progress: null, Token);
        Assert.Equal(HealthStatus.Ok, (await CheckFilesAsync(cluster, HealthChecks.UnderReplicated)).Status);

        await cluster.LoseAsync(file.Record.Home[0], chunk);
        await cluster.LoseAsync(file.Record.Home[1], chunk);
        HealthResult lost = await CheckFilesAsync(cluster, HealthChecks.ChunkMissing);
        Assert.Equal((HealthStatus.Error, "it's", 1), (lost.Status, lost.Name, lost.TestedFiles));
        await SendAsync(cluster.Client, "it's", 100_000);
        Assert.Equal(HealthStatus.Ok, (await CheckFilesAsync(cluster, HealthChecks.ChunkMissing)).Status);
    }

    [Fact]
    public async Task Of_more_files_than_the_limit_a_sample_is_tested_and_the_numbers_are_said()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        foreach (int number in Enumerable.Range(0, 5))
        {
            await SendAsync(cluster.Client, $"{number}", number);
        }

        HealthOptions options = new() { Checks = ["under_replicated"], FileLimit = 3 };
        HealthResult result = Assert.Single(await cluster.Client.GetHealthAsync(options, Token));
        Assert.Equal((3, "3 of 5 files were tested."), (result.TestedFiles, result.Message));
        result = Assert.Single(await cluster.Client.GetHealthAsync(options with { FileLimit = 0 }, Token));
        Assert.Equal((5, HealthStatus.Ok), (result.TestedFiles, result.Status));
    }

    [Fact]
    public async Task Files_that_no_peer_lists_are_unknown()
    {
        await using Cluster cluster = await Cluster.StartAsync(1, options: FewAttempts);
        await cluster.Peers[0].StopAsync();
        HealthResult result = await CheckFilesAsync(cluster, HealthChecks.ChunkMissing);
        Assert.Equal((HealthStatus.Unknown, 0), (result.Status, result.TestedFiles));
    }

    /// <summary>50 minutes: most of an hour.</summary>
    private static TimeSpan ToMost => TimeSpan.FromMinutes(50);

    private static async Task<StoredFile> SendAsync(DfssClient client, string name, int length)
    {
        using MemoryStream content = new([.. Enumerable.Range(0, length).Select(index => (byte)(index * 7))]);
        return await client.SendAsync(
            content, name, new SendOptions { Force = true }, progress: null, cancellationToken: Token);
    }

    private static async Task<HealthResult> CheckAsync(
        string check, PeerAddress peer, TransferOptions? options = null)
    {
        await using DfssClient client = new([peer], options ?? FewAttempts);
        HealthResult result =
            Assert.Single(await client.GetHealthAsync(new HealthOptions { Checks = [check] }, Token));
        Assert.Equal((check, peer), (result.Check, result.Peer));
        Assert.Equal(result.Status is HealthStatus.Ok or HealthStatus.Unknown, result.Command is null);
        return result;
    }

    private static async Task<HealthResult> CheckFilesAsync(Cluster cluster, string check) => Assert.Single(
        await cluster.Client.GetHealthAsync(new HealthOptions { Checks = [check] }, Token));

    private static async Task OptimizeAsync(PeerAddress peer, bool isWhatIf)
    {
        await using DfssClient client = new([peer], TransferOptions.Default);
        await client.OptimizeAsync(peer, new OptimizeOptions { WhatIf = isWhatIf }, Token);
    }

    private Task<DfssPeer> StartAsync(Func<PeerOptions, PeerOptions>? configure = null)
    {
        PeerOptions options = new() { Port = 0, StorePath = folder["store"], TimeProvider = clock };
        return DfssPeer.StartAsync(configure?.Invoke(options) ?? options, Token);
    }

    /// <summary>The system's clock, and a shift of the time that it tells; its timers are the system's.</summary>
    private sealed class ShiftedClock : TimeProvider
    {
        public TimeSpan Shift { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Shift;
    }
}
