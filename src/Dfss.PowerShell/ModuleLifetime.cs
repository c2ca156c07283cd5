using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Dfss.Feedback;

namespace Dfss.Commands;

/// <summary>
/// The import and removal of the module: peers and jobs of a session end with it, detached peers do not.
/// </summary>
public sealed class ModuleLifetime : IModuleAssemblyInitializer, IModuleAssemblyCleanup
{
    private static int isWatchingExit;

    /// <summary>Sees to it that peers also stop when the process exits, and that failures get feedback.</summary>
    public void OnImport()
    {
        FeedbackRegistration.Add();
        if (Interlocked.Exchange(ref isWatchingExit, 1) == 0)
        {
            AppDomain.CurrentDomain.ProcessExit += (_, _) => PipelineBridge.WaitFor(() => StopAsync(ending: null));
        }
    }

    /// <summary>Stops the jobs and peers that this session started, and those of sessions that have ended.</summary>
    public void OnRemove(PSModuleInfo psModuleInfo)
    {
        FeedbackRegistration.Remove();
        Runspace session = Runspace.DefaultRunspace;
        PipelineBridge.WaitFor(() => Task.WhenAll(NameCache.StopAsync(), StopAsync(session)));
    }

    /// <summary>Jobs first: they may use the peers.</summary>
    private static async Task StopAsync(Runspace? ending)
    {
        await SessionJobs.StopAsync(ending).ConfigureAwait(false);
        await Task.WhenAll(SessionPeers.StopAsync(ending), TestClusters.RemoveAsync(ending)).ConfigureAwait(false);
    }
}
