using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <content>What a copy does not do.</content>
public sealed partial class ItemCopyTests
{
    [Fact]
    public async Task Others_are_permitted_no_more_than_by_the_source_and_by_what_is_replaced()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Unix permission bits");
        const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Write("tree/file", 100);
        File.SetUnixFileMode(PathOf("tree"), Private | UnixFileMode.UserExecute);
        File.SetUnixFileMode(PathOf("tree/file"), Private | UnixFileMode.GroupRead | UnixFileMode.OtherWrite);
        ItemCopier copier = client.FromHost();
        await foreach (ItemCopyEntry entry in copier.ListAsync(PathOf("tree"), All, Token))
        {
            if (entry.Kind == ItemCopyEntryKind.Folder)
            {
                await copier.MakeFolderAsync(PathOf("there"), "copy", entry.UnixMode, Token);
            }
        }

        async Task<UnixFileMode> CopyAsync(string name)
        {
            await copier.CopyAsync(PathOf("tree/file"), PathOf("there"), name, force: false, progress: null, Token);
            return File.GetUnixFileMode(PathOf($"there/{name}"));
        }

        Write("there/replaced", 10);
        File.SetUnixFileMode(PathOf("there/replaced"), Private);
        UnixFileMode made = await CopyAsync("copy/file");
        Assert.Equal(Private, made & ~UnixFileMode.GroupRead);
        Assert.Equal(Private, await CopyAsync("replaced"));
        Assert.Equal(Private | UnixFileMode.UserExecute, File.GetUnixFileMode(PathOf("there/copy")));
    }

    [Fact]
    public async Task A_target_that_never_replaces_a_file_does_not_make_the_copy_endless()
    {
        Write("file", LargeBytes);
        LocalItemSource source = new(ItemCopyHost.CreateBuffers());

        DfssException error = await Assert.ThrowsAsync<DfssException>(() =>
            new ItemCopier(source, new StubbornTarget()).CopyAsync(
                PathOf("file"), PathOf("there"), "file", force: false, progress: null, Token));

        Assert.Equal(DfssErrorCode.ProtocolViolation, error.Code);
    }

    /// <summary>A target whose file is always there already, and is another one.</summary>
    private sealed class StubbornTarget : IItemTarget, IOpenItemTarget
    {
        public string Path => "file";

        public bool IsThere => true;

        public IReadOnlyList<int> Claimed => [0];

        public ValueTask<IOpenItemTarget> OpenAsync(
            ItemPath path, ItemFacts facts, ItemOpenMode mode, CancellationToken cancellationToken) => new(this);

        public ValueTask<ChunkId[]> HashAsync(IReadOnlyList<int> indexes, CancellationToken cancellationToken) =>
            new(new ChunkId[indexes.Count]);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        public ValueTask<ItemCopyPlace> LookAsync(string path, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public ValueTask MakeFolderAsync(ItemPath path, int? unixMode, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public ValueTask<ItemPut> PutAsync(
            ItemPath path, ItemFacts facts, ItemChunk content, bool force, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public ValueTask WriteAsync(int index, ItemChunk chunk, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public ValueTask CommitAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
