using Dfss.Commands;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Drive;

/// <summary>A drive whose peers do not answer.</summary>
public sealed class DriveWaitTests
{
    [Fact]
    public async Task Waiting_is_shown_within_a_second_and_warned_of_once()
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        var clock = new FakeTimeProvider();
        var shown = new List<string>();
        var wait = new DriveWait(
            clock,
            waited =>
            {
                shown.Add($"{waited.TotalMilliseconds:0}");
                return Task.CompletedTask;
            },
            () =>
            {
                shown.Add("warning");
                return Task.CompletedTask;
            });
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task running = wait.RunAsync(end.Token);
        Assert.Empty(shown);
        clock.Advance(DriveWait.Before);
        Assert.Equal(["500"], shown);
        clock.Advance(DriveWait.BeforeWarning - DriveWait.Before);
        Assert.Equal(["500", "warning"], shown);
        clock.Advance(TimeSpan.FromSeconds(1));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["500", "warning", "1900", "2900"], shown);
        Assert.True(DriveWait.BeforeWarning < TimeSpan.FromSeconds(1));
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public void A_peer_that_cannot_be_reached_is_an_error_and_what_it_has_is_not_taken_for_missing()
    {
        using var drive = new DriveSession();
        drive.MakeDrive("X", new PeerAddress("127.0.0.1", 1));
        Result listed = drive.Run("try { $child.Get('X:', $false) } catch { throw }");
        Exception? cause = listed.Ending;
        while (cause is not null and not DfssException)
        {
            cause = cause.InnerException;
        }

        Assert.Equal(DfssErrorCode.PeerUnreachable, Assert.IsType<DfssException>(cause).Code);
    }

    [Fact]
    public void A_folder_is_there_and_listed_without_a_majority_and_is_not_removed()
    {
        using var drive = new DriveSession();
        drive.Session.Run(
            """
            $second = Start-DfssPeer -InMemory -Port 0
            Set-DfssContent photos/a 'a' -Peer $peer, $second
            $second | Stop-DfssPeer
            """).ThrowIfFailed();
        drive.MakeDrive("X", [.. drive.Session.Run("$peer; $second").As<DfssPeerInfo>().Select(peer =>
            PeerAddress.TryParse(peer.Endpoint, out PeerAddress? address) ? address : throw new FormatException())]);
        Assert.Equal([true], drive.Run("$item.Exists('X:/photos')").ThrowIfFailed().As<bool>());
        Assert.Equal(
            "photos/a",
            Assert.Single(drive.Run("$child.Get('X:/photos', $false)").ThrowIfFailed().As<DfssFileInfo>()).Name);
        Result removed = drive.Run("$item.Remove('X:/photos', $true)");
        Assert.True(removed.Ending is not null || removed.Errors.Count > 0);
        Assert.Equal(["photos/a"], drive.Names());
    }
}
