using System.Collections.Concurrent;
using System.Management.Automation;

namespace Dfss.Commands;

/// <content>What is there.</content>
public sealed partial class DfssProvider
{
    /// <summary>4: more do not help to see what is wrong.</summary>
    private const int MaxReasons = 4;

    /// <inheritdoc/>
    protected override bool ItemExists(string path) => Ask(DrivePath.Find(path), item => item.Exists);

    /// <inheritdoc/>
    protected override bool IsItemContainer(string path) => Ask(DrivePath.Find(path), item => item.IsFolder);

    /// <inheritdoc/>
    protected override bool HasChildItems(string path) => IsItemContainer(path);

    /// <inheritdoc/>
    protected override void GetItem(string path)
    {
        DrivePath found = Require(path);
        DriveItem item = Look(found);
        if (item.File is null && !item.IsFolder)
        {
            WriteError(NotFound(found));
            return;
        }

        if (!DriveChildParameters.IsWanted(DynamicParameters, item.File is not null, item.IsFolder))
        {
            return;
        }

        DfssFolderInfo? folder = item.File is null ? List(found).Sum(found.Name) : null;
        WriteItemObject(
            item.File is null ? folder! : new DfssFileInfo(item.File), found.PathOf(found.Name), item.IsFolder);
    }

    /// <inheritdoc/>
    protected override object GetChildItemsDynamicParameters(string path, bool recurse) => new DriveChildParameters();

    /// <inheritdoc/>
    protected override object GetChildNamesDynamicParameters(string path) => new DriveChildParameters();

    /// <inheritdoc/>
    protected override void GetChildItems(string path, bool recurse) => GetChildItems(path, recurse, uint.MaxValue);

    /// <inheritdoc/>
    protected override void GetChildItems(string path, bool recurse, uint depth)
    {
        DrivePath found = Require(path);
        WildcardPattern? filter = CreateFilter();
        bool isEmpty = true;
        foreach (DriveEntry entry in List(found).FindEntries(found.Below, recurse ? depth : 0))
        {
            if (Stopping)
            {
                return;
            }

            isEmpty = false;
            if (IsWanted(entry) && filter?.IsMatch(DrivePath.LeafOf(entry.Name)) != false)
            {
                WriteItemObject(
                    entry.File is null ? entry.Folder! : new DfssFileInfo(entry.File), found.PathOf(entry.Name),
                    entry.Folder is not null);
            }
        }

        if (isEmpty && !found.IsRoot)
        {
            GetItem(path);
        }
    }

    /// <inheritdoc/>
    protected override void GetChildNames(string path, ReturnContainers returnContainers)
    {
        DrivePath found = Require(path);
        WildcardPattern? filter = CreateFilter();
        foreach (DriveEntry entry in List(found).FindEntries(found.Below, depth: 0))
        {
            if (Stopping)
            {
                return;
            }

            bool isFolder = entry.Folder is not null;
            string name = DrivePath.LeafOf(entry.Name);
            if ((IsWanted(entry) && filter?.IsMatch(name) != false)
                || (isFolder && returnContainers == ReturnContainers.ReturnAllContainers))
            {
                WriteItemObject(name, found.PathOf(entry.Name), isFolder);
            }
        }
    }

    private bool IsWanted(DriveEntry entry) =>
        DriveChildParameters.IsWanted(DynamicParameters, entry.File is not null, entry.Folder is not null);

    private static ErrorRecord NotFound(DrivePath path) => ErrorRecords.Create(
        new DfssException(
            DfssErrorCode.FileNotFound,
            $"No peer that was asked has a file '{path.Name}', or files below it.",
            "List what is there with Get-ChildItem; names are case-sensitive."),
        path.Name);

    private WildcardPattern? CreateFilter() =>
        string.IsNullOrEmpty(Filter) ? null : new WildcardPattern(Filter, WildcardOptions.IgnoreCase);

    /// <summary>What a path is.</summary>
    /// <param name="path">The path.</param>
    /// <param name="isSettled">Whether the answer of the peers that answer at once is not enough.</param>
    private DriveItem Look(DrivePath path, bool isSettled = false)
    {
        if (path.IsRoot)
        {
            return new DriveItem(File: null, IsFolder: true);
        }

        DriveStore store = path.Drive.Store;
        if (store.FindKnown(path.Name) is { } known && (known.IsSettled || !isSettled))
        {
            return known;
        }

        return CompletionCall.IsRunning()
            ? DriveStore.ItemOf(store.Offer(path.Name, path.Drive.Below), path.Name)
            : Run(path.Drive, (_, token) => store.FindAsync(path.Name, isSettled, token));
    }

    /// <summary>The files below a path.</summary>
    private DriveTree List(DrivePath path)
    {
        DriveStore store = path.Drive.Store;
        if (store.FindListed(path.Below) is { } known)
        {
            return known;
        }

        return CompletionCall.IsRunning()
            ? store.Offer(path.Below, path.Drive.Below)
            : Run(path.Drive, (call, token) => ListAsync(call, store, path.Below, token));
    }

    /// <summary>What the destination of a change is.</summary>
    private DriveItem LookForChange(DrivePath path)
    {
        DriveItem item = Look(path, isSettled: true);
        if (item is { IsFolder: false, File: null })
        {
            Run(path.Drive, async (call, token) =>
            {
                (DriveTree _, string? lack) = await ListForChangeAsync(call, path, token).ConfigureAwait(false);
                Warn(path, lack);
                return true;
            });
        }

        return item;
    }

    /// <summary>Lists all files below a path.</summary>
    /// <returns>Why there may be more than are listed; null if there are not.</returns>
    private static async Task<(DriveTree Tree, string? Lack)> ListForChangeAsync(
        DriveCall call, DrivePath path, CancellationToken cancellationToken)
    {
        var reasons = new ConcurrentQueue<string>();
        DriveTree tree = await ListAsync(
            call, path.Drive.Store, path.Below, cancellationToken, reasons.Enqueue).ConfigureAwait(false);
        string[] shown = [.. reasons.Distinct(StringComparer.Ordinal).Take(MaxReasons)];
        return (tree, shown.Length == 0 ? null : string.Join(' ', shown));
    }

    private static void Warn(DrivePath path, string? lack)
    {
        if (lack is not null)
        {
            path.Drive.Store.Messages.Warn(
                $"'{path.Shown}' is taken for a file: other peers may have files below it. {lack}");
        }
    }

    private static CmdletException ListingIncomplete(DrivePath path, string lack) => new(ErrorRecords.Create(
        "ListingIncomplete", ErrorCategory.InvalidOperation, path.Shown,
        $"There may be more files below '{path.Shown}' than its peers list, so nothing has changed. {lack}",
        "Start the peers that do not answer; move the files of one that is gone for good (Repair-DfssFile -Move)."));

    private static Task<DriveTree> ListAsync(
        DriveCall call, DriveStore store, string prefix, CancellationToken cancellationToken,
        Action<string>? lacks = null) =>
        store.ListAsync(
            prefix, count => call.Say(FormattableString.Invariant($"{count:N0} names listed")), cancellationToken,
            lacks);
}
