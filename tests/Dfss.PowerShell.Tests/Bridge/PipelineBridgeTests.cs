using System.Diagnostics;
using System.Management.Automation;
using Xunit;
using Engine = System.Management.Automation.PowerShell;

namespace Dfss.Tests.Bridge;

/// <summary>
/// The bridge's contract, one scenario each. After every one: no body lives, and cleaning up ran once.
/// </summary>
public sealed class PipelineBridgeTests : IDisposable
{
    /// <summary>
    /// Only what hangs meets it: the bodies end by nothing but the cancellation. EarlyEndTests hold the second.
    /// </summary>
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(60);

    private readonly Session session = new(typeof(InvokeProbeCommand));
    private readonly Probe probe = new();

    public void Dispose() => session.Dispose();

    [Fact]
    public void Sixteen_thousand_objects_of_eight_writers_all_arrive_each_writers_in_order()
    {
        IReadOnlyList<int> numbers = Run("Invoke-Probe -Probe $probe -Scenario Flood").As<int>();
        Assert.Equal(16_000, numbers.Count);
        foreach (IGrouping<int, int> writer in numbers.GroupBy(number => number / 1_000_000))
        {
            Assert.Equal(Enumerable.Range(0, 2000), writer.Select(number => number % 1_000_000));
        }
    }

    [Fact]
    public void Three_inputs_are_processed_in_order_and_cleaned_up_after_once() =>
        Assert.Equal([1, 2, 3], Run("1..3 | Invoke-Probe -Probe $probe -Scenario Echo").As<int>());

    /// <summary>The work that a body left running calls while the command before makes the next input.</summary>
    [Theory]
    [InlineData("$_", "7", null)]
    [InlineData("throw 'upstream'", "", "upstream")]
    public void A_call_between_two_inputs_is_served_with_the_next_or_cancelled(
        string next, string expected, string? ending)
    {
        Result result = Run($$"""
            1..2 | ForEach-Object {
                if ($_ -eq 1) { $_ } else { $probe.MayCall.SetResult(); $probe.HasCalled.Task.Wait(); {{next}} }
            } | Invoke-Probe -Probe $probe -Scenario Later
            """);
        Assert.Equal(expected, string.Join(", ", result.Output));
        Assert.Equal(ending, result.Ending?.Message);
    }

    [Fact]
    public void Break_downstream_ends_the_body()
    {
        var watch = Stopwatch.StartNew();
        Result result = Run(
            "$n = 0; foreach ($once in 1) { Invoke-Probe -Probe $probe -Scenario Endless | ForEach-Object { if (++$n "
                + "-eq 10) { break } } }; $n");
        Assert.Equal([10], result.As<int>());
        Assert.IsAssignableFrom<OperationCanceledException>(probe.Seen);
        Assert.True(watch.Elapsed < TimeLimit, $"It took {watch.Elapsed}.");
    }

    [Fact]
    public void Throw_downstream_ends_the_body_and_comes_out_as_it_was()
    {
        Result result = Run("Invoke-Probe -Probe $probe -Scenario Endless | ForEach-Object { throw 'downstream' }");
        Assert.Equal("downstream", result.Ending!.Message);
        Assert.IsAssignableFrom<OperationCanceledException>(probe.Seen);
    }

    [Fact]
    public void Throw_downstream_can_be_caught_and_the_script_goes_on()
    {
        Result result = Run(
            "try { Invoke-Probe -Probe $probe -Scenario Endless | ForEach-Object { throw 'downstream' } } catch { "
                + "\"caught $_\" }; 'after'");
        Assert.Equal(["caught downstream", "after"], result.As<string>());
    }

    [Fact]
    public void A_body_that_swallows_the_cancellation_cannot_swallow_what_ended_it()
    {
        Result result = Run(
            "Invoke-Probe -Probe $probe -Scenario SwallowCancellation | ForEach-Object { throw 'downstream' }");
        Assert.Equal("downstream", result.Ending!.Message);
        Assert.IsAssignableFrom<OperationCanceledException>(probe.Seen);
    }

    [Theory]
    [InlineData("Idle")]
    [InlineData("Endless")]
    public async Task Stop_ends_the_body_at_once(string scenario)
    {
        using Engine engine = session.Create();
        engine.AddScript("Invoke-Probe -Probe $args[0] -Scenario $args[1]").AddArgument(probe).AddArgument(scenario);
        using var output = new PSDataCollection<PSObject>();
        IAsyncResult running = engine.BeginInvoke<PSObject, PSObject>(null, output);
        await probe.Started.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        var watch = Stopwatch.StartNew();
        await Task.Factory.FromAsync(engine.BeginStop(null, null), engine.EndStop);
        Assert.True(watch.Elapsed < TimeLimit, $"It took {watch.Elapsed}.");
        Assert.Throws<PipelineStoppedException>(() => engine.EndInvoke(running));
        Assert.Equal(PSInvocationState.Stopped, engine.InvocationStateInfo.State);
        AssertDone();
    }

    [Fact]
    public void What_the_body_throws_ends_the_command_with_its_error_id_category_and_target()
    {
        ErrorRecord error = session.RunUntilError("Invoke-Probe -Probe $probe -Scenario Fail", ("probe", probe));
        AssertDone();
        Assert.Equal("ProbeFailed", Result.IdOf(error));
        Assert.Equal(ErrorCategory.InvalidData, error.CategoryInfo.Category);
        Assert.Equal("the target", error.TargetObject);
        Assert.IsType<InvalidDataException>(error.Exception);
    }

    [Fact]
    public void What_the_body_throws_can_be_caught_by_its_type()
    {
        Result result = Run(
            "try { Invoke-Probe -Probe $probe -Scenario Fail } catch [System.IO.InvalidDataException] { "
                + "$_.FullyQualifiedErrorId }; 'after'");
        Assert.Equal("after", result.As<string>()[1]);
        Assert.StartsWith("ProbeFailed,", result.As<string>()[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("FailRaw", typeof(FormatException))]
    [InlineData("CancelledByOther", typeof(OperationCanceledException))]
    public void An_exception_with_no_error_record_comes_out_itself(string scenario, Type type)
    {
        ErrorRecord error = session.RunUntilError($"Invoke-Probe -Probe $probe -Scenario {scenario}", ("probe", probe));
        Assert.Equal(type, error.Exception.GetType());
        AssertDone();
    }

    [Fact]
    public void WhatIf_answers_no_to_the_body() =>
        Assert.Equal([false], Run("Invoke-Probe -Probe $probe -Scenario Ask -WhatIf").As<bool>());

    [Fact]
    public void ShouldProcess_can_be_asked_by_the_body() =>
        Assert.Equal([true], Run("Invoke-Probe -Probe $probe -Scenario Ask").As<bool>());

    [Fact]
    public void The_body_never_runs_on_the_pipeline_thread()
    {
        Run("Invoke-Probe -Probe $probe -Scenario Threads").ThrowIfFailed();
        Assert.NotNull(probe.PipelineThread);
        Assert.False(probe.HasRunOnPipelineThread);
    }

    [Fact]
    public void Progress_is_made_when_it_is_shown_and_what_is_gone_is_completed()
    {
        Result result = Run("Invoke-Probe -Probe $probe -Scenario Progress").ThrowIfFailed();
        Assert.Equal(
            ["1 fresh", "2 fresh", "2 gone", "1 alone", "1 gone"],
            result.Progress.Select(record => record.RecordType == ProgressRecordType.Completed
                ? $"{record.ActivityId} gone"
                : $"{record.ActivityId} {record.StatusDescription}"));
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("| ForEach-Object { throw 'downstream' }", "downstream")]
    public void A_host_that_cannot_take_progress_away_keeps_nothing_from_being_cleaned_up(string rest, string? ending)
    {
        var host = new RecordingHost();
        host.Recorded.FailsToComplete = true;
        using var drawn = new Session(host, typeof(InvokeProbeCommand));
        Result result = drawn.Run(
            $"Invoke-Probe -Probe $probe -Scenario OneRecord -InputNumber 7 {rest}", ("probe", probe));
        AssertDone();
        Assert.Single(host.Recorded.All);
        Assert.Equal(ending, result.Ending?.Message);
        Assert.Equal(ending is null ? [7] : [], result.Output.Select(item => (int)item.BaseObject));
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("-ProgressAction SilentlyContinue", false)]
    [InlineData("-ProgressAction Ignore", false)]
    [InlineData("-ProgressAction Continue", true)]
    public void ProgressAction_says_whether_progress_is_wanted(string parameter, bool isWanted) =>
        Assert.Equal([isWanted], Run($"Invoke-Probe -Probe $probe -Scenario WantsProgress {parameter}").As<bool>());

    [Theory]
    [InlineData("SilentlyContinue", "", false)]
    [InlineData("Ignore", "", false)]
    [InlineData("SilentlyContinue", "-ProgressAction Continue", true)]
    public void Without_ProgressAction_the_preference_says_it(string preference, string parameter, bool isWanted) =>
        Assert.Equal([isWanted], Run(
            $"$ProgressPreference = '{preference}'; Invoke-Probe -Probe $probe -Scenario WantsProgress {parameter}")
                .As<bool>());

    private Result Run(string script)
    {
        Result result = session.Run(script, ("probe", probe));
        AssertDone();
        return result;
    }

    private void AssertDone()
    {
        Assert.Equal(0, probe.LiveBodies);
        Assert.Equal(1, probe.CleanUps);
    }
}
