using Dfss.Commands;
using Xunit;

namespace Dfss.Tests.Files;

public sealed class ReceiveDestinationTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_folder_takes_files_under_their_names()
    {
        var destination = new ReceiveDestination(folder, folder);
        string chosen = destination.Locate("a/b.txt");
        Assert.Equal(Path.Combine(folder, "a", "b.txt"), chosen);
        destination.MakeFolder(chosen);
        Assert.True(Directory.Exists(Path.Combine(folder, "a")));
    }

    [Fact]
    public void A_path_that_is_no_folder_is_the_files_own()
    {
        string path = Path.Combine(folder, "other.txt");
        Assert.Equal(path, new ReceiveDestination(path, path).Locate("a/b.txt"));
    }

    [Fact]
    public void A_separator_at_the_end_means_a_folder()
    {
        string path = Path.Combine(folder, "new");
        Assert.Equal(Path.Combine(path, "b"), new ReceiveDestination(path, path + "/").Locate("b"));
    }

    [Fact]
    public void Two_files_cannot_go_to_one_path()
    {
        string path = Path.Combine(folder, "one.txt");
        var destination = new ReceiveDestination(path, path);
        destination.Claim(destination.Locate("a"), "a");
        DfssException refusal = Assert.Throws<DfssException>(() => destination.Claim(destination.Locate("b"), "b"));
        Assert.Equal(DfssErrorCode.DestinationExists, refusal.Code);
    }

    [Fact]
    public void Two_names_that_differ_by_case_go_to_a_folder_only_where_it_is_case_sensitive()
    {
        var destination = new ReceiveDestination(folder, folder);
        destination.Claim(destination.Locate("a/Name"), "a/Name");
        string second = destination.Locate("a/name");
        Assert.Equal(Path.Combine(folder, "a", "name"), second);
        DfssException? refusal = Record.Exception(() => destination.Claim(second, "a/name")) as DfssException;
        Assert.Equal(LocalName.IgnoresCase(folder) ? DfssErrorCode.DestinationExists : null, refusal?.Code);
    }

    [Fact]
    public void A_file_in_a_folders_place_is_an_error()
    {
        File.WriteAllText(Path.Combine(folder, "a"), "file");
        var destination = new ReceiveDestination(folder, folder);
        DfssException failure = Assert.Throws<DfssException>(() => destination.MakeFolder(destination.Locate("a/b")));
        Assert.Equal(DfssErrorCode.DestinationUnwritable, failure.Code);
    }

    [Theory]
    [InlineData("a", "a/b", DfssErrorCode.DestinationExists)]
    [InlineData("A", "a/b/c", DfssErrorCode.DestinationExists)]
    [InlineData("b", "file/b", DfssErrorCode.DestinationUnwritable)]
    public void A_file_where_a_folder_must_be_is_noticed(string first, string second, DfssErrorCode code)
    {
        File.WriteAllText(Path.Combine(folder, "file"), string.Empty);
        var destination = new ReceiveDestination(folder, folder, ignoresCase: _ => true);
        destination.Claim(destination.Locate(first), first);
        destination.Claim(destination.Locate(second), second);
        destination.CheckFolders(destination.Locate(first), first);
        for (int round = 0; round < 2; round++)
        {
            Assert.Equal(
                code,
                Assert.Throws<DfssException>(
                    () => destination.CheckFolders(destination.Locate(second), second)).Code);
        }
    }
}
