using System.Diagnostics;

namespace Dfss.Commands;

/// <summary>
/// Tells the user while a drive waits for its peers, so that it is never still for more than a second.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="show">Shows how long it has waited.</param>
/// <param name="warn">Warns if a peer is silent; whether it did. It is called each second until then.</param>
internal sealed class DriveWait(TimeProvider time, Func<TimeSpan, Task> show, Func<Task<bool>> warn)
{
    /// <summary>0.5 s: less needs no sign.</summary>
    internal static readonly TimeSpan Before = TimeSpan.FromMilliseconds(500);

    /// <summary>0.9 s: the warning comes within a second.</summary>
    internal static readonly TimeSpan BeforeWarning = TimeSpan.FromMilliseconds(900);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Runs until it is cancelled.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        await Task.Delay(Before, time, cancellationToken).ConfigureAwait(false);
        await show(time.GetElapsedTime(began)).ConfigureAwait(false);
        await Task.Delay(BeforeWarning - Before, time, cancellationToken).ConfigureAwait(false);
        bool isWarned = await warn().ConfigureAwait(false);
        while (true)
        {
            await Task.Delay(Interval, time, cancellationToken).ConfigureAwait(false);
            await show(time.GetElapsedTime(began)).ConfigureAwait(false);
            isWarned = isWarned || await warn().ConfigureAwait(false);
        }
    }
}

/// <summary>Whether Set-Content runs.</summary>
internal static class ReplacingCall
{
    /// <summary>Whether Set-Content is on this thread's stack: it clears each file before it opens it.</summary>
    internal static bool IsRunning() => Array.Exists(
        new StackTrace(fNeedFileInfo: false).GetFrames(),
        frame => frame.GetMethod()?.DeclaringType is
        {
            Namespace: "Microsoft.PowerShell.Commands", Name: "SetContentCommand"
        });
}

/// <summary>Whether the engine completes what a user types.</summary>
internal static class CompletionCall
{
    /// <summary>100 ms: with the rest of a completion the answer comes within 150 ms.</summary>
    internal static readonly TimeSpan MaxWait = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Whether a completion is on this thread's stack. The engine runs Resolve-Path and Get-ChildItem for it, cannot
    /// interrupt them (PowerShell issue 3537), and does not say so to a provider.
    /// </summary>
    internal static bool IsRunning() => Array.Exists(
        new StackTrace(fNeedFileInfo: false).GetFrames(),
        frame => frame.GetMethod()?.DeclaringType is { Namespace: "System.Management.Automation" } type
            && type.Name is "CommandCompletion" or "CompletionCompleters" or "CompletionAnalysis");
}
