using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Dfss.Storage;
using Dfss.Testing;
using Dfss.Tests.Storage;
using Dfss.Tests.Transfer;
using Dfss.Transfer;
using Xunit;
using TemporaryFolder = Dfss.Testing.TemporaryFolder;

namespace Dfss.Tests.Faults;

/// <summary>Other users of the machine can read nothing that a peer or a client keeps, under a umask of 022.</summary>
public sealed partial class OwnerOnlyTests : IDisposable
{
    private const int ChunkSize = 1 << 20;
    private const UnixFileMode OthersMayRead = UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode SharedFile = UnixFileMode.UserRead | UnixFileMode.UserWrite | OthersMayRead;
    private const UnixFileMode SharedFolder =
        SharedFile | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly TemporaryFolder folder = new();
    private readonly ConcurrentDictionary<string, UnixFileMode> seen = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task No_other_user_can_read_what_a_peer_and_a_client_make()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no permission bits.");
        const int UsualMask = 0b000_010_010;
        _ = SetMask(UsualMask);
        Assert.Equal(SharedFile, File.GetUnixFileMode(folder.CreateFile("probe", 1, seed: 1)));
        string source = folder.CreateFile("source", (9 * ChunkSize) + 1, seed: 2);
        string small = folder.CreateFile("small", 1000, seed: 3);
        File.SetLastWriteTimeUtc(source, DateTime.UnixEpoch.AddYears(50));
        Directory.CreateDirectory(folder["received"]);

        PeerProcess peer = await PeerProcess.StartAsync(folder["parent", "store"]);
        await using (peer)
        {
            await using DfssClient client = new([peer.Address], new() { StateFolder = folder["parent", "state"] });
            SendOptions options = new() { ChunkSize = ChunkSize };
            CallbackProgress walk = new(_ => Walk("parent", "received"));
            StoredFile large = await client.SendAsync(source, "large", options, walk, Token);
            await client.SendAsync(small, "small", options, walk, Token);
            await client.ReceiveAsync(large, folder["received", "file"], new ReceiveOptions(), walk, Token);
            Walk("parent");
            await peer.KillAsync();
        }

        Walk("parent");
        string[] names = [.. seen.Keys.Select(path => Path.GetFileName(path))];
        Assert.Contains("catalog.db", names);
        Assert.Contains("catalog.db-wal", names);
        Assert.Contains("catalog.db-shm", names);
        Assert.Contains("lock", names);
        Assert.Contains("format", names);
        Assert.Contains("file.dfss-part", names);
        Assert.Contains(names, name => name.EndsWith(".journal", StringComparison.Ordinal));
        Assert.Contains("00000001.segment", names);
        Assert.Equal([], seen.Where(found => (found.Value & ~OwnersOf(found.Key)) != 0));
    }

    [Fact]
    public async Task A_store_that_other_users_can_read_is_taken_from_them_when_it_is_opened()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no permission bits.");
        (ChunkId small, byte[] smallContent) = TestChunks.Make(1, TestChunks.Small);
        (ChunkId large, byte[] largeContent) = TestChunks.Make(2);
        string store = folder["store"];
        await using (LocalStore made = await LocalStore.OpenAsync(store, new LocalStoreOptions(), Token))
        {
            await made.Chunks.PutAsync(small, smallContent, Token);
            await made.Chunks.PutAsync(large, largeContent, Token);
            await made.Chunks.FlushAsync(Token);
        }

        string outside = folder.CreateFile("outside", 1, seed: 1);
        File.CreateSymbolicLink(Path.Combine(store, "link"), outside);
        await File.WriteAllTextAsync(Path.Combine(store, "catalog.db-wal"), string.Empty, Token);
        await File.WriteAllTextAsync(Path.Combine(store, "peer.log"), "line", Token);
        await File.WriteAllTextAsync(Path.Combine(store, "quarantine", large.ToString()), "corrupt", Token);
        DirectoryInfo root = new(store);
        foreach (FileSystemInfo entry in root.EnumerateFileSystemInfos("*", SearchOption.AllDirectories))
        {
            entry.UnixFileMode = entry is DirectoryInfo ? SharedFolder : SharedFile;
        }

        File.SetUnixFileMode(store, SharedFolder);
        await using LocalStore opened = await LocalStore.OpenAsync(store, new LocalStoreOptions(), Token);
        await opened.Recovery;
        Walk("store");
        Assert.Contains(store, seen.Keys);
        Assert.Contains(StoreFiles.Segments(store).Single(), seen.Keys);
        Assert.Equal([], seen.Where(found => found.Value != OwnersOf(found.Key)));
        Assert.Equal(SharedFile, File.GetUnixFileMode(outside));
    }

    private static UnixFileMode OwnersOf(string path)
    {
        UnixFileMode execute = Directory.Exists(path) ? UnixFileMode.UserExecute : UnixFileMode.None;
        return UnixFileMode.UserRead | UnixFileMode.UserWrite | execute;
    }

    /// <summary>Notes the mode of all that there is now: what is removed meanwhile is left out.</summary>
    private void Walk(params string[] names)
    {
        foreach (DirectoryInfo root in names.Select(name => new DirectoryInfo(folder[name])))
        {
            IEnumerable<FileSystemInfo> content = root.EnumerateFileSystemInfos("*", new EnumerationOptions
            {
                RecurseSubdirectories = true,
                AttributesToSkip = FileAttributes.ReparsePoint,
            });
            foreach (FileSystemInfo entry in root.Name == "received" ? content : content.Prepend(root))
            {
                if (entry.Exists)
                {
                    seen[entry.FullName] = entry.UnixFileMode;
                }
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial int SetMask(int mask);
}
