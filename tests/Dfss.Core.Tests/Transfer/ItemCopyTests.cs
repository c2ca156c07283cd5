using Dfss.Tests.Storage;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>
/// Copies between two sides of one process. The session is a function call: what goes through it is an array of bytes.
/// </summary>
public sealed partial class ItemCopyTests : IAsyncDisposable
{
    private const int LargeBytes = (3 * DfssLimits.DefaultChunkSize) + 17;

    private static readonly ItemCopyWalk All = new(IncludesHidden: true, FollowsLinks: false);

    private readonly TemporaryFolder folder = new();
    private ItemCopyHost host = new();
    private readonly ItemCopyClient client;
    private Func<byte[], byte[]> inTransit = frame => frame;
    private int calls;

    public ItemCopyTests()
    {
        client = new ItemCopyClient(frame =>
        {
            calls++;
            _ = Task.Run(async () => client!.Receive(await host.AnswerAsync(inTransit(frame))));
            return Task.CompletedTask;
        });
        Directory.CreateDirectory(PathOf("there"));
    }

    public async ValueTask DisposeAsync()
    {
        await client.DisposeAsync();
        await host.DisposeAsync();
        folder.Dispose();
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task A_tree_arrives_whole(bool isDirect, bool isToHost)
    {
        byte[] large = Write("tree/sub/large", LargeBytes);
        byte[] small = Write("tree/[odd] .name", 100);
        Write("tree/empty", 0);
        Directory.CreateDirectory(PathOf("tree/none"));
        DateTime modified = new(2020, 2, 3, 4, 5, 6, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(PathOf("tree/sub/large"), modified);
        if (isDirect)
        {
            Assert.Null(await client.ConnectAsync("localhost", TimeSpan.FromSeconds(30), Token));
            Assert.NotNull(client.DirectAddress);
        }

        int before = calls;
        ItemCopier copier = isToHost ? client.ToHost() : client.FromHost();
        await foreach (ItemCopyEntry entry in copier.ListAsync(PathOf("tree"), All, Token))
        {
            string name = entry.Name.Length == 0 ? "copy" : $"copy/{entry.Name}";
            if (entry.Kind == ItemCopyEntryKind.Folder)
            {
                await copier.MakeFolderAsync(PathOf("there"), name, entry.UnixMode, Token);
            }
            else
            {
                ItemCopyResult result = await copier.CopyAsync(
                    entry.Path, PathOf("there"), name, force: false, progress: null, Token);
                Assert.Equal((0, false), (result.PresentBytes, result.IsUnchanged));
            }
        }

        Assert.Equal(large, Read("there/copy/sub/large"));
        Assert.Equal(small, Read("there/copy/[odd] .name"));
        Assert.Empty(Read("there/copy/empty"));
        Assert.True(Directory.Exists(PathOf("there/copy/none")));
        Assert.Equal(modified, File.GetLastWriteTimeUtc(PathOf("there/copy/sub/large")));
        Assert.Equal(isDirect, calls == before);
        Assert.Empty(PartFiles());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_interrupted_copy_goes_on_with_what_is_verified(bool isToHost)
    {
        byte[] content = Write("large", LargeBytes);
        ItemCopier copier = isToHost ? client.ToHost() : client.FromHost();
        using CancellationTokenSource stop = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => copier.CopyAsync(
            PathOf("large"), PathOf("there"), "copy", force: false,
            new CallbackProgress(progress => stop.Cancel()), stop.Token));
        string part = Assert.Single(PartFiles());
        await RestartHostAsync();

        ItemCopyResult result = await copier.CopyAsync(
            PathOf("large"), PathOf("there"), "copy", force: false, progress: null, Token);

        Assert.InRange(result.PresentBytes, 17, LargeBytes);
        Assert.Equal(content, Read("there/copy"));
        Assert.False(File.Exists(part));
    }

    [Fact]
    public async Task A_chunk_of_the_part_that_is_damaged_is_moved_again()
    {
        byte[] content = Write("large", LargeBytes);
        using CancellationTokenSource stop = new();
        Task copying = client.ToHost().CopyAsync(
            PathOf("large"), PathOf("there"), "copy", force: false,
            new CallbackProgress(progress =>
            {
                if (progress.TransferredBytes >= 2 << 20)
                {
                    stop.Cancel();
                }
            }),
            stop.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => copying);
        await RestartHostAsync();
        using (FileStream part = File.Open(Assert.Single(PartFiles()), FileMode.Open))
        {
            part.Write(new byte[DfssLimits.DefaultChunkSize]);
        }

        ItemCopyResult result = await client.ToHost().CopyAsync(
            PathOf("large"), PathOf("there"), "copy", force: false, progress: null, Token);

        Assert.Equal(content, Read("there/copy"));
        Assert.InRange(result.PresentBytes, 17, LargeBytes - DfssLimits.DefaultChunkSize);
    }

    [Theory]
    [InlineData(LargeBytes)]
    [InlineData(100)]
    [InlineData(0)]
    public async Task A_file_that_is_there_is_not_moved_and_one_with_other_content_is(int length)
    {
        byte[] content = Write("file", length);
        ItemCopier copier = client.ToHost();
        Task<ItemCopyResult> CopyAsync() => copier.CopyAsync(
            PathOf("file"), PathOf("there"), "file", force: false, progress: null, Token);

        Assert.False((await CopyAsync()).IsUnchanged);
        Assert.True((await CopyAsync()).IsUnchanged);

        if (length > 0)
        {
            DateTime modified = File.GetLastWriteTimeUtc(PathOf("there/file"));
            byte[] other = [.. content];
            other[^1] ^= 1;
            File.WriteAllBytes(PathOf("there/file"), other);
            File.SetLastWriteTimeUtc(PathOf("there/file"), modified);

            Assert.False((await CopyAsync()).IsUnchanged);
            Assert.Equal(content, Read("there/file"));
        }
    }

    [Theory]
    [InlineData(100)]
    [InlineData(LargeBytes)]
    public async Task What_was_altered_on_the_way_is_not_written(int length)
    {
        Write("file", length);
        inTransit = frame =>
        {
            if (Is(frame, ItemOperations.Put) || Is(frame, ItemOperations.Write))
            {
                frame[^1] ^= 1;
            }

            return frame;
        };

        DfssException error = await Assert.ThrowsAsync<DfssException>(() => client.ToHost().CopyAsync(
            PathOf("file"), PathOf("there"), "file", force: false, progress: null, Token));

        Assert.Equal(DfssErrorCode.ChunkCorrupt, error.Code);
        Assert.False(File.Exists(PathOf("there/file")));
    }

    [Theory]
    [InlineData("../file")]
    [InlineData("a/../../file")]
    [InlineData("/file")]
    [InlineData("a//file")]
    [InlineData("link/file")]
    public async Task A_name_does_not_lead_out_of_the_destination(string name)
    {
        Write("file", 100);
        Directory.CreateDirectory(PathOf("outside"));
        Directory.CreateSymbolicLink(PathOf("there/link"), PathOf("outside"));
        foreach (ItemCopier copier in (ItemCopier[])[client.ToHost(), client.FromHost()])
        {
            DfssException error = await Assert.ThrowsAsync<DfssException>(() => copier.CopyAsync(
                PathOf("file"), PathOf("there"), name, force: true, progress: null, Token));
            Assert.Equal(DfssErrorCode.InvalidName, error.Code);
            error = await Assert.ThrowsAsync<DfssException>(() =>
                copier.MakeFolderAsync(PathOf("there"), name, unixMode: null, Token));
            Assert.Equal(DfssErrorCode.InvalidName, error.Code);
        }

        Assert.Empty(Directory.GetFileSystemEntries(PathOf("outside")));
    }

    [Fact]
    public async Task Errors_of_one_file_are_the_answer_to_its_call()
    {
        Write("file", 100);
        Directory.CreateDirectory(PathOf("there/folder"));
        ItemCopier copier = client.ToHost();
        Assert.Equal(DfssErrorCode.SourceUnreadable, await CodeAsync("missing", "copy"));
        Assert.Equal(DfssErrorCode.DestinationExists, await CodeAsync("file", "folder"));
        Assert.Equal(DfssErrorCode.SourceUnreadable, await CodeAsync("there", "copy"));

        async Task<DfssErrorCode> CodeAsync(string source, string name) =>
            (await Assert.ThrowsAsync<DfssException>(() => copier.CopyAsync(
                PathOf(source), PathOf("there"), name, force: false, progress: null, Token))).Code;
    }

    /// <summary>An end of the host waits until the interrupted copy has closed its files.</summary>
    private async Task RestartHostAsync()
    {
        await host.DisposeAsync();
        host = new ItemCopyHost();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static bool Is(byte[] frame, string operation) => ItemFrames.Read(frame).Message.Operation == operation;

    private string PathOf(string name) => Path.Combine(folder.Path, name);

    private byte[] Read(string name) => File.ReadAllBytes(PathOf(name));

    private byte[] Write(string name, int length)
    {
        byte[] content = new byte[length];
        new Random(length).NextBytes(content);
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(name))!);
        File.WriteAllBytes(PathOf(name), content);
        return content;
    }

    private string[] PartFiles() =>
        Directory.GetFiles(PathOf("there"), $"*{PartFile.Suffix}", SearchOption.AllDirectories);
}
