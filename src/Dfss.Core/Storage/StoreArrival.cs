using System.Globalization;

namespace Dfss.Storage;

/// <summary>
/// Decides, when a store is opened, whether it is where it last ran, and records where it runs. A copy that starts
/// undetected votes with the store id of the original, and both lose acknowledged writes.
/// </summary>
internal sealed class StoreArrival
{
    private readonly StoreLayout layout;
    private readonly LocalStoreOptions options;
    private readonly Action<string> notify;
    private readonly string fileSystem;
    private readonly StorePlace? noted;
    private readonly bool isCopy;

    /// <summary>Checks the store; changes nothing.</summary>
    /// <param name="layout">The store, locked by this process.</param>
    /// <param name="former">Its store id; null where it is new.</param>
    /// <param name="fileSystem">The name of the file system that it is on.</param>
    /// <param name="options">The operator's decision about it.</param>
    /// <param name="notify">Receives what the operator must know.</param>
    /// <exception cref="DfssException">
    /// StoreRelocated: it may be a copy. StoreFormat: its file place.json is damaged.
    /// </exception>
    public StoreArrival(
        StoreLayout layout, StoreId? former, string fileSystem, LocalStoreOptions options, Action<string> notify)
    {
        this.layout = layout;
        this.options = options;
        this.notify = notify;
        this.fileSystem = fileSystem;
        noted = former is null ? null : StorePlace.Read(layout);
        string? difference = noted?.FindDifference(options.FindPlace(layout, fileSystem));
        if (difference is not null && options.Relocation == StoreRelocation.None)
        {
            throw new DfssException(
                DfssErrorCode.StoreRelocated,
                $"The store at '{layout.Root}' last ran {difference}. If it is a copy and the original runs too, "
                    + "files are lost.",
                "If this is a copy and the original may run again, start this one once with -StoreCopied: it becomes "
                + "a new store. "
                + "If the original never runs again, start it once with -StoreMoved.");
        }

        bool isCopyAlready = noted is { IsCopy: true } && difference is null;
        if (former is not null && options.Relocation == StoreRelocation.Copied)
        {
            if (isCopyAlready)
            {
                notify(
                    $"The store at '{layout.Root}' took its store id here, as a copy: -StoreCopied has no effect. "
                        + "Leave it out.");
            }
            else
            {
                CopyOf = former;
            }
        }

        isCopy = CopyOf is not null || isCopyAlready;
    }

    /// <summary>The store id that it gives up, as a copy of that store; null where it keeps its own.</summary>
    public StoreId? CopyOf { get; }

    /// <summary>
    /// Sets the registers of a copy aside: they are votes of the original, which a store of another id must not repeat.
    /// The next open of the store finds no catalog, as in a store that lost it, and makes a new store id.
    /// </summary>
    public async Task SetAsideCatalogAsync(DurableFile files)
    {
        if (CopyOf is not StoreId original)
        {
            return;
        }

        string registers = File.Exists(layout.CatalogFile)
            ? await SetAsideAsync(files, $"{layout.CatalogFile}.{original}").ConfigureAwait(false)
            : string.Empty;
        notify(
            $"The store at '{layout.Root}' was a copy of store {original} and is another store from now on. {registers}"
                + "It lists no file: Repair-DfssFile -Move and new sends bring it files.");
    }

    /// <returns>A sentence about what was set aside, and a space.</returns>
    private async Task<string> SetAsideAsync(DurableFile files, string aside)
    {
        string names = "its names";
        try
        {
            // Closing moves the log into the file, which then has all of the catalog.
            Catalog catalog = new(layout.CatalogFile, new FailStopLatch(layout.Root, log: null));
            await using (catalog.ConfigureAwait(false))
            {
                long count = catalog.CountNames();
                names = string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? "name" : "names")}");
            }
        }
        catch (DfssException)
        {
            // A corrupt catalog is set aside as it is: this store does not use it.
        }

        // The log first: without its file SQLite would delete it.
        if (File.Exists($"{layout.CatalogFile}-wal"))
        {
            files.Rename($"{layout.CatalogFile}-wal", $"{aside}-wal");
        }

        files.Rename(layout.CatalogFile, aside);
        files.SyncDirectory(layout.Root);
        return $"The original's registers of {names} are in '{aside}', and this store has no vote on them. ";
    }

    /// <summary>Records where the store runs, if that is not recorded yet.</summary>
    public void Note(DurableFile files)
    {
        StorePlace here = options.FindPlace(layout, fileSystem) with { IsCopy = isCopy };
        if (options.Relocation == StoreRelocation.None)
        {
            // A container that serves the folder for a while has no id of the machine.
            here = here with { Machine = here.Machine ?? noted?.Machine };
        }

        if (here != noted)
        {
            here.Write(layout, files);
        }
    }
}
