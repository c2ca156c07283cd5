using Dfss.Protocol;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>What health checks say of the answers of peers, of older versions too.</summary>
public sealed class PeerChecksTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_store_that_takes_no_more_writes_is_said_until_the_peer_is_restarted()
    {
        HealthResult fault = Check(
            HealthChecks.StoreReadOnly, Answer(1) with { Info = Info() with { StoreFault = "the disk is bad" } });
        Assert.Equal(HealthStatus.Error, fault.Status);
        Assert.Contains("the disk is bad", fault.Message, StringComparison.Ordinal);
        Assert.Equal("Stop-DfssPeer peer:1; Start-DfssPeer '/it''s' -Port 1", fault.Command);
        Assert.Equal(HealthStatus.Ok, Check(HealthChecks.StoreReadOnly, Answer(1)).Status);
    }

    [Fact]
    public void Versions_that_differ_are_said_of_the_older_peers_until_all_have_the_newest()
    {
        PeerAnswer old = Answer(1, "dfss/0.9.0");
        IReadOnlyList<HealthResult> mixed = VersionCheck.Run([old, Answer(2, "dfss/0.10.0-beta")]);
        HealthResult result = Assert.Single(mixed);
        Assert.Equal((HealthStatus.Warning, old.Peer), (result.Status, result.Peer));
        Assert.StartsWith(
            "Update-PSResource Dfss; Stop-DfssPeer peer:1;", result.Command, StringComparison.Ordinal);
        Assert.Equal(
            HealthStatus.Ok,
            Assert.Single(VersionCheck.Run([Answer(1, "dfss/0.10.0-beta"), Answer(2, "dfss/0.10.0-beta")])).Status);
        Assert.Equal(HealthStatus.Unknown, Assert.Single(VersionCheck.Run([])).Status);
    }

    [Theory]
    [InlineData(HealthChecks.ScrubLate)]
    [InlineData(HealthChecks.CollectionLate)]
    [InlineData(HealthChecks.ClockSkew)]
    [InlineData(HealthChecks.TaskFailing)]
    public void What_an_older_peer_does_not_report_is_unknown(string check)
    {
        PeerInfo info = Info() with { Time = null, BackgroundTasks = [] };
        Assert.Equal(HealthStatus.Unknown, Check(check, Answer(1) with { Info = info }).Status);
    }

    [Theory]
    [InlineData(DfssErrorCode.PeerUnreachable, HealthStatus.Error)]
    [InlineData(DfssErrorCode.TimedOut, HealthStatus.Error)]
    [InlineData(DfssErrorCode.NotPermitted, HealthStatus.Unknown)]
    [InlineData(DfssErrorCode.TlsRequired, HealthStatus.Unknown)]
    public void A_peer_that_refuses_to_say_how_it_is_is_not_down(DfssErrorCode code, HealthStatus status) =>
        Assert.Equal(status, Check(HealthChecks.PeerDown, Failed(code)).Status);

    [Fact]
    public void A_peer_whose_certificate_has_expired_is_an_error_of_that_check() => Assert.Equal(
        HealthStatus.Error,
        Check(HealthChecks.CertificateEnding, Failed(DfssErrorCode.CertificateExpired)).Status);

    [Fact]
    public void Nothing_is_said_of_the_inside_of_a_peer_that_does_not_answer() => Assert.Empty(
        HealthChecks.All.Where(check => check != HealthChecks.PeerDown)
            .SelectMany(check => PeerChecks.Run(check, Failed(DfssErrorCode.PeerUnreachable))));

    [Theory]
    [InlineData(0, HealthStatus.Error)]
    [InlineData(50, HealthStatus.Error)]
    [InlineData(200, HealthStatus.Ok)]
    public void The_room_on_the_disk_is_what_is_above_the_minimum(long above, HealthStatus status)
    {
        PeerInfo info = Info() with { StoredBytes = 1000, FreeBytes = 5000 + above, MinimumFreeBytes = 5000 };
        HealthResult result = Check(HealthChecks.DiskFilling, Answer(1) with { Info = info });
        Assert.Equal(status, result.Status);
        Assert.Equal(
            status != HealthStatus.Ok,
            result.Command?.EndsWith("-MinimumFreeSpace BYTES", StringComparison.Ordinal) == true);
    }

    [Fact]
    public void A_large_store_that_is_nearly_full_is_a_warning_while_there_is_room_for_chunks()
    {
        PeerInfo info = Info() with { StoredBytes = 1L << 40, FreeBytes = 1L << 36, MinimumFreeBytes = 0 };
        Assert.Equal(
            HealthStatus.Warning, Check(HealthChecks.DiskFilling, Answer(1) with { Info = info }).Status);
    }

    [Fact]
    public void A_peer_reports_its_clock_and_the_last_success_and_failure_of_its_work()
    {
        MessageMap task = new()
        {
            { "name", "Garbage collection" }, { "running", true }, { "restarts", 1L },
            { "last_succeeded", Now.ToUnixTimeMilliseconds() },
            { "last_failed", Now.AddHours(-1).ToUnixTimeMilliseconds() },
            { "a later key", "is skipped" },
        };
        MessageMap map = new()
        {
            { "software", "dfss/9" }, { "addresses", MessageValue.From([]) }, { "process_id", 1 },
            { "uptime_ms", 1L }, { "connections", 1 }, { "chunks", 0L }, { "stored_bytes", 0L },
            { "quarantined", 0L },
            {
                "scrub", new MessageMap
                {
                    { "rate", 0L }, { "running", false }, { "chunks", 0L }, { "bytes", 0L }, { "corrupt", 0L },
                }
            },
            { "time", Now.ToUnixTimeMilliseconds() },
            { "certificate_until", Now.AddDays(1).ToUnixTimeMilliseconds() },
            { "background", MessageValue.From([task]) },
        };
        PeerInfo info = PeerInfo.FromMap(StoreId.Create(), map);
        Assert.Equal((Now, null, Now.AddDays(1)), (info.Time, info.CertificateFrom, info.CertificateUntil));
        BackgroundTaskInfo read = Assert.Single(info.BackgroundTasks);
        Assert.Equal((Now, Now.AddHours(-1)), (read.LastSucceeded, read.LastFailed));
    }

    private static HealthResult Check(string check, PeerAnswer answer) =>
        Assert.Single(PeerChecks.Run(check, answer));

    private static PeerAnswer Failed(DfssErrorCode code) =>
        new(new PeerAddress("peer", 1), Info: null, new DfssException(code, "It failed."), Now, TimeSpan.Zero);

    private static PeerAnswer Answer(int port, string software = "dfss/1.0.0") => new(
        new PeerAddress("peer", port), Info() with { Software = software }, Failure: null, Now, TimeSpan.Zero);

    private static PeerInfo Info() => new()
    {
        StoreId = StoreId.Create(),
        Software = "dfss/1.0.0",
        Addresses = [],
        ProcessId = 1,
        StorePath = "/it's",
        Uptime = TimeSpan.FromHours(1),
        Connections = 1,
        Chunks = 0,
        StoredBytes = 0,
        QuarantinedChunks = 0,
        Scrub = new ScrubInfo
        {
            BytesPerSecond = 1,
            IsRunning = false,
            Chunks = 0,
            Bytes = 0,
            CorruptChunks = 0,
        },
        Time = Now,
        BackgroundTasks = [new BackgroundTaskInfo(BackgroundTaskInfo.Scrub)],
    };
}
