using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Dfss.Records;
using Dfss.Storage;
using Dfss.Testing;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>Opening a store: what is refused, what is kept, what a full disk does.</summary>
public sealed partial class StoreOpeningTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_store_opened_again_is_the_same_and_has_its_chunks_and_registers()
    {
        (ChunkId small, byte[] smallContent) = TestChunks.Make(1, TestChunks.Small);
        (ChunkId large, byte[] largeContent) = TestChunks.Make(2);
        StoreId id;
        await using (LocalStore store = await OpenAsync())
        {
            id = store.StoreId;
            await store.Chunks.PutAsync(small, smallContent, Token);
            await store.Chunks.PutAsync(large, largeContent, Token);
            await store.Chunks.FlushAsync(Token);
            await store.Records.PrepareAsync([Registers.Prepare("a", 7)], Token);
        }

        await using LocalStore again = await OpenAsync();
        await again.Recovery;
        Assert.Equal(id, again.StoreId);
        Assert.Equal<bool[]>([false, false], await again.Chunks.FindMissingAsync([small, large], Token));
        Assert.Equal(7, (await again.Records.ReadAsync([new ReadRequest("a")], Token))[0].Promised.Counter);
        StoreUsage usage = again.GetUsage();
        Assert.Equal((2, TestChunks.Small + TestChunks.Large), (usage.Chunks, usage.StoredBytes));
        Assert.True(usage.FreeBytes > 0);
    }

    [Fact]
    public async Task A_store_in_use_names_the_holder()
    {
        await using LocalStore store = await OpenAsync();
        DfssException refused = await Assert.ThrowsAsync<DfssException>(OpenAsync);
        Assert.Equal(DfssErrorCode.StoreInUse, refused.Code);
        Assert.Contains(
            $"process {Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}.", refused.Message,
            StringComparison.Ordinal);
    }

    /// <summary>
    /// A child has the parent's open files until it runs its own program; so here a copy of the lock's descriptor
    /// stands for it.
    /// </summary>
    [Fact]
    public async Task A_closed_store_opens_again_while_a_child_is_being_started()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "It finds the lock's descriptor in /proc.");
        LocalStore store = await OpenAsync();
        string lockFile = new DirectoryInfo("/proc/self/fd").GetFiles()
            .First(file => file.LinkTarget == Path.Combine(folder.Path, "lock")).Name;
        int copy = Duplicate(int.Parse(lockFile, CultureInfo.InvariantCulture));
        Assert.True(copy >= 0);
        using SafeFileHandle inherited = new(copy, ownsHandle: true);
        await store.DisposeAsync();
        await using LocalStore again = await OpenAsync();
        Assert.NotEqual(default, again.StoreId);
    }

    [Fact]
    public async Task A_newer_format_is_refused_and_left_alone()
    {
        Directory.CreateDirectory(folder.Path);
        string format = Path.Combine(folder.Path, "format");
        await File.WriteAllTextAsync(format, "DFSS store 3\nwhatever\n", Token);
        DfssException refused = await RefusedAsync(DfssErrorCode.StoreFormat);
        Assert.Contains("format 3", refused.Message, StringComparison.Ordinal);
        Assert.Equal([format], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task A_store_with_a_file_for_each_chunk_is_refused_with_what_to_do_and_left_alone()
    {
        Directory.CreateDirectory(folder.Path);
        string format = Path.Combine(folder.Path, "format");
        string chunk = Path.Combine(
            Directory.CreateDirectory(Path.Combine(folder.Path, "chunks", "ab")).FullName, "abcd");
        await File.WriteAllTextAsync(format, $"DFSS store 1\n{StoreId.Create()}\n", Token);
        await File.WriteAllTextAsync(chunk, "a chunk", Token);
        string[] before = Directory.GetFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories);
        DfssException refused = await RefusedAsync(DfssErrorCode.StoreFormat);
        Assert.Contains(
            "has format 1, which keeps each chunk in a file of its own", refused.Message, StringComparison.Ordinal);

        // The advice: the DFSS that made it can serve it still, as nothing has changed; and another folder can be used.
        Assert.Contains("receive its files, and send them to a new store", refused.Advice!, StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories));
        Assert.Equal("a chunk", await File.ReadAllTextAsync(chunk, Token));
        using TemporaryFolder other = new();
        await using LocalStore store = await LocalStore.OpenAsync(other.Path, new LocalStoreOptions(), Token);
        (ChunkId id, byte[] content) = TestChunks.Make(1);
        Assert.Equal(PutResult.Stored, await store.Chunks.PutAsync(id, content, Token));
        await store.Chunks.FlushAsync(Token);
    }

    [Fact]
    public async Task A_folder_of_something_else_is_refused_and_left_alone()
    {
        Directory.CreateDirectory(folder.Path);
        string photo = Path.Combine(folder.Path, "photo.jpg");
        await File.WriteAllTextAsync(photo, "x", Token);
        DfssException refused = await RefusedAsync(DfssErrorCode.StoreFormat);
        Assert.Contains("photo.jpg", refused.Message, StringComparison.Ordinal);
        Assert.Equal([photo], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task A_fresh_file_system_with_lost_and_found_is_an_empty_folder()
    {
        Directory.CreateDirectory(Path.Combine(folder.Path, "lost+found"));
        await using LocalStore store = await OpenAsync();
        Assert.Null(store.Fault);
    }

    [Fact]
    public async Task The_folder_of_a_new_store_is_synced_by_name_though_it_was_there()
    {
        Directory.CreateDirectory(folder.Path);
        List<string> synced = [];
        var files = new DurableFile(step =>
        {
            if (step.Action == DurableAction.SyncDirectory)
            {
                synced.Add(step.Path);
            }
        });
        await using (await LocalStore.OpenAsync(folder.Path, new LocalStoreOptions(), files, Token))
        {
            Assert.Contains(Path.GetDirectoryName(folder.Path), synced);
        }
    }

    [Fact]
    public async Task A_store_that_lost_its_catalog_is_a_new_store_with_the_old_chunks()
    {
        (ChunkId id, byte[] content) = TestChunks.Make(1);
        StoreId before;
        await using (LocalStore store = await OpenAsync())
        {
            before = store.StoreId;
            await store.Chunks.PutAsync(id, content, Token);
            await store.Chunks.FlushAsync(Token);
        }

        File.Delete(Path.Combine(folder.Path, "catalog.db"));
        await using LocalStore again = await OpenAsync();
        Assert.NotEqual(before, again.StoreId);
        Assert.Contains("has lost its catalog", Assert.Single(again.Notices), StringComparison.Ordinal);
        Assert.Equal(content.Length, await again.Chunks.GetLengthAsync(id, Token));
    }

    [Fact]
    public async Task A_catalog_of_another_store_is_refused()
    {
        using var other = new TemporaryFolder();
        await (await OpenAsync()).DisposeAsync();
        await (await LocalStore.OpenAsync(other.Path, new LocalStoreOptions(), Token)).DisposeAsync();
        File.Copy(Path.Combine(other.Path, "catalog.db"), Path.Combine(folder.Path, "catalog.db"), overwrite: true);
        await RefusedAsync(DfssErrorCode.StoreFormat);
    }

    [Theory]
    [InlineData(DriveType.Network, "nfs", false)]
    [InlineData(DriveType.Fixed, "fuse.sshfs", false)]
    [InlineData(DriveType.Fixed, "v9fs", false)]
    [InlineData(DriveType.Fixed, "ext4", true)]
    [InlineData(DriveType.Ram, "tmpfs", true)]
    [InlineData(DriveType.Fixed, "NTFS", true)]
    public void Network_and_user_space_file_systems_are_not_supported(
        DriveType type, string format, bool isSupported) =>
        Assert.Equal(isSupported, StoreFileSystem.IsSupported(type, format));

    [Fact]
    public async Task A_full_disk_refuses_a_put_and_leaves_nothing_half_written()
    {
        Directory.CreateDirectory(folder.Path);
        Assert.SkipUnless(
            OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess
                && Run("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder.Path),
            "Needs Linux, root, and the right to mount a tmpfs.");
        try
        {
            await using LocalStore store = await OpenAsync();
            await store.Recovery;
            DfssException? full = null;
            int stored = 0;
            while (full is null && stored < 100)
            {
                (ChunkId id, byte[] content) = TestChunks.Make(stored, 1 << 20);
                full = await Record.ExceptionAsync(
                    async () => await store.Chunks.PutAsync(id, content, Token)) as DfssException;
                stored += full is null ? 1 : 0;
            }

            Assert.Equal(DfssErrorCode.StoreFull, full?.Code);
            Assert.InRange(stored, 5, 24);
            await store.Chunks.FlushAsync(Token);
            Assert.All(StoreFiles.List(folder.Path), chunk => Assert.Equal(chunk.Id, ChunkId.Of(chunk.Read())));
            Assert.Equal(stored, await store.Chunks.EnumerateAsync(after: null, Token).CountAsync(Token));

            // Room again: the store goes on.
            (ChunkId first, _) = TestChunks.Make(0, 1 << 20);
            await store.Chunks.DeleteAsync(first, Token);
            await store.Collector.CollectAsync(TimeSpan.FromHours(1), Token);
            (ChunkId next, byte[] more) = TestChunks.Make(1000, 1 << 20);
            Assert.Equal(PutResult.Stored, await store.Chunks.PutAsync(next, more, Token));
            await store.Chunks.FlushAsync(Token);
        }
        finally
        {
            Assert.True(Run("umount", folder.Path));
        }
    }

    private static bool Run(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private Task<LocalStore> OpenAsync() => LocalStore.OpenAsync(folder.Path, new LocalStoreOptions(), Token);

    private async Task<DfssException> RefusedAsync(DfssErrorCode code)
    {
        DfssException refused = await Assert.ThrowsAsync<DfssException>(OpenAsync);
        Assert.Equal(code, refused.Code);
        return refused;
    }

    [LibraryImport("libc", EntryPoint = "dup")]
    private static partial int Duplicate(int descriptor);
}
