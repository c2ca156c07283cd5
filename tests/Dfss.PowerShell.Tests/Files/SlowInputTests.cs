using System.Management.Automation;
using Dfss.Commands;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using Work = System.Func<int, System.Threading.CancellationToken, System.Threading.Tasks.Task>;

namespace Dfss.Tests.Files;

/// <summary>A transfer of numbers, for which only what the clock says passes.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "ProbeTransfer")]
public sealed class InvokeProbeTransferCommand : ClientCmdlet
{
    private FilePump? files;

    /// <summary>The clock.</summary>
    [Parameter(Mandatory = true)]
    public TimeProvider Clock { get; set; } = TimeProvider.System;

    /// <summary>Numbers, written again when they have been worked on.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    public int[] Number { get; set; } = [];

    /// <summary>The length of each file in bytes.</summary>
    [Parameter]
    public long Length { get; set; } = 1;

    /// <summary>The work on each number; none where it is null.</summary>
    [Parameter]
    public Func<int, CancellationToken, Task>? Work { get; set; }

    /// <summary>Called when the command cleans up, before its pump does.</summary>
    [Parameter]
    public Action? CleaningUp { get; set; }

    private protected override bool NeedsPeers => false;

    private FilePump Files => files ??= new FilePump(this, "Probing", FilePump.SmallFilesAtOnce, Clock);

    private protected override async Task BeginAsync(CancellationToken cancellationToken)
    {
        await base.BeginAsync(cancellationToken).ConfigureAwait(false);
        await Files.BeginAsync().ConfigureAwait(false);
    }

    private protected override Task ProcessAsync(CancellationToken cancellationToken) =>
        Files.ProcessAsync(TakeInputAsync, cancellationToken);

    private protected override Task EndAsync(CancellationToken cancellationToken) =>
        Files.EndAsync(_ => Task.CompletedTask, cancellationToken);

    private protected override async ValueTask CleanUpAsync()
    {
        CleaningUp?.Invoke();
        await Files.DisposeAsync().ConfigureAwait(false);
        await base.CleanUpAsync().ConfigureAwait(false);
    }

    private async Task TakeInputAsync(CancellationToken cancellationToken)
    {
        foreach (int number in Number)
        {
            if (number < 0)
            {
                throw new InvalidOperationException("an input that ends the command");
            }

            await Files.EnqueueAsync(
                new FileWork($"{number}", number, Length, (_, token) => WorkAsync(number, token)),
                cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<Action> WorkAsync(int number, CancellationToken cancellationToken)
    {
        await (Work?.Invoke(number, cancellationToken) ?? Task.CompletedTask).ConfigureAwait(false);
        return () => WriteObject(number);
    }
}

/// <summary>
/// Each file of slow input is worked on at once, and its result comes at once where it is soon ready.
/// </summary>
public sealed class SlowInputTests : IDisposable
{
    /// <summary>Only a hang lasts so long.</summary>
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(60);

    private readonly Session session = new(typeof(InvokeProbeTransferCommand));

    public void Dispose() => session.Dispose();

    [Theory]
    [InlineData("0, 0, 0", "in 1, in 2, in 3, out 1, out 2, out 3")]
    [InlineData("200, 200, 200", "in 1, in 2, in 3, out 1, out 2, out 3")]
    [InlineData("201, 201, 201", "in 1, out 1, in 2, out 2, in 3, out 3")]
    [InlineData("0, 0, 201, 0", "in 1, in 2, in 3, out 1, out 2, out 3, in 4, out 4")]
    [InlineData("200, 200, 200, 200, 200, 200, 200, 0",
        "in 1, in 2, in 3, in 4, in 5, in 6, in 7, out 1, out 2, out 3, out 4, out 5, out 6, out 7, in 8, out 8")]
    public void A_result_comes_at_once_where_the_input_took_longer_than_a_fifth_of_a_second(
        string pauses, string expected) =>
        Assert.Equal(expected, Feed(pauses, "ForEach-Object { $said.Add(\"out $_\") }"));

    /// <summary>The work on the first file ends only when the second is read.</summary>
    [Fact]
    public void The_work_on_a_file_goes_on_while_a_slow_input_is_made()
    {
        var clock = new FakeTimeProvider();
        var read = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        async Task WorkAsync(int number, CancellationToken cancellationToken)
        {
            if (number == 1)
            {
                // Longer than the command waits for the result.
                clock.Advance(TimeSpan.FromSeconds(2));
                await read.Task.WaitAsync(TimeLimit, cancellationToken).ConfigureAwait(false);
            }
        }

        var said = new List<string>();
        session.Run(
            """
            1..3 | ForEach-Object {
                $clock.Advance([timespan]::FromSeconds(1))
                $said.Add("in $_")
                if ($_ -eq 2) { $read.SetResult() }
                $_
            } | Invoke-ProbeTransfer -Clock $clock -Work $work | ForEach-Object { $said.Add("out $_") }
            """,
            ("clock", clock), ("said", said), ("read", read), ("work", (Work)WorkAsync)).ThrowIfFailed();

        Assert.Equal("in 1, in 2, out 1, out 2, in 3, out 3", string.Join(", ", said));
    }

    [Fact]
    public void Work_that_goes_on_while_an_input_is_made_ends_with_the_pipeline()
    {
        var clock = new FakeTimeProvider();
        var endless = new EndlessWork(number: 1);
        Task WorkAsync(int number, CancellationToken cancellationToken)
        {
            clock.Advance(TimeSpan.FromSeconds(2));
            return endless.RunAsync(number, cancellationToken);
        }

        Result result = session.Run(
            """
            1..2 | ForEach-Object {
                $clock.Advance([timespan]::FromSeconds(1))
                if ($_ -eq 2) { $started.Wait(); throw 'upstream' }
                $_
            } | Invoke-ProbeTransfer -Clock $clock -Work $work
            """,
            ("clock", clock), ("started", endless.Started), ("work", (Work)WorkAsync));

        Assert.Equal("upstream", result.Ending?.Message);
        Assert.Equal(["ended"], endless.Events);
    }

    /// <summary>Not only when the command cleans up: commands after it may still run then.</summary>
    [Theory]
    [InlineData("1, 2", "ForEach-Object { $started.Wait(); throw 'downstream' }", "downstream")]
    [InlineData(
        "1, 2, -1 | ForEach-Object { if ($_ -lt 0) { $started.Wait() }; $_ }", "ForEach-Object { $_ }",
        "an input that ends the command")]
    public void Work_ends_when_the_command_fails(string numbers, string downstream, string message)
    {
        var endless = new EndlessWork(number: 2);

        Result result = session.Run(
            $"{numbers} | Invoke-ProbeTransfer -Clock $clock -Length 1GB -Work $work -CleaningUp $cleaningUp | "
                + $"{downstream}",
            ("clock", new FakeTimeProvider()), ("started", endless.Started), ("work", (Work)endless.RunAsync),
            ("cleaningUp", (Action)(() => endless.Events.Add("cleans up"))));

        Assert.Equal(message, (result.Ending ?? Assert.Single(result.Errors).Exception).Message);
        Assert.Equal(["ended", "cleans up"], endless.Events);
    }

    [Fact]
    public async Task A_stop_waits_for_the_work_whose_result_was_awaited()
    {
        var endless = new EndlessWork(number: 1);
        using System.Management.Automation.PowerShell engine = session.Create();
        engine.AddCommand("Invoke-ProbeTransfer").AddParameter("Number", 1)
            .AddParameter("Clock", new FakeTimeProvider()).AddParameter("Work", (Work)endless.RunAsync);
        IAsyncResult running = engine.BeginInvoke();
        await endless.Started;
        await Task.Factory.FromAsync(engine.BeginStop(null, null), engine.EndStop);
        Assert.Throws<PipelineStoppedException>(() => engine.EndInvoke(running));
        Assert.Equal(["ended"], endless.Events);
    }

    [Fact]
    public void The_time_that_is_spent_downstream_does_not_count() => Assert.Equal(
        "in 1, out 1, in 2, in 3, out 2, out 3",
        Feed("201, 0, 0", "ForEach-Object { $said.Add(\"out $_\"); $clock.Advance([timespan]::FromSeconds(9)) }"));

    [Fact]
    public void A_pipeline_that_ends_after_the_first_result_waits_for_no_second_input() => Assert.Equal(
        "in 1, out 1", Feed("201, 201, 201", "ForEach-Object { $said.Add(\"out $_\"); break }"));

    private string Feed(string pauses, string downstream)
    {
        var said = new List<string>();
        session.Run(
            $$"""
            foreach ($once in 1) {
                {{pauses}} | ForEach-Object {
                    $clock.Advance([timespan]::FromMilliseconds($_))
                    $number++
                    $said.Add("in $number")
                    $number
                } | Invoke-ProbeTransfer -Clock $clock | {{downstream}}
            }
            """,
            ("clock", new FakeTimeProvider()), ("said", said), ("number", 0)).ThrowIfFailed();
        return string.Join(", ", said);
    }

    /// <summary>Work on one number that ends only when it is cancelled.</summary>
    private sealed class EndlessWork(int number)
    {
        private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Ends when the work has started.</summary>
        public Task Started => started.Task;

        public List<string> Events { get; } = [];

        public async Task RunAsync(int taken, CancellationToken cancellationToken)
        {
            if (taken == number)
            {
                started.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                // A thread that need not wait for this work has passed it by now.
                await Task.Yield();
                Events.Add("ended");
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }
}
