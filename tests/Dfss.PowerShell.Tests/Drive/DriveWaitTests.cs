using System.Management.Automation;
using System.Threading.Channels;
using Dfss.Commands;
using Dfss.Protocol;
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
        var shown = Channel.CreateUnbounded<string>();
        bool isSilent = false;
        var wait = new DriveWait(
            clock,
            waited => shown.Writer.WriteAsync($"{waited.TotalMilliseconds:0}", cancellationToken).AsTask(),
            () => Task.FromResult(isSilent && shown.Writer.TryWrite("warning")));
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task running = wait.RunAsync(end.Token);

        // No step is lost: the timer keeps one that comes before it is awaited.
        clock.Advance(DriveWait.Before - DriveWait.Step);
        clock.Advance(DriveWait.Step);
        Assert.Equal("500", await shown.Reader.ReadAsync(cancellationToken));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("1500", await shown.Reader.ReadAsync(cancellationToken));
        isSilent = true;
        clock.Advance(DriveWait.Step);
        Assert.Equal("warning", await shown.Reader.ReadAsync(cancellationToken));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("2600", await shown.Reader.ReadAsync(cancellationToken));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("3600", await shown.Reader.ReadAsync(cancellationToken));
        Assert.True(DriveWait.LeastSilence + DriveWait.Step < TimeSpan.FromSeconds(1));
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task A_warning_names_the_peer_and_the_path()
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        var clock = new FakeTimeProvider();
        await using HeldPeer silent = await HeldPeer.StartAsync();
        await using HeldPeer healthy = await HeldPeer.StartAsync();
        await using var client = new DfssClient(
            [healthy.Address, silent.Address], new TransferOptions { StateFolder = null, TimeProvider = clock });
        var shown = new List<string>();
        var messages = new DriveMessages(clock, "X:");
        messages.ShowWith(message => shown.Add(message.Text), "X:/photos");
        await Assert.ThrowsAsync<DfssException>(() => client.GetAsync("none", cancellationToken));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.False(DfssProvider.WarnOfSilence(messages, client));

        int asked = 0;
        silent.Holds = (_, _, _) => Interlocked.Increment(ref asked) == 1;
        using var leave = new CancellationTokenSource();
        Task asking = client.GetPeerInfoAsync(silent.Address, leave.Token);
        await silent.Reached.WaitAsync(cancellationToken);

        // When another answer has come over that connection, the client has noted that the first request is sent.
        await client.GetPeerInfoAsync(silent.Address, cancellationToken);
        clock.Advance(DriveWait.LeastSilence - TimeSpan.FromMilliseconds(1));
        Assert.False(DfssProvider.WarnOfSilence(messages, client));
        Assert.Empty(shown);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(DfssProvider.WarnOfSilence(messages, client));
        Assert.StartsWith(
            $"'X:/photos': Waiting for an answer from {silent.Address}. ", Assert.Single(shown),
            StringComparison.Ordinal);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }

    [Fact]
    public void A_command_is_told_once_that_a_peer_is_waited_for_and_the_next_command_again()
    {
        var clock = new FakeTimeProvider();
        clock.Advance(TimeSpan.FromMinutes(1));
        var messages = new DriveMessages(clock, "D:");
        var shown = new List<string>();
        for (int call = 0; call < 3; call++)
        {
            Call("down", "detail");
        }

        Assert.Equal(["'D:/a': down", "detail", "detail", "detail"], shown);
        clock.Advance(TimeSpan.FromSeconds(2));
        messages.WarnOfWait("held");
        Call("down");
        Assert.Equal(["'D:': held", "'D:/a': down"], shown[4..]);

        // A script whose calls follow one another without a pause.
        for (int second = 0; second < 60; second++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            Call("down");
        }

        Assert.Equal(["'D:/a': down", "'D:/a': down"], shown[6..]);

        // What one path waits for says nothing about another.
        Call("down", path: "D:/b");
        Assert.Equal("'D:/b': down", shown[^1]);

        void Call(string warning, string? detail = null, string path = "D:/a")
        {
            Action end = messages.ShowWith(message => shown.Add(message.Text), path);
            messages.WarnOfWait(warning);
            if (detail is not null)
            {
                messages.Tell(detail);
            }

            end();
        }
    }

    [Fact]
    public void Each_call_shows_all_other_warnings_each_once()
    {
        var messages = new DriveMessages(new FakeTimeProvider(), "D:");
        var shown = new List<string>();
        for (int call = 0; call < 2; call++)
        {
            Action end = messages.ShowWith(message => shown.Add(message.Text), "D:/a");
            messages.Warn("one");
            messages.Warn("two");
            messages.Warn("one");
            end();
        }

        Assert.Equal(["'D:/a': one", "'D:/a': two", "'D:/a': one", "'D:/a': two"], shown);
    }

    [Fact]
    public void Only_so_many_warnings_are_remembered()
    {
        var messages = new DriveMessages(new FakeTimeProvider(), "D:");
        int shown = 0;
        messages.ShowWith(_ => shown++, "D:/");
        for (int i = 0; i < 3 * DriveMessages.MaxRemembered; i++)
        {
            messages.WarnOfWait(FormattableString.Invariant($"warning {i}"));
            Assert.InRange(messages.Remembered, 1, DriveMessages.MaxRemembered);
        }

        Assert.Equal(3 * DriveMessages.MaxRemembered, shown);
    }

    [Fact]
    public async Task What_an_incomplete_list_lacks_is_asked_for_again()
    {
        using var drive = new DriveSession();
        await using HeldPeer second = await HeldPeer.StartAsync();
        MakeDriveOfTwo(drive, second, "a");
        Send(drive, second, "b/c");
        second.FailsAtOnce = true;
        second.Fails = (operation, _, _) => operation == Operations.ListFiles;
        Result listed = drive.Run("$child.Get('X:', $false)").ThrowIfFailed();
        Assert.Equal("a", Assert.Single(listed.As<DfssFileInfo>()).Name);
        second.Release();
        Assert.Equal([true, true], drive.Run("$item.Exists('X:/b'); $item.Exists('X:/b/c')").As<bool>());
        Assert.Equal("b/c", Assert.Single(drive.Run("$child.Get('X:/b', $false)").As<DfssFileInfo>()).Name);
    }

    [Theory]
    [InlineData("$item.Copy('X:/f', 'X:/n', $true, 'CopyTargetContainer')")]
    [InlineData("$item.Move('X:/f', 'X:/n')")]
    [InlineData("$item.Rename('X:/f', 'n')")]
    public async Task A_folder_goes_to_no_name_of_which_not_all_is_known(string change)
    {
        using var drive = new DriveSession();
        await using HeldPeer second = await HeldPeer.StartAsync();
        MakeDriveOfTwo(drive, second, "f/a", "f/b");
        Send(drive, second, "n/z");
        second.FailsAtOnce = true;
        second.Fails = (operation, arguments, _) => operation == Operations.ListFiles
            && arguments.Required("prefix").AsText() == "n/";
        Result changed = drive.Run($"try {{ {change} }} catch {{ throw }}");
        Assert.Contains("ListingIncomplete", IdsOf(changed));
        second.Release();
        Assert.Equal(
            ["f/a", "f/b", "n/z"],
            drive.Run("$child.Get('X:', $true) | Where-Object { -not $_.PSIsContainer }").ThrowIfFailed()
                .As<DfssFileInfo>().Select(file => file.Name));
    }

    [Fact]
    public async Task One_file_gets_its_name_also_where_not_all_is_known()
    {
        using var drive = new DriveSession();
        await using HeldPeer second = await HeldPeer.StartAsync();
        MakeDriveOfTwo(drive, second, "f");
        second.FailsAtOnce = true;
        second.Fails = (operation, _, _) => operation == Operations.ListFiles;
        drive.Run("$item.Rename('X:/f', 'n')").ThrowIfFailed();
        Assert.Equal(["n"], drive.Names());
    }

    [Fact]
    public async Task A_warning_of_what_is_not_known_comes_also_where_a_command_before_has_hidden_it()
    {
        using var drive = new DriveSession();
        await using HeldPeer second = await HeldPeer.StartAsync();
        MakeDriveOfTwo(drive, second, "f");
        second.FailsAtOnce = true;
        second.Fails = (operation, _, _) => operation == Operations.ListFiles;
        const string Rename = "& { [CmdletBinding(SupportsShouldProcess)] param() $item.Rename('X:/f', 'n') }";
        drive.Run($"{Rename} -WhatIf -WarningAction SilentlyContinue").ThrowIfFailed();
        Assert.NotNull(drive.Run($"{Rename} -WarningAction Stop").Ending);
        Assert.Equal(["f"], drive.Names());
        drive.RunAsCommand("$child.Get('X:', $false)", "-WarningAction SilentlyContinue").ThrowIfFailed();
        Assert.NotNull(drive.RunAsCommand("$child.Get('X:', $false)", "-WarningAction Stop").Ending);
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
        Result removed = drive.Run("try { $item.Remove('X:/photos', $true) } catch { throw }");
        Assert.Contains("ListingIncomplete", IdsOf(removed));
        Assert.Equal(["photos/a"], drive.Names());
    }

    /// <summary>A drive X of the session's peer, where these names are stored, and a second one.</summary>
    private static void MakeDriveOfTwo(DriveSession drive, HeldPeer second, params string[] names)
    {
        drive.Store(names);
        drive.MakeDrive("X", PeerAddress.Parse(drive.Session.Run("$peer.Endpoint").As<string>()[0]), second.Address);
    }

    private static void Send(DriveSession drive, HeldPeer peer, string name) => drive.Session.Run(
        "Set-DfssContent $name $name -NoNewline -Peer $endpoint", ("name", name),
        ("endpoint", peer.Address.ToString())).ThrowIfFailed();

    private static List<string> IdsOf(Result result)
    {
        List<string> ids = [.. result.Errors.Select(Result.IdOf)];
        for (Exception? one = result.Ending; one is not null; one = one.InnerException)
        {
            ids.AddRange(one is IContainsErrorRecord known ? [Result.IdOf(known.ErrorRecord)] : []);
        }

        return ids;
    }
}
