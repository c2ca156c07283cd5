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
                $"Several items are to be copied to '{place.Path}', which is no folder.",
                "End -Destination with '/' to copy into a folder."));
        }

        if (isInto && !place.IsFolder)
        {
            await copier.MakeFolderAsync(place.Path, name: string.Empty, cancellationToken).ConfigureAwait(false);
        }

        return
        [
            .. sources.Select(source => isInto
                ? new PlannedItem(source, place.Path, LeafOf(source))
                : new PlannedItem(source, place.Folder, place.Name)),
        ];
    }

    /// <summary>The last part of a path of either system.</summary>
    private static string LeafOf(string path)
    {
        string trimmed = path.TrimEnd('/', '\\');
        bool isWindows = trimmed.Length > 1
            && (trimmed[1] == ':' || trimmed.StartsWith(@"\\", StringComparison.Ordinal));
        int end = isWindows ? trimmed.LastIndexOfAny(['/', '\\']) : trimmed.LastIndexOf('/');
        return trimmed[(end + 1)..];
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
        if (copy.Entry.Kind == ItemCopyEntryKind.Folder)
        {
            await copier.MakeFolderAsync(copy.Folder, copy.Name, cancellationToken).ConfigureAwait(false);
            return;
        }

        IProgress<TransferProgress> tracked = progress.Track(copy.Name, copy.Entry.Length);
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
            await foreach (ItemCopyEntry entry in copier.ListAsync(
                item.Source, walk, cancellationToken).ConfigureAwait(false))
            {
                if (entry is { Name.Length: 0, Kind: ItemCopyEntryKind.Folder } && !Recurse)
                {
                    await WriteErrorAsync(ErrorRecords.Create(
                        "PathIsFolder", ErrorCategory.InvalidType, item.Source, $"'{item.Source}' is a folder.",
                        "Use -Recurse to copy it with all that is in it.")).ConfigureAwait(false);
                    break;
                }

                if (await IsTakenAsync(entry, filters).ConfigureAwait(false))
                {
                    if (entry.Kind == ItemCopyEntryKind.File)
                    {
                        progress.Expect(entry.Length);
                    }

                    string name = entry.Name.Length == 0 ? item.Name : $"{item.Name}/{entry.Name}";
                    yield return new PlannedCopy(entry, item.Folder, name);
                }
            }
        }

        progress.ExpectNoMore();
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
                    $"'{entry.Path}' cannot be read: {entry.Problem}",
                    "Run the command as a user who can read it.")).ConfigureAwait(false);
                return false;
            default:
                await WriteVerboseAsync(entry.Kind == ItemCopyEntryKind.FolderLink
                    ? $"'{entry.Path}' is a link to a folder, and is passed over; -FollowSymlink copies it."
                    : $"'{entry.Path}' is no file that could be copied, and is passed over.").ConfigureAwait(false);
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

    /// <summary>A file or folder and its place at the target.</summary>
    private sealed record PlannedCopy(ItemCopyEntry Entry, string Folder, string Name);
}
