using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Dfss.Feedback;

namespace Dfss.Commands;

/// <summary>
/// The import and removal of the module: peers of a session end with it, detached ones do not.
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
            AppDomain.CurrentDomain.ProcessExit += (_, _) => PipelineBridge.WaitFor(() =>
                Task.WhenAll(SessionPeers.StopAsync(ending: null), TestClusters.RemoveAsync(ending: null)));
        }
    }

    /// <summary>Stops the peers that this session started, and those of sessions that have ended.</summary>
    public void OnRemove(PSModuleInfo psModuleInfo)
    {
        FeedbackRegistration.Remove();
        Runspace session = Runspace.DefaultRunspace;
        PipelineBridge.WaitFor(() => Task.WhenAll(
            NameCache.StopAsync(), SessionPeers.StopAsync(session), TestClusters.RemoveAsync(session)));
    }
}
