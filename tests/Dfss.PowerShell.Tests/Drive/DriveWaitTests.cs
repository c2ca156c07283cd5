using System.Management.Automation;
using Dfss.Commands;
using Dfss.Testing;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using Engine = System.Management.Automation.PowerShell;

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

    [Theory]
    [InlineData("$child.Get('H:', $true)")]
    [InlineData("$item.Get('H:/a')")]
    [InlineData("$content.GetReader('H:/a')")]
    [InlineData("$writer = $content.GetWriter('H:/a')[0]; $null = $writer.Write(@('x')); $writer.Close()")]
    public async Task A_command_on_a_silent_peer_says_so_and_stops_when_it_is_told_to(string script)
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        await using HeldPeer peer = await HeldPeer.StartAsync();
        peer.Holds = (_, _, _) => true;
        using var drive = new DriveSession();
        drive.MakeDrive("H", peer.Address);
        using Engine engine = drive.Session.Create();
        engine.AddScript(
            "$provider = $ExecutionContext.InvokeProvider; $item = $provider.Item; $child = $provider.ChildItem; "
                + $"$content = $provider.Content; {script}");
        var said = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        engine.Streams.Progress.DataAdded += (_, _) => said.TrySetResult();
        Task<PSDataCollection<PSObject>> running = engine.InvokeAsync();
        await said.Task.WaitAsync(TimeSpan.FromSeconds(60), cancellationToken);
        await engine.StopAsync(callback: null, state: null);
        await Assert.ThrowsAnyAsync<PipelineStoppedException>(() => running);
        Assert.Contains(
            peer.Address.ToString(), engine.Streams.Progress[0].StatusDescription, StringComparison.Ordinal);
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
}
