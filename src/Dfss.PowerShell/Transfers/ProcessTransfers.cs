using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>The transfers of this process: one list for all its sessions, as a job has a session of its own.</summary>
internal static class ProcessTransfers
{
    internal static readonly TransferRegistry Registry = new();

    /// <summary>
    /// All transfers at this moment: those that run, here and in other processes, and those that were interrupted.
    /// </summary>
    internal static IReadOnlyList<TransferStatus> List() =>
    [
        .. Registry.Running.Select(transfer => transfer.Snapshot())
            .Concat(Registry.FindJournaled(UserState.Folder))

            // One that is interrupted between the two is in both.
            .DistinctBy(status => status.Id).OrderBy(status => status.Id),
    ];

    /// <summary>A transfer that runs; null if there is none of this number.</summary>
    internal static TrackedTransfer? FindRunning(int id) => Registry.Running.FirstOrDefault(one => one.Id == id);
}
