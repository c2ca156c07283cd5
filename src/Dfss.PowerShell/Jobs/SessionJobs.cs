using System.Management.Automation.Runspaces;

namespace Dfss.Commands;

/// <summary>
/// The jobs of this process that run, so that removing the module and the end of the process stop them.
/// </summary>
internal static class SessionJobs
{
    private static readonly Lock Gate = new();
    private static readonly List<TransferJob> Jobs = [];

    internal static void Add(TransferJob job)
    {
        lock (Gate)
        {
            Jobs.Add(job);
        }
    }

    internal static void Remove(TransferJob job)
    {
        lock (Gate)
        {
            Jobs.Remove(job);
        }
    }

    /// <summary>
    /// Stops the jobs of a session, or all where none is named, and waits for their ends. What they have transferred
    /// stays, and the same command resumes.
    /// </summary>
    internal static Task StopAsync(Runspace? ending)
    {
        TransferJob[] stopped;
        lock (Gate)
        {
            stopped = [.. Jobs.Where(job => ending is null || job.IsOf(ending))];
        }

        return Task.WhenAll(stopped.Select(job => Task.Run(job.StopJob)));
    }
}
