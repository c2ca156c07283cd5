using Dfss.Protocol;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>What Get-DfssPeer says of a peer whose background work fails, or whose store has stopped.</summary>
public sealed class PeerWarningTests
{
    private static readonly DateTimeOffset Since = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Work_that_fails_and_a_store_that_has_stopped_are_warnings_and_properties()
    {
        await using FakePeer peer = new((_, _, _) => new((DfssErrorCode.None, Describe(), null)));
        using Session session = new();
        Result result = session.Run($"Get-DfssPeer -Peer {peer.Address}");
        DfssPeerInfo info = Assert.Single(result.As<DfssPeerInfo>());
        Assert.Equal(DfssPeerState.Running, info.State);
        Assert.Equal("the disk is bad", info.StoreFault);
        Assert.Equal(["Scrub", "Garbage collection"], info.BackgroundTasks.Select(task => task.Name));
        DfssBackgroundTaskInfo failing = info.BackgroundTasks[1];
        Assert.Equal(
            (false, Since.LocalDateTime, "broken", 7),
            (failing.IsRunning, failing.FailedSince, failing.LastError, failing.Restarts));
        Assert.Null(info.BackgroundTasks[0].FailedSince);
        Assert.Equal(2, result.Warnings.Count);
        Assert.Contains(
            "takes no more writes and votes until the peer is restarted: the disk is bad", result.Warnings[0],
            StringComparison.Ordinal);
        Assert.StartsWith(
            $"Garbage collection of peer {peer.Address} has failed since ", result.Warnings[1],
            StringComparison.Ordinal);
        Assert.EndsWith("and is tried again: broken", result.Warnings[1], StringComparison.Ordinal);
    }

    private static MessageMap Describe() => new()
    {
        { "store_id", StoreId.Create().ToByteArray() },
        { "software", "test" },
        { "addresses", MessageValue.From([]) },
        { "process_id", 1 },
        { "uptime_ms", 1L },
        { "connections", 1 },
        { "chunks", 0L },
        { "stored_bytes", 0L },
        { "quarantined", 0L },
        {
            "scrub", new MessageMap
            {
                { "rate", 0L }, { "running", false }, { "chunks", 0L }, { "bytes", 0L }, { "corrupt", 0L },
            }
        },
        { "fault", "the disk is bad" },
        {
            "background", MessageValue.From([
                new MessageMap { { "name", "Scrub" }, { "running", true }, { "restarts", 0L } },
                new MessageMap
                {
                    { "name", "Garbage collection" }, { "running", false }, { "restarts", 7L },
                    { "failed_since", Since.ToUnixTimeMilliseconds() }, { "last_error", "broken" },
                },
            ])
        },
    };
}
