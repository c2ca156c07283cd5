using System.Management.Automation.Runspaces;

namespace Dfss.Commands;

/// <summary>The session that something belongs to. Weak: what it owns keeps no closed session in memory.</summary>
internal sealed class SessionOwner(Runspace session)
{
    private readonly WeakReference<Runspace> session = new(session);

    /// <summary>
    /// Whether what is owned ends with a session: with the one that owns it; or with any, when that one has ended
    /// without removing the module, as those of ForEach-Object -Parallel do.
    /// </summary>
    internal bool EndsWith(Runspace ending) =>
        Is(ending)
        || !session.TryGetTarget(out Runspace? starter)
        || starter.RunspaceStateInfo.State is RunspaceState.Closed or RunspaceState.Broken;

    /// <summary>Whether it is this session.</summary>
    internal bool Is(Runspace other) =>
        session.TryGetTarget(out Runspace? starter) && starter.InstanceId == other.InstanceId;
}
