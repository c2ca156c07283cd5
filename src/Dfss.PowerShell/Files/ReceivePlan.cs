using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// The files that a command receives and their paths, all found before anything is written, so that a clash is noticed
/// first: two files for one path, or a file where a folder must be.
/// </summary>
internal sealed class ReceivePlan
{
    private readonly List<PlannedFile> files = [];

    /// <summary>Takes a file and the path that it is to get.</summary>
    internal void Add(PlannedFile file) => files.Add(file);

    /// <summary>The files so far, if there is no clash among them; the plan is then empty.</summary>
    /// <returns>The files, or an error for each clash.</returns>
    internal (IReadOnlyList<PlannedFile> Files, IReadOnlyList<ErrorRecord> Clashes) Release()
    {
        PlannedFile[] all = [.. files];
        files.Clear();
        var clashes = new List<ErrorRecord>();
        foreach (PlannedFile file in all)
        {
            Check(file, () => file.Destination.Claim(file.Path, file.File.Name), clashes);
        }

        foreach (PlannedFile file in all)
        {
            Check(file, () => file.Destination.CheckFolders(file.Path, file.File.Name), clashes);
        }

        return clashes.Count == 0 ? (all, clashes) : ([], clashes);
    }

    private static void Check(PlannedFile file, Action check, List<ErrorRecord> clashes)
    {
        try
        {
            check();
        }
        catch (DfssException exception)
        {
            clashes.Add(ErrorRecords.Create(
                exception.Copy($"{exception.Reason} Nothing was received."), file.File.Name));
        }
    }
}

/// <summary>A stored file and where it goes.</summary>
/// <param name="File">The file.</param>
/// <param name="Path">The full path.</param>
/// <param name="Destination">The destination that the path is of.</param>
internal sealed record PlannedFile(StoredFile File, string Path, ReceiveDestination Destination);
