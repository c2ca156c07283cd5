using Dfss.Testing;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>What a walk through a folder takes, passes over, and says.</summary>
public sealed class LocalTreeTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Files_come_in_the_order_of_their_names_and_folders_that_are_empty_do_not()
    {
        Make("b/2", "b/10", "a", "c/d/e", "B");
        Directory.CreateDirectory(folder["empty", "too"]);
        Assert.Equal(["B", "a", "b/10", "b/2", "c/d/e"], Names(new LocalTreeOptions()));
    }

    [Fact]
    public void Hidden_files_and_folders_are_taken_only_when_they_are_wanted()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A leading dot hides nothing there.");
        Make(".hidden", ".folder/x", "seen");
        Assert.Equal(["seen"], Names(new LocalTreeOptions()));
        Assert.Equal([".folder/x", ".hidden", "seen"], Names(new LocalTreeOptions { IncludesHidden = true }));
    }

    [Fact]
    public void A_folder_that_is_left_out_is_not_walked_through()
    {
        Make("keep/x", "drop/x");
        List<(string, bool)> asked = [];
        Assert.Equal(["keep/x"], Names(new LocalTreeOptions
        {
            Selects = (name, isFolder) =>
            {
                asked.Add((name, isFolder));
                return name != "drop";
            },
        }));
        Assert.Equal([("drop", true), ("keep", true), ("keep/x", false)], asked);
    }

    [Fact]
    public void A_walk_that_finds_nothing_ends_when_it_is_cancelled()
    {
        Make("a", "b", "c/d");
        using CancellationTokenSource source = new();
        List<string> asked = [];
        LocalTreeOptions options = new()
        {
            Selects = (name, _) =>
            {
                asked.Add(name);
                source.Cancel();
                return false;
            },
        };
        Assert.Throws<OperationCanceledException>(
            () => new LocalTree(folder.Path, options).Walk(source.Token).ToList());
        Assert.Equal(["a"], asked);
    }

    [Fact]
    public void Links_to_files_are_files_and_links_to_folders_are_followed_only_when_it_is_wanted()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Making links needs a privilege there.");
        Make("real/x");
        File.CreateSymbolicLink(folder["file"], folder["real", "x"]);
        File.CreateSymbolicLink(folder["nothing"], folder["none"]);
        Directory.CreateSymbolicLink(folder["link"], folder["real"]);
        Assert.Equal(
            [("file", LocalTreeEntryKind.File), ("link", LocalTreeEntryKind.FolderLink),
                ("nothing", LocalTreeEntryKind.File), ("real/x", LocalTreeEntryKind.File)],
            Walk(new LocalTreeOptions()).Select(entry => (entry.Name, entry.Kind)));
        Assert.Equal(["file", "link/x", "nothing", "real/x"], Names(new LocalTreeOptions { FollowsLinks = true }));
    }

    [Theory]
    [InlineData(".")]
    [InlineData("a")]
    [InlineData("a/b")]
    public void A_link_back_to_a_folder_that_the_walk_is_in_is_noticed(string target)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Making links needs a privilege there.");
        Make("a/b/x");
        Directory.CreateSymbolicLink(folder["a", "b", "back"], Path.GetFullPath(folder[target]));
        Assert.Equal(
            [("a/b/back", LocalTreeEntryKind.Loop), ("a/b/x", LocalTreeEntryKind.File)],
            Walk(new LocalTreeOptions { FollowsLinks = true }).Select(entry => (entry.Name, entry.Kind)));
    }

    [Fact]
    public void A_folder_that_cannot_be_read_is_one_entry_and_the_walk_goes_on()
    {
        Make("a", "gone/x", "z");
        LocalTreeEntry[] found =
        [
            .. Walk(new LocalTreeOptions
            {
                Selects = (name, isFolder) =>
                {
                    if (isFolder)
                    {
                        // Removed between the reading of its parent and its own.
                        Directory.Delete(folder[name], recursive: true);
                    }

                    return true;
                },
            }),
        ];
        Assert.Equal(
            [("a", LocalTreeEntryKind.File), ("gone", LocalTreeEntryKind.Unreadable), ("z", LocalTreeEntryKind.File)],
            found.Select(entry => (entry.Name, entry.Kind)));
        Assert.IsType<DirectoryNotFoundException>(found[1].Error);
    }

    [Fact]
    public void A_fifo_is_no_file()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "FIFOs are no files there.");
        Make("file");
        SystemTool.Run("mkfifo", [folder["fifo"]]);
        Assert.Equal(
            [("fifo", LocalTreeEntryKind.NotRegular), ("file", LocalTreeEntryKind.File)],
            Walk(new LocalTreeOptions()).Select(entry => (entry.Name, entry.Kind)));
    }

    private void Make(params string[] names)
    {
        foreach (string name in names)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder[name])!);
            File.WriteAllText(folder[name], name);
        }
    }

    private IEnumerable<LocalTreeEntry> Walk(LocalTreeOptions options) => new LocalTree(folder.Path, options).Walk();

    private IEnumerable<string> Names(LocalTreeOptions options) => Walk(options).Select(entry =>
    {
        Assert.Equal(LocalTreeEntryKind.File, entry.Kind);
        Assert.Equal(folder[entry.Name], entry.Path);
        return entry.Name;
    });
}
