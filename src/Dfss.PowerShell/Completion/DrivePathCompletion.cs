using System.Collections;
using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>
/// Completes paths of a drive in the commands for stored files, a part at a time, as PowerShell's own commands do.
/// </summary>
internal static class DrivePathCompletion
{
    /// <summary>The results for a word; null if it is no path of a drive.</summary>
    /// <param name="word">The word.</param>
    /// <param name="isPattern">Whether its wildcards are expanded.</param>
    /// <param name="isFolder">Whether only folders are offered.</param>
    internal static IEnumerable<CompletionResult>? Find(CompletionWord word, bool isPattern, bool isFolder)
    {
        int end = word.Text.LastIndexOfAny(['/', '\\', ':']) + 1;
        if (end == 0)
        {
            return null;
        }

        string start = word.Text[..end];
        var names = new DriveNames(FindSession());
        string folder = names.Translate(isPattern ? WildcardPattern.Unescape(start) : start, isPattern: false);
        return names.Drive is { } drive
            ? Find(word, drive, folder.TrimEnd('/'), start, isPattern, isFolder)
            : null;
    }

    private static IEnumerable<CompletionResult> Find(
        CompletionWord word, DfssDriveInfo drive, string folder, string start, bool isPattern, bool isFolder)
    {
        string below = folder.Length == 0 ? folder : folder + '/';
        string typed = word.Text[start.Length..];
        string leaf = isPattern ? WildcardPattern.Unescape(typed) : typed;

        // After D: alone, which is the drive's root here and not its current location.
        string parent = start.EndsWith(':') ? start + '/' : start;
        return drive.Store.Offer(below, drive.Below).FindEntries(below, depth: 0)
            .Where(entry => entry.Folder is not null || !isFolder)
            .Select(entry => DrivePath.LeafOf(entry.Name))
            .Where(name => name.StartsWith(leaf, StringComparison.OrdinalIgnoreCase))
            .Take(CachedCompletion.MaxResults)
            .Select(name => word.ToResult(parent + (isPattern ? WildcardPattern.Escape(name) : name), name));
    }

    /// <summary>The session of the completion, which gives it to no completer.</summary>
    private static SessionState FindSession() =>
        (SessionState)ScriptBlock.Create("$ExecutionContext.SessionState").Invoke()[0].BaseObject;
}

/// <summary>Completes folders of drives; of the store without a drive nothing.</summary>
internal sealed class FolderCompletion : CachedCompletion
{
    /// <inheritdoc/>
    private protected override IEnumerable<CompletionResult> Complete(CompletionWord word, IDictionary bound) =>
        DrivePathCompletion.Find(word, isPattern: false, isFolder: true) ?? [];
}
