using System.Management.Automation.Runspaces;

namespace Dfss.Commands;

/// <summary>
/// The peers that this process started. One list for the process, as ports and stores belong to the process; each peer
/// has the runspace that started it, so that removing the module from one session does not stop the peers of others.
/// </summary>
internal static class SessionPeers
{
    private static readonly Lock Gate = new();
    private static readonly List<SessionPeer> Peers = [];
    private static int lastId;

    /// <summary>
    /// Adds a peer and gives it its number. It replaces peers of the same store that have ended by themselves.
    /// </summary>
    internal static async Task AddAsync(SessionPeer peer)
    {
        SessionPeer[] replaced;
        lock (Gate)
        {
            replaced = [.. Peers.Where(old => old.StoreId == peer.StoreId && old.State == DfssPeerState.Stopped)];
            Peers.RemoveAll(old => replaced.Contains(old));
            peer.Id = ++lastId;
            Peers.Add(peer);
        }

        NameCache.Forget(peer.Addresses);
        await Task.WhenAll(replaced.Select(old => old.DisposeAsync().AsTask())).ConfigureAwait(false);
    }

    /// <summary>Removes a peer from the list; false if another command did.</summary>
    internal static bool Remove(SessionPeer peer)
    {
        lock (Gate)
        {
            return Peers.Remove(peer);
        }
    }

    /// <summary>Adds a peer again in its place: it was removed to be stopped, and still runs.</summary>
    internal static void PutBack(SessionPeer peer)
    {
        lock (Gate)
        {
            int next = Peers.FindIndex(other => other.Id > peer.Id);
            Peers.Insert(next < 0 ? Peers.Count : next, peer);
        }
    }

    /// <summary>The peers at this moment, by number.</summary>
    internal static SessionPeer[] List()
    {
        lock (Gate)
        {
            return [.. Peers];
        }
    }

    /// <summary>An address of each running peer that a session started.</summary>
    internal static string[] FindAddresses(Runspace session) =>
    [
        .. List().Where(peer => peer.IsOf(session) && peer.State == DfssPeerState.Running && peer.Addresses.Count > 0)
            .Select(peer => peer.Addresses[0]),
    ];

    /// <summary>Stops the peers in this process that end with a session; all of them when none is named.</summary>
    internal static async Task StopAsync(Runspace? ending)
    {
        IEnumerable<Task> stops = List()
            .Where(peer =>
                peer.Kind == DfssPeerKind.Session && (ending is null || peer.EndsWith(ending)) && Remove(peer))
            .Select(peer => peer.DisposeAsync().AsTask());
        await Task.WhenAll(stops).ConfigureAwait(false);
    }
}
