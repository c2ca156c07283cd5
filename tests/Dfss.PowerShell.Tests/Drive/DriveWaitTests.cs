using Dfss.Commands;
using Dfss.Testing;
using Dfss.Transfer;
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
                shown.Add(shown.Contains("1900") ? "warning" : "none is silent");
                return Task.FromResult(shown[^1] == "warning");
            });
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task running = wait.RunAsync(end.Token);
        Assert.Empty(shown);
        clock.Advance(DriveWait.Before);
        Assert.Equal(["500"], shown);
        clock.Advance(DriveWait.BeforeWarning - DriveWait.Before);
        Assert.Equal(["500", "none is silent"], shown);
        clock.Advance(TimeSpan.FromSeconds(1));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["500", "none is silent", "1900", "warning", "2900"], shown);
        Assert.True(DriveWait.BeforeWarning < TimeSpan.FromSeconds(1));
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task What_a_healthy_peer_lists_is_there_though_another_one_is_silent()
    {
        using var drive = new DriveSession();
        await using HeldPeer silent = await HeldPeer.StartAsync();
        PeerAddress healthy = PeerAddress.Parse(drive.Session.Run("$peer.Endpoint").As<string>()[0]);
        drive.MakeDrive("X", TimeSpan.FromMinutes(1), healthy, silent.Address);

        // Connected before: the connection of a peer that falls silent is given up after 30 s, long after the answer.
        drive.Run("$item.Exists('X:/none')").ThrowIfFailed();
        drive.Session.Run(
            "'photos/a', 'b' | ForEach-Object { Set-DfssContent $_ x -Peer $peer, $silent }",
            ("silent", silent.Address.ToString())).ThrowIfFailed();
        silent.Holds = (_, _, _) => true;

        Result found = drive.Run("""
            $item.Exists('X:/photos')
            $item.IsContainer('X:/photos')
            $item.Exists('X:/b')
            @($item.Get('X:/b'))[0].Name
            """);

        Assert.Equal([true, true, true, "b"], found.ThrowIfFailed().Output.Select(one => one.BaseObject));
        Assert.False(silent.WhenDeserted.IsCompleted, "The answer came when the silent peer had been given up.");
    }

    [Fact]
    public async Task A_list_goes_on_without_a_silent_peer_before_its_connection_is_given_up()
    {
        using var drive = new DriveSession();
        await using HeldPeer silent = await HeldPeer.StartAsync();
        PeerAddress healthy = PeerAddress.Parse(drive.Session.Run("$peer.Endpoint").As<string>()[0]);
        drive.MakeDrive("X", TimeSpan.FromMilliseconds(100), healthy, silent.Address);
        drive.Store("photos/a");
        drive.Run("$item.Exists('X:/photos')").ThrowIfFailed();
        silent.Holds = (_, _, _) => true;
        Assert.Equal("photos/a", Assert.Single(drive.Run("$child.Get('X:/photos', $false)").As<DfssFileInfo>()).Name);
        Assert.False(silent.WhenDeserted.IsCompleted);
    }

    [Fact]
    public async Task A_warning_names_the_peers_that_are_silent_and_no_other()
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        await using HeldPeer silent = await HeldPeer.StartAsync();
        await using HeldPeer healthy = await HeldPeer.StartAsync();
        await using var client = new DfssClient([healthy.Address, silent.Address], TransferOptions.Default);
        var shown = new List<string>();
        var messages = new DriveMessages(TimeProvider.System);
        messages.ShowWith((_, text) => shown.Add(text));
        await Assert.ThrowsAsync<DfssException>(() => client.GetAsync("none", cancellationToken));
        Assert.False(DfssProvider.WarnOfSilence("X:", messages, client));
        Assert.Empty(shown);

        silent.Holds = (_, _, _) => true;
        using var leave = new CancellationTokenSource();
        Task<StoredFile> asking = client.GetAsync("none", leave.Token);
        await silent.Reached.WaitAsync(cancellationToken);
        while (!DfssProvider.WarnOfSilence("X:", messages, client))
        {
            await Task.Yield();
        }

        Assert.StartsWith(
            $"Drive X: waits: {silent.Address} did not answer", Assert.Single(shown), StringComparison.Ordinal);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }

    [Fact]
    public void A_command_gets_each_warning_once_and_the_next_command_again()
    {
        var clock = new FakeTimeProvider();
        clock.Advance(TimeSpan.FromMinutes(1));
        var messages = new DriveMessages(clock);
        var shown = new List<string>();
        for (int call = 0; call < 3; call++)
        {
            Action end = messages.ShowWith((_, text) => shown.Add(text));
            messages.Warn("down");
            messages.Tell("detail");
            end();
        }

        Assert.Equal(["down", "detail", "detail", "detail"], shown);
        clock.Advance(TimeSpan.FromSeconds(2));
        Action last = messages.ShowWith((_, text) => shown.Add(text));
        messages.Warn("down");
        last();
        Assert.Equal("down", shown[^1]);
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
