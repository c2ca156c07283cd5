using System.Collections.Concurrent;

namespace Dfss.Transfer;

/// <summary>What a client is told once, and not for each file.</summary>
internal sealed partial class PeerDirectory
{
    private readonly ConcurrentDictionary<string, bool> told = new(StringComparer.Ordinal);

    /// <summary>Warns, once, that a member's store has no vote.</summary>
    public void WarnOfNoVote(PeerHandle peer) => WarnOnce(
        $"no vote {peer.StoreId}",
        $"{peer}: the store there was restored from an earlier copy, or runs twice. It has no vote on a file until "
        + "that file has been changed or repaired. Run Get-DfssFileInfo | Repair-DfssFile with the file's other peers "
        + "up.");

    /// <summary>Warns of what holds for many files once.</summary>
    public void WarnOnce(string what, string text)
    {
        if (IsFirstTold(what))
        {
            options.Warning?.Invoke(text);
        }
    }

    /// <summary>Whether a message, which may hold for many files, is reported for the first time.</summary>
    public bool IsFirstTold(string what) => told.TryAdd(what, value: true);
}
