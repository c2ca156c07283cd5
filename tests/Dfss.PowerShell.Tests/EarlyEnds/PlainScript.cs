using System.Diagnostics;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Xunit;
using Engine = System.Management.Automation.PowerShell;

namespace Dfss.Tests.EarlyEnds;

/// <summary>
/// A script without DFSS that is stopped at the same moment as a command under test. It says how slow this machine is
/// right then: an early end has its second, and ten times this script's on top. Stopping it takes a few milliseconds
/// and a command up to 0.1 s on a quiet machine, so a factor of ten slows both alike.
/// </summary>
internal sealed class PlainScript : IDisposable
{
    /// <summary>What the project promises for every early end.</summary>
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(1);

    /// <summary>
    /// What fails a test: ten times the promise, as a machine may stand still for seconds. What is over the promise is
    /// a warning.
    /// </summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);

    private readonly Engine engine = Engine.Create(InitialSessionState.CreateDefault2());
    private readonly PSDataCollection<PSObject> output = [];
    private readonly IAsyncResult running;
    private Task<TimeSpan>? stopping;

    private PlainScript(TaskCompletionSource isRunning)
    {
        output.DataAdded += (_, _) => isRunning.TrySetResult();
        // The pause leaves the processor to the command; a stop is seen after it.
        engine.AddScript("'running'; while ($true) { [System.Threading.Thread]::Sleep(5) }");
        running = engine.BeginInvoke<PSObject, PSObject>(null, output);
    }

    /// <summary>Starts it; it runs when this is done.</summary>
    public static async Task<PlainScript> StartAsync()
    {
        TaskCompletionSource isRunning = new(TaskCreationOptions.RunContinuationsAsynchronously);
        PlainScript script = new(isRunning);
        await isRunning.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        return script;
    }

    /// <summary>Stops it, at the moment when the command is ended.</summary>
    public void BeginStop() => stopping = StopAsync();

    /// <summary>
    /// Warns if the command took more than its second and what this machine adds; fails if it took ten seconds.
    /// </summary>
    public async Task AssertWithinASecondAsync(TimeSpan took)
    {
        TimeSpan plain = await stopping!;
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"Ended after {took.TotalMilliseconds:0} ms, a plain script after {plain.TotalMilliseconds:0} ms.");
        if (took > Promised + (10 * plain))
        {
            TestContext.Current.AddWarning($"Not within a second: it took {took}, stopping a plain script {plain}.");
        }

        Assert.True(took < Bound, $"It took {took}, stopping a plain script {plain}.");
    }

    public void Dispose()
    {
        engine.Dispose();
        output.Dispose();
    }

    private async Task<TimeSpan> StopAsync()
    {
        long began = Stopwatch.GetTimestamp();
        await Task.Factory.FromAsync(engine.BeginStop(null, null), engine.EndStop);
        await Assert.ThrowsAsync<PipelineStoppedException>(() => Task.Factory.FromAsync(running, engine.EndInvoke));
        return Stopwatch.GetElapsedTime(began);
    }
}
