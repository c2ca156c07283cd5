using Dfss.Commands;
using Dfss.Protocol;
using Dfss.Records;
using Dfss.Testing;
using Dfss.Transfer;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using Engine = System.Management.Automation.PowerShell;

namespace Dfss.Tests.Drive;

/// <summary>A warning that ends the command (-WarningAction Stop) leaves no change half made, and hides none.</summary>
public sealed class DriveWarningTests : IAsyncLifetime
{
    private const string Stop = "-WarningAction Stop";

    private readonly DriveSession drive = new();
    private HeldPeer peer = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        peer = await HeldPeer.StartAsync();
        drive.MakeDrive("Y", peer.StoreAddress);
        drive.Run(
            "foreach ($name in 'f/a', 'f/b') { $writer = $content.GetWriter(\"Y:/$name\")[0]; $writer.Close() }")
            .ThrowIfFailed();
    }

    public async ValueTask DisposeAsync()
    {
        drive.Dispose();
        await peer.DisposeAsync();
    }

    [Theory]
    [InlineData("$item.Rename('X:/f', 'n')", "2 of 2 files have changed.", "n/a n/b")]
    [InlineData("$item.Copy('X:/f/a', 'X:/c', $false, 'CopyTargetContainer')", "1 of 1 files", "c f/a f/b")]
    [InlineData("$item.Remove('X:/f', $true)", "2 of 2 files have changed.", "")]
    [InlineData("$content.Clear('X:/f/a')", "has been stored.", "f/a f/b")]
    [InlineData("$item.New('X:/', 'n', 'File', 'x')", "has been stored.", "f/a f/b n")]
    [InlineData(
        "$writer = $content.GetWriter('X:/n')[0]; $null = $writer.Write(@('x')); $writer.Close()", "has been stored.",
        "f/a f/b n")]
    public void A_change_is_whole_before_a_warning_of_it_ends_the_command(
        string change, string outcome, string expected)
    {
        WarnAt(Operations.Accept);
        Result changed = drive.RunAsCommand(change, Stop);
        Assert.NotNull(changed.Ending);
        Assert.Contains("'X:", changed.Ending.Message, StringComparison.Ordinal);
        Assert.Contains("is slow. ", changed.Ending.Message, StringComparison.Ordinal);
        Assert.Contains(outcome, changed.Ending.Message, StringComparison.Ordinal);
        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries), Names());
    }

    [Fact]
    public void What_has_changed_is_written_before_a_warning_ends_the_command()
    {
        WarnAt(Operations.Accept);
        Result changed = drive.RunAsCommand("$item.Copy('X:/f', 'X:/c', $true, 'CopyTargetContainer')", Stop);
        Assert.NotNull(changed.Ending);
        Assert.Equal(["c/a", "c/b", "f/a", "f/b"], Names());
    }

    [Fact]
    public void A_forced_move_that_fails_half_way_says_what_has_changed()
    {
        DriveMessages messages = drive.MakeDrive("X", string.Empty, new TransferOptions(), peer.Address);
        peer.FailsAtOnce = true;
        peer.Fails = (operation, arguments, payload) =>
        {
            if (operation != Operations.Accept || MessageBatch.Split(arguments, payload)
                .All(one => RecordCodec.DecodeAccept(one).Name != "f/a"))
            {
                return false;
            }

            messages.Warn("The peer is slow.");
            return true;
        };
        Result moved = drive.RunAsCommand("$item.Move([string[]] 'X:/f/a', 'X:/f/b', $true, $true)");
        string error = moved.Ending?.Message ?? Assert.Single(moved.Errors).ToString();
        Assert.Contains("'f/b' was replaced, and 'f/a' could not be removed: ", error, StringComparison.Ordinal);
        Assert.Contains("1 of 1 files have changed.", Assert.Single(moved.Warnings), StringComparison.Ordinal);
        Assert.Equal(["f/a", "f/b"], Names());
    }

    [Fact]
    public void A_warning_before_a_change_ends_the_command_each_time_and_nothing_has_changed()
    {
        WarnAt(Operations.ListFiles);
        Assert.NotNull(drive.RunAsCommand("$item.Remove('X:/f', $true)", Stop).Ending);
        Assert.NotNull(drive.RunAsCommand("$item.Remove('X:/f', $true)", Stop).Ending);
        Assert.Equal(["f/a", "f/b"], Names());
    }

    [Fact]
    public async Task A_change_does_not_warn_of_a_silent_peer()
    {
        var clock = new FakeTimeProvider();
        drive.MakeDrive(
            "X", string.Empty, new TransferOptions { StateFolder = null, TimeProvider = clock }, peer.Address);
        using var answers = new ManualResetEventSlim();
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        peer.Fails = (operation, _, _) =>
        {
            if (operation == Operations.Accept)
            {
                reached.TrySetResult();
                answers.Wait(Token);
            }

            return false;
        };
        using Engine engine = drive.Session.Create();
        using var shown = new SemaphoreSlim(0);
        engine.Streams.Progress.DataAdded += (_, _) => shown.Release();
        engine.AddScript(
            $"& {{ [CmdletBinding()] param() $ExecutionContext.InvokeProvider.Item.Rename('X:/f/a', 'n') }} {Stop}");
        Task running = Task.Factory.StartNew(
            () => engine.Invoke(), Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await reached.Task.WaitAsync(Token);
        try
        {
            for (int second = 0; second < 3; second++)
            {
                // The second and the third progress come after the silence was looked at.
                clock.Advance(TimeSpan.FromSeconds(1));
                Task next = shown.WaitAsync(Token);
                Assert.Same(next, await Task.WhenAny(next, running));
            }
        }
        finally
        {
            answers.Set();
        }

        await running;
        Assert.Empty(engine.Streams.Warning);
        Assert.Equal(["f/b", "f/n"], Names());
    }

    /// <summary>Makes the drive X, whose client warns while the peer answers a request.</summary>
    private void WarnAt(string asked)
    {
        DriveMessages messages = drive.MakeDrive("X", string.Empty, new TransferOptions(), peer.Address);
        peer.Fails = (operation, _, _) =>
        {
            if (operation == asked)
            {
                messages.Warn("The peer is slow.");
            }

            return false;
        };
    }

    private List<string> Names()
    {
        peer.Fails = null;
        return
        [
            .. drive.Run("$child.Get('Y:', $true) | Where-Object { -not $_.PSIsContainer }").ThrowIfFailed()
                .As<DfssFileInfo>().Select(file => file.Name)
        ];
    }
}
