using System.Management.Automation;
using System.Runtime.CompilerServices;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <content>What is copied where, and the copying.</content>
public sealed partial class CopyDfssItemCommand
{
    /// <summary>16: enough small files are under way that a line of 20 ms is never idle.</summary>
    private const int FilesAtOnce = 16;

    /// <summary>3 s: a SYN that is lost once still arrives; a firewall that drops them costs no more.</summary>
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(3);

    private Destinations destinations = new(ignoresCase: false);

    /// <summary>Where each source goes. Into a folder under its own name; one source may get another name.</summary>
    private async Task<IReadOnlyList<PlannedItem>> PlanAsync(
        ItemCopier copier, IReadOnlyList<string> sources, ItemCopyPlace place, bool hasOne,
        CancellationToken cancellationToken)
    {
        bool isInto = place.IsFolder || Destination[^1] is '/' or '\\';
        if (!isInto && !hasOne)
        {
            throw new CmdletException(ErrorRecords.Create(
                "DestinationNotFolder", ErrorCategory.InvalidArgument, Destination,
                $"Several items are to be copied to '{RemoteText.Show(place.Path)}', which is no folder.",
                "End -Destination with '/' to copy into a folder."));
        }

        if (isInto && !place.IsFolder)
        {
            await copier.MakeFolderAsync(
                place.Path, name: string.Empty, unixMode: null, cancellationToken).ConfigureAwait(false);
        }

        return
        [
            .. sources.Select(source => isInto
                ? new PlannedItem(source, place.Path, LeafOf(source))
                : new PlannedItem(source, place.Folder, place.Name)),
        ];
    }

    /// <summary>The last part of a path of either system; empty for a root.</summary>
    private static string LeafOf(string path)
    {
        string trimmed = path.TrimEnd('/', '\\');
        bool isWindows = trimmed.Length > 1
            && ((char.IsAsciiLetter(trimmed[0]) && trimmed[1] == ':')
                || trimmed.StartsWith(@"\\", StringComparison.Ordinal));
        int end = isWindows ? trimmed.LastIndexOfAny(['/', '\\']) : trimmed.LastIndexOf('/');
        string leaf = trimmed[(end + 1)..];
        return isWindows && leaf is [_, ':'] ? string.Empty : leaf;
    }

    private async Task CopyAsync(
        ItemCopier copier, IReadOnlyList<PlannedItem> items, NameFilter[] filters, string? address,
        CancellationToken cancellationToken)
    {
        ProgressReporter progress = new("Copying", ShowProgressAsync, TimeProvider.System);
        await using (progress.ConfigureAwait(false))
        {
            progress.Start();
            ParallelOptions parallel = new()
            {
                MaxDegreeOfParallelism = FilesAtOnce,
                CancellationToken = cancellationToken,
            };
            IAsyncEnumerable<PlannedCopy> copies = FindAsync(copier, items, filters, progress, cancellationToken);
            await Parallel.ForEachAsync(copies, parallel, async (copy, token) =>
            {
                try
                {
                    await CopyAsync(copier, copy, progress, address, token).ConfigureAwait(false);
                }
                catch (DfssException failure) when (!ErrorRecords.IsAboutThePeers(failure))
                {
                    await WriteErrorAsync(ErrorRecords.Create(failure, copy.Entry.Path)).ConfigureAwait(false);
                }
            }).ConfigureAwait(false);
        }
    }

    private async Task CopyAsync(
        ItemCopier copier, PlannedCopy copy, ProgressReporter progress, string? address,
        CancellationToken cancellationToken)
    {
        if (copy.Made is not null)
        {
            await copy.Made.Value.ConfigureAwait(false);
        }

        if (copy.Entry.Kind == ItemCopyEntryKind.Folder)
        {
            return;
        }

        IProgress<TransferProgress> tracked = progress.Track(RemoteText.Show(copy.Name), copy.Entry.Length);
        try
        {
            ItemCopyResult result = await copier.CopyAsync(
                copy.Entry.Path, copy.Folder, copy.Name, Force, tracked, cancellationToken).ConfigureAwait(false);
            if (PassThru)
            {
                await WriteObjectAsync(new DfssItemCopy(copy.Entry.Path, result, address)).ConfigureAwait(false);
            }
        }
        finally
        {
            progress.Finish(tracked);
        }
    }

    private async IAsyncEnumerable<PlannedCopy> FindAsync(
        ItemCopier copier, IReadOnlyList<PlannedItem> items, NameFilter[] filters, ProgressReporter progress,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ItemCopyWalk walk = new(IncludesHidden: Force, FollowsLinks: FollowSymlink);
        foreach (PlannedItem item in items)
        {
            FolderMaker folders = new(copier, item.Folder, cancellationToken);
            await foreach (ItemCopyEntry entry in copier.ListAsync(
                item.Source, walk, cancellationToken).ConfigureAwait(false))
            {
                if (entry is { Name.Length: 0, Kind: ItemCopyEntryKind.Folder } && !Recurse)
                {
                    await WriteErrorAsync(ErrorRecords.Create(
                        "PathIsFolder", ErrorCategory.InvalidType, item.Source,
                        $"'{RemoteText.Show(item.Source)}' is a folder.",
                        "Use -Recurse to copy it with all that is in it.")).ConfigureAwait(false);
                    break;
                }

                string name = string.Join('/', ((string[])[item.Name, entry.Name]).Where(part => part.Length > 0));
                if (entry.Kind == ItemCopyEntryKind.Folder)
                {
                    folders.Add(name, entry.UnixMode);
                }

                if (await IsTakenAsync(entry, filters).ConfigureAwait(false)
                    && await HasOwnDestinationAsync(entry, name).ConfigureAwait(false))
                {
                    if (entry.Kind == ItemCopyEntryKind.File)
                    {
                        progress.Expect(entry.Length);
                    }

                    yield return new PlannedCopy(
                        entry, item.Folder, name,
                        entry.Kind == ItemCopyEntryKind.Folder ? folders.Find(name) : folders.FindParent(name));
                }
            }
        }

        progress.ExpectNoMore();
    }

    private async Task<bool> HasOwnDestinationAsync(ItemCopyEntry entry, string name)
    {
        if (entry.Kind != ItemCopyEntryKind.File || destinations.TryTake(name))
        {
            return true;
        }

        DfssException failure = new(
            DfssErrorCode.DestinationExists,
            $"'{RemoteText.Show(entry.Path)}' is not copied: another source of this command has the same destination, "
                + $"'{RemoteText.Show(name)}'.",
            "Copy it into another folder, or under another name.");
        await WriteErrorAsync(ErrorRecords.Create(failure, entry.Path)).ConfigureAwait(false);
        return false;
    }

    private async Task<bool> IsTakenAsync(ItemCopyEntry entry, NameFilter[] filters)
    {
        if (entry.Name.Length > 0 && !IsSelected(entry, filters))
        {
            return false;
        }

        switch (entry.Kind)
        {
            case ItemCopyEntryKind.File:
                return true;
            case ItemCopyEntryKind.Folder:
                // A folder without a file that matches is not made.
                return Include.Length == 0 && Filter is null;
            case ItemCopyEntryKind.Unreadable:
                await WriteErrorAsync(ErrorRecords.Create(
                    "PathUnreadable", ErrorCategory.PermissionDenied, entry.Path,
                    $"'{RemoteText.Show(entry.Path)}' cannot be read: {RemoteText.ShowMessage(entry.Problem)}",
                    "Run the command as a user who can read it.")).ConfigureAwait(false);
                return false;
            default:
                string shown = RemoteText.Show(entry.Path);
                await WriteVerboseAsync(entry.Kind == ItemCopyEntryKind.FolderLink
                    ? $"'{shown}' is a link to a folder, and is passed over; -FollowSymlink copies it."
                    : $"'{shown}' is no file that could be copied, and is passed over.").ConfigureAwait(false);
                return false;
        }
    }

    /// <summary>An excluded folder excludes all that is below it.</summary>
    private static bool IsSelected(ItemCopyEntry entry, NameFilter[] filters)
    {
        for (int end = entry.Name.IndexOf('/'); end >= 0; end = entry.Name.IndexOf('/', end + 1))
        {
            if (!Array.TrueForAll(filters, filter => filter.Selects(entry.Name[..end], isFolder: true)))
            {
                return false;
            }
        }

        return Array.TrueForAll(
            filters, filter => filter.Selects(entry.Name, isFolder: entry.Kind != ItemCopyEntryKind.File));
    }

    /// <summary>A source and its place at the target.</summary>
    private sealed record PlannedItem(string Source, string Folder, string Name);

    /// <summary>A file or folder, its place at the target, and what makes the folder.</summary>
    private sealed record PlannedCopy(ItemCopyEntry Entry, string Folder, string Name, Lazy<Task>? Made);
}
