using System.Diagnostics.CodeAnalysis;
using System.Management.Automation;
using Dfss.Commands;

namespace Dfss.Tests.Bridge;

/// <summary>What the probe cmdlets of one test share: how many bodies live, and what they saw.</summary>
public sealed class Probe
{
    private int liveBodies;
    private int cleanUps;

    public int LiveBodies => Volatile.Read(ref liveBodies);

    public int CleanUps => Volatile.Read(ref cleanUps);

    public Exception? Seen { get; set; }

    public int? PipelineThread { get; set; }

    public bool HasRunOnPipelineThread { get; set; }

    /// <summary>Lets the scenario Later make its call.</summary>
    public TaskCompletionSource MayCall { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the scenario Later has made its call, which is then not served yet.</summary>
    public TaskCompletionSource HasCalled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource Started { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Enter() => Interlocked.Increment(ref liveBodies);

    public void Leave() => Interlocked.Decrement(ref liveBodies);

    public void CleanedUp() => Interlocked.Increment(ref cleanUps);
}

/// <summary>A cmdlet on the bridge whose body is a scenario.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "Probe", SupportsShouldProcess = true)]
[SuppressMessage("Design", "CA1062", Justification = "the engine binds it")]
public sealed class InvokeProbeCommand : DfssCmdlet
{
    private Task? later;

    [Parameter(Mandatory = true)]
    public Probe Probe { get; set; } = null!;

    [Parameter(Mandatory = true)]
    public string Scenario { get; set; } = string.Empty;

    [Parameter(ValueFromPipeline = true)]
    public int InputNumber { get; set; }

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        Probe.Enter();
        try
        {
            await RunScenarioAsync(cancellationToken);
        }
        catch (Exception exception)
        {
            Probe.Seen = exception;
            throw;
        }
        finally
        {
            Probe.Leave();
        }
    }

    private protected override Task EndAsync(CancellationToken cancellationToken) =>
        later ?? Task.CompletedTask;

    private protected override async ValueTask CleanUpAsync()
    {
        await (later ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Probe.CleanedUp();
    }

    private async Task RunScenarioAsync(CancellationToken cancellationToken)
    {
        switch (Scenario)
        {
            case "Flood":
                await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => WriteManyAsync(writer, 2000)));
                break;
            case "Endless":
                await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => WriteManyAsync(writer, int.MaxValue)));
                break;
            case "Echo":
                await WriteObjectAsync(InputNumber);
                break;
            case "Later":
                later ??= CallLaterAsync();
                break;
            case "Idle":
                Probe.Started.SetResult();
                await Task.Delay(Timeout.Infinite, cancellationToken);
                break;
            case "SwallowCancellation":
                await SwallowAsync(cancellationToken);
                break;
            case "Fail":
                await Task.Yield();
                throw new CmdletException(new ErrorRecord(
                    new InvalidDataException("The body failed."), "ProbeFailed", ErrorCategory.InvalidData,
                    "the target"));
            case "FailRaw":
                throw new FormatException("The body failed raw.");
            case "CancelledByOther":
                throw new OperationCanceledException("Not by us.");
            case "Ask":
                await WriteObjectAsync(await ShouldProcessAsync("target", "action"));
                break;
            case "Threads":
                await ObserveThreadsAsync();
                break;
            case "WantsProgress":
                await WriteObjectAsync(await InvokeAsync(IsProgressWanted));
                break;
            case "OneRecord":
                await ShowProgressAsync(() => [new ProgressRecord(1, "parent", "alone")]);
                await WriteObjectAsync(InputNumber);
                break;
            case "Progress":
                await ShowManyAsync();
                break;
            default:
                throw new NotSupportedException($"There is no scenario {Scenario}.");
        }
    }

    private async Task CallLaterAsync()
    {
        await Probe.MayCall.Task;
        Task call = WriteObjectAsync(7);
        Probe.HasCalled.TrySetResult();
        await call;
    }

    private async Task WriteManyAsync(int writer, int count)
    {
        for (int i = 0; i < count; i++)
        {
            await WriteObjectAsync((writer * 1_000_000) + i);
            Probe.Started.TrySetResult();
        }
    }

    private async Task SwallowAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await WriteObjectAsync(1);
            }
        }
        catch (OperationCanceledException exception)
        {
            Probe.Seen = exception;
        }

        cancellationToken.WaitHandle.WaitOne();
    }

    private async Task ObserveThreadsAsync()
    {
        for (int i = 0; i < 100; i++)
        {
            Probe.PipelineThread = await InvokeAsync(() => Environment.CurrentManagedThreadId);
            Probe.HasRunOnPipelineThread |= Probe.PipelineThread == Environment.CurrentManagedThreadId;
        }
    }

    private async Task ShowManyAsync()
    {
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var shown = new ManualResetEventSlim();
        Task busy = InvokeAsync(() =>
        {
            held.SetResult();
            shown.Wait();
        });
        await held.Task;
        string state = "stale";
        Task showing = ShowProgressAsync(() =>
            [new ProgressRecord(1, "parent", state), new ProgressRecord(2, "child", state) { ParentActivityId = 1 }]);
        state = "fresh";
        shown.Set();
        await busy;
        await showing;
        await ShowProgressAsync(() => [new ProgressRecord(1, "parent", "alone")]);
    }
}
