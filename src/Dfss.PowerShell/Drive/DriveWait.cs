using System.Diagnostics;

namespace Dfss.Commands;

/// <summary>
/// Tells the user while a drive waits for its peers, so that it is never still for more than a second.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="show">Shows how long it has waited.</param>
/// <param name="warn">Warns if a peer is silent; whether it did. It is called at each step until then.</param>
internal sealed class DriveWait(TimeProvider time, Func<TimeSpan, Task> show, Func<Task<bool>> warn)
{
    /// <summary>0.5 s: less needs no sign.</summary>
    internal static readonly TimeSpan Before = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// 0.8 s: the shortest silence of a peer that is warned of, so that a healthy one that pauses for less is not. With
    /// a step the warning comes within a second.
    /// </summary>
    internal static readonly TimeSpan LeastSilence = TimeSpan.FromMilliseconds(800);

    /// <summary>0.1 s.</summary>
    internal static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Runs until it is cancelled.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Step, time);
        long began = time.GetTimestamp();
        TimeSpan next = Before;
        bool isWarned = false;
        while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
        {
            TimeSpan waited = time.GetElapsedTime(began);
            if (waited >= next)
            {
                await show(waited).ConfigureAwait(false);
                next = waited + Interval;
            }

            isWarned = isWarned || (waited >= LeastSilence && await warn().ConfigureAwait(false));
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
