using System.Management.Automation;

namespace Dfss.Commands;

/// <content>What is there.</content>
public sealed partial class DfssProvider
{
    /// <inheritdoc/>
    protected override bool ItemExists(string path) => Ask(DrivePath.Find(path), item => item.Exists);

    /// <inheritdoc/>
    protected override bool IsItemContainer(string path) => Ask(DrivePath.Find(path), item => item.IsFolder);

    /// <inheritdoc/>
    protected override bool HasChildItems(string path) => IsItemContainer(path);

    /// <inheritdoc/>
    protected override void GetItem(string path) => Do(() => WriteItem(path));

    private void WriteItem(string path)
    {
        DrivePath found = Start(path);
        DriveItem item = Look(found);
        if (item.File is null && !item.IsFolder)
        {
            WriteError(NotFound(found));
            return;
        }

        DfssFolderInfo? folder = item.File is null ? List(found).Sum(found.Name) : null;
        WriteItemObject(
            item.File is null ? folder! : new DfssFileInfo(item.File), found.PathOf(found.Name), item.IsFolder);
    }

    /// <inheritdoc/>
    protected override void GetChildItems(string path, bool recurse) => GetChildItems(path, recurse, uint.MaxValue);

    /// <inheritdoc/>
    protected override void GetChildItems(string path, bool recurse, uint depth) =>
        Do(() => WriteItems(path, recurse ? depth : 0));

    private void WriteItems(string path, uint depth)
    {
        DrivePath found = Start(path);
        WildcardPattern? filter = CreateFilter();
        bool isEmpty = true;
        foreach (DriveEntry entry in List(found).FindEntries(found.Below, depth))
        {
            if (Stopping)
            {
                return;
            }

            isEmpty = false;
            if (filter?.IsMatch(DrivePath.LeafOf(entry.Name)) != false)
            {
                WriteItemObject(
                    entry.File is null ? entry.Folder! : new DfssFileInfo(entry.File), found.PathOf(entry.Name),
                    entry.Folder is not null);
            }
        }

        if (isEmpty && !found.IsRoot)
        {
            WriteItem(path);
        }
    }

    /// <inheritdoc/>
    protected override void GetChildNames(string path, ReturnContainers returnContainers) =>
        Do(() => WriteNames(path, returnContainers));

    private void WriteNames(string path, ReturnContainers returnContainers)
    {
        DrivePath found = Start(path);
        WildcardPattern? filter = CreateFilter();
        foreach (DriveEntry entry in List(found).FindEntries(found.Below, depth: 0))
        {
            if (Stopping)
            {
                return;
            }

            bool isFolder = entry.Folder is not null;
            string name = DrivePath.LeafOf(entry.Name);
            if (filter?.IsMatch(name) != false
                || (isFolder && returnContainers == ReturnContainers.ReturnAllContainers))
            {
                WriteItemObject(name, found.PathOf(entry.Name), isFolder);
            }
        }
    }

    private static ErrorRecord NotFound(DrivePath path) => ErrorRecords.Create(
        new DfssException(
            DfssErrorCode.FileNotFound,
            $"No peer that was asked has a file '{path.Name}', or files below it.",
            "List what is there with Get-ChildItem; names are case-sensitive."),
        path.Name);

    private WildcardPattern? CreateFilter() =>
        string.IsNullOrEmpty(Filter) ? null : new WildcardPattern(Filter, WildcardOptions.IgnoreCase);

    /// <summary>What a path is.</summary>
    private DriveItem Look(DrivePath path)
    {
        if (path.IsRoot)
        {
            return new DriveItem(File: null, IsFolder: true);
        }

        DriveStore store = path.Drive.Store;
        if (store.FindKnown(path.Name) is { } known)
        {
            return known;
        }

        return CompletionCall.IsRunning()
            ? DriveStore.ItemOf(store.Offer(path.Name, path.Drive.Below), path.Name)
            : Run(path, async (_, token) =>
            {
                DriveItem item = await store.FindAsync(path.Name, isForChange: false, token).ConfigureAwait(false);
                if (item is { Exists: false, Lack: { } lack })
                {
                    store.Messages.Warn($"It may be there, at a peer that was not asked. {lack}");
                }

                return item;
            });
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
            : Run(path, async (call, token) =>
            {
                (DriveTree tree, string? lack) = await ListAsync(call, path, token).ConfigureAwait(false);
                if (lack is not null)
                {
                    store.Messages.Warn($"There may be more than is listed. {lack}");
                }

                return tree;
            });
    }

    /// <summary>What the destination of a change is: asked now, whatever was known before.</summary>
    /// <param name="path">The path.</param>
    /// <param name="isOneFile">
    /// Whether only one file gets a name there: no other file is touched, whatever the name is elsewhere.
    /// </param>
    /// <exception cref="CmdletException">ListingIncomplete: it may be a folder, and several files go there.</exception>
    private DriveItem LookForChange(DrivePath path, bool isOneFile) => Run(path, async (_, token) =>
    {
        DriveItem item = await path.Drive.Store.FindAsync(
            path.Name, isForChange: true, token).ConfigureAwait(false);
        if (item is { Exists: false, Lack: { } lack })
        {
            if (!isOneFile)
            {
                throw ListingIncomplete(path, lack);
            }

            WarnOfFolder(path, lack);
        }

        return item;
    });

    private static void WarnOfFolder(DrivePath path, string? lack)
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

    /// <summary>Lists all files below a path.</summary>
    /// <returns>The files, and why there may be more than are listed; null if there are not.</returns>
    private static Task<(DriveTree Tree, string? Lack)> ListAsync(
        DriveCall call, DrivePath path, CancellationToken cancellationToken) => path.Drive.Store.ListAsync(
            path.Below, count => call.Say(FormattableString.Invariant($"{count:N0} names listed")), cancellationToken);
}
