using System.Text;
using Dfss.Commands;
using Xunit;

namespace Dfss.Tests.Peers;

public sealed class PeerAnnouncementTests
{
    private static readonly PeerAnnouncement Some = new(
        PeerAnnouncement.Mark, ProcessId: 1, Port: 2, ["localhost:2"], StoreId: string.Empty, DfssErrorCode.None,
        Message: null, Advice: null);

    [Fact]
    public async Task Each_step_of_a_start_is_noticed_before_the_announcement()
    {
        using StringReader output = new(
            $"a word\n{PeerAnnouncement.ProgressLine}\n\n{PeerAnnouncement.ProgressLine}\n{Some.ToLine()}\nmore\n");
        StringBuilder others = new();
        int steps = 0;
        PeerAnnouncement? read = await PeerAnnouncement.ReadAsync(
            output, others, () => steps++, TestContext.Current.CancellationToken);
        Assert.Equal(Some.ToLine(), read?.ToLine());
        Assert.Equal(2, steps);
        Assert.Equal(["a word"], others.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Of_a_process_that_ends_without_one_there_is_what_it_said()
    {
        using StringReader output = new("it failed\n");
        StringBuilder others = new();
        Assert.Null(await PeerAnnouncement.ReadAsync(
            output, others, () => { }, TestContext.Current.CancellationToken));
        Assert.Equal("it failed", others.ToString().Trim());
    }
}
