using Dfss.Records;
using Dfss.Storage;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>A store that is started where it did not run before.</summary>
public sealed class StorePlaceTests : IDisposable
{
    private static readonly StorePlace Noted = new("/srv/dfss", "machine", Device: 1, Folder: 2, Chunks: 3);

    private readonly Dfss.Testing.TemporaryFolder folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Original => folder["store"];

    public void Dispose() => folder.Dispose();

    public static TheoryData<string, string?> Places => new()
    {
        { "the same", null },
        { "another device after a reboot", null },
        { "renamed on its file system", null },
        { "in a container, where no machine is known", null },
        { "no inodes", null },
        { "another machine", "on another machine" },
        { "copied to another folder", "in another folder: this one is a copy, or was restored from a backup" },
        { "put back from a backup", "in another folder: this one is a copy, or was restored from a backup" },
        { "the whole file system copied, and mounted elsewhere", "in '/srv/dfss'" },
        { "no inodes and another path", "in '/srv/dfss'" },
    };

    [Theory]
    [MemberData(nameof(Places))]
    public void A_copy_is_distinguished_from_a_reboot_and_a_new_name(string change, string? difference) =>
        Assert.Equal(difference, Noted.FindDifference(change switch
        {
            "the same" => Noted,
            "another device after a reboot" => Noted with { Device = 9 },
            "renamed on its file system" => Noted with { Path = "/srv/other" },
            "in a container, where no machine is known" => Noted with { Machine = null },
            "no inodes" => Noted with { Device = null, Folder = null, Chunks = null },
            "another machine" => Noted with { Machine = "other" },
            "copied to another folder" => Noted with { Path = "/srv/other", Folder = 20, Chunks = 30 },
            "put back from a backup" => Noted with { Chunks = 30 },
            "the whole file system copied, and mounted elsewhere" => Noted with { Path = "/mnt/dfss", Device = 9 },
            "no inodes and another path" => new StorePlace("/srv/other", "machine", null, null, null),
            _ => throw new ArgumentException(change, nameof(change)),
        }));

    [Fact]
    public async Task A_copy_is_refused_and_left_as_it_is_and_the_original_goes_on()
    {
        StoreId id = await FillAsync(Original);
        string copy = Copy();
        string[] before = Directory.GetFileSystemEntries(copy);

        DfssException refused = await RefusedAsync(copy);

        Assert.Contains("-StoreMoved", refused.Advice, StringComparison.Ordinal);
        Assert.Contains("-StoreCopied", refused.Advice, StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetFileSystemEntries(copy));
        await using LocalStore original = await OpenAsync(Original);
        Assert.Equal(id, original.StoreId);
    }

    [Fact]
    public async Task A_moved_store_keeps_its_id_and_its_votes_and_is_at_home_from_then_on()
    {
        StoreId id = await FillAsync(Original);
        string copy = Copy();
        await (await OpenAsync(copy, StoreRelocation.Moved)).DisposeAsync();

        await using LocalStore again = await OpenAsync(copy);

        Assert.Equal((id, 7), (again.StoreId, await PromisedAsync(again)));
        await RefusedAsync(Original, copyOver: copy);
    }

    [Fact]
    public async Task A_copied_store_takes_a_new_id_keeps_its_chunks_and_votes_for_nothing_that_the_original_did()
    {
        StoreId id = await FillAsync(Original);
        string copy = Copy();
        StoreId taken;
        await using (LocalStore store = await OpenAsync(copy, StoreRelocation.Copied))
        {
            taken = store.StoreId;
            Assert.NotEqual(id, taken);
            Assert.Equal(id, store.CopyOf);
            Assert.Equal(0, await PromisedAsync(store));
            Assert.False((await store.Chunks.FindMissingAsync([TestChunks.Make(2).Id], Token))[0]);
        }

        Assert.True(File.Exists(Path.Combine(copy, $"catalog.db.{id}")));
        await using LocalStore again = await OpenAsync(copy);
        Assert.Equal((taken, (StoreId?)null), (again.StoreId, again.CopyOf));
        await using LocalStore original = await OpenAsync(Original);
        Assert.Equal((id, 7), (original.StoreId, await PromisedAsync(original)));
    }

    [Fact]
    public async Task A_copy_says_how_many_names_of_the_original_it_has_set_aside()
    {
        await FillAsync(Original);
        List<string> log = [];
        await using LocalStore copy = await LocalStore.OpenAsync(
            Copy(), new LocalStoreOptions { Relocation = StoreRelocation.Copied, Log = log.Add }, Token);
        string notice = Assert.Single(copy.Notices);
        Assert.Contains("The original's registers of 1 name are in", notice, StringComparison.Ordinal);
        Assert.Contains(notice, log);
    }

    [Fact]
    public async Task A_copy_whose_catalog_is_corrupt_sets_it_aside()
    {
        StoreId id = await FillAsync(Original);
        string copy = Copy();
        await File.WriteAllTextAsync(Path.Combine(copy, "catalog.db"), new string('x', 8192), Token);
        await using LocalStore store = await OpenAsync(copy, StoreRelocation.Copied);
        Assert.Contains(
            "The original's registers of its names are in", Assert.Single(store.Notices), StringComparison.Ordinal);
        Assert.Equal(
            new string('x', 8192), await File.ReadAllTextAsync(Path.Combine(copy, $"catalog.db.{id}"), Token));
    }

    /// <summary>A service whose command line keeps the switch would else lose all its files at each start.</summary>
    [Fact]
    public async Task A_copy_takes_a_new_id_once_however_often_the_option_is_given()
    {
        await FillAsync(Original);
        string copy = Copy();
        LocalStore first = await OpenAsync(copy, StoreRelocation.Copied);
        await first.DisposeAsync();
        List<string> log = [];

        await using LocalStore second = await LocalStore.OpenAsync(
            copy, new LocalStoreOptions { Relocation = StoreRelocation.Copied, Log = log.Add }, Token);

        Assert.Equal(first.StoreId, second.StoreId);
        Assert.Contains("-StoreCopied has no effect", Assert.Single(log), StringComparison.Ordinal);
        Assert.Equal(log, second.Notices);
    }

    /// <summary>
    /// What is cut off between the catalog and the note is done by the next start that is told the same.
    /// </summary>
    [Fact]
    public async Task A_copy_whose_first_start_was_cut_off_is_refused_until_the_option_is_given_again()
    {
        StoreId id = await FillAsync(Original);
        string copy = Copy();
        DurableFile files = new(step =>
        {
            if (step.Path.EndsWith("place.json.tmp", StringComparison.Ordinal))
            {
                throw new IOException("cut");
            }
        });
        await Assert.ThrowsAsync<DfssException>(() => LocalStore.OpenAsync(
            copy, new LocalStoreOptions { Relocation = StoreRelocation.Copied }, files, Token));

        await RefusedAsync(copy);

        await using LocalStore store = await OpenAsync(copy, StoreRelocation.Copied);
        Assert.NotEqual(id, store.StoreId);
        Assert.Equal(0, await PromisedAsync(store));
    }

    [Fact]
    public async Task A_store_that_was_put_back_in_its_place_is_refused()
    {
        await FillAsync(Original);
        string backup = Copy();
        await RefusedAsync(Original, copyOver: backup);
    }

    [Fact]
    public async Task A_renamed_store_starts()
    {
        StoreId id = await FillAsync(Original);
        Directory.Move(Original, folder["renamed"]);
        await using LocalStore store = await OpenAsync(folder["renamed"]);
        Assert.Equal(id, store.StoreId);
    }

    [Fact]
    public async Task A_store_of_before_takes_its_note_at_its_first_start()
    {
        StoreId id = await FillAsync(Original);
        File.Delete(Path.Combine(Original, "place.json"));
        await using (LocalStore store = await OpenAsync(Original))
        {
            Assert.Equal(id, store.StoreId);
        }

        await RefusedAsync(Copy());
    }

    [Fact]
    public async Task The_note_is_durable_before_the_store_is_served()
    {
        List<(DurableAction, string)> steps = [];
        DurableFile files = new(step => steps.Add((step.Action, Path.GetFileName(step.Path))));
        await using LocalStore store = await LocalStore.OpenAsync(Original, new LocalStoreOptions(), files, Token);
        int synced = steps.LastIndexOf((DurableAction.SyncFile, "place.json.tmp"));
        Assert.True(synced >= 0);
        Assert.Equal(
            [(DurableAction.Rename, "place.json.tmp"), (DurableAction.SyncDirectory, "store")],
            steps.Skip(synced + 1).Take(2));
    }

    [Fact]
    public async Task A_damaged_note_is_refused()
    {
        await FillAsync(Original);
        await File.WriteAllTextAsync(Path.Combine(Original, "place.json"), "{", Token);
        Assert.Equal(
            DfssErrorCode.StoreFormat, (await Assert.ThrowsAsync<DfssException>(() => OpenAsync(Original))).Code);
    }

    private static Task<LocalStore> OpenAsync(string path, StoreRelocation relocation = StoreRelocation.None) =>
        LocalStore.OpenAsync(path, new LocalStoreOptions { Relocation = relocation }, Token);

    private static async Task<StoreId> FillAsync(string path)
    {
        await using LocalStore store = await OpenAsync(path);
        (ChunkId id, byte[] content) = TestChunks.Make(2);
        await store.Chunks.PutAsync(id, content, Token);
        await store.Chunks.FlushAsync(Token);
        await store.Records.PrepareAsync([Registers.Prepare("a", 7)], Token);
        return store.StoreId;
    }

    private static async Task<long> PromisedAsync(LocalStore store) =>
        (await store.Records.ReadAsync([new ReadRequest("a")], Token))[0].Promised.Counter;

    private static async Task<DfssException> RefusedAsync(string path, string? copyOver = null)
    {
        if (copyOver is not null)
        {
            // Kept: a file system may give the number of a deleted folder to the next one.
            Directory.Move(path, path + ".old");
            CopiedFolder.Copy(copyOver, path);
        }

        DfssException refused = await Assert.ThrowsAsync<DfssException>(() => OpenAsync(path));
        Assert.Equal(DfssErrorCode.StoreRelocated, refused.Code);
        return refused;
    }

    private string Copy()
    {
        Assert.SkipUnless(CopiedFolder.IsSupported, "Needs cp.");
        return CopiedFolder.Copy(Original, folder["copy"]);
    }
}
