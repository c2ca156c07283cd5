using Dfss.Testing;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

public sealed class LocalItemTargetTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("new")]
    [InlineData("new/below/it")]
    public async Task A_folder_below_a_file_cannot_be_made(string name)
    {
        string file = folder.CreateFile("file", 1, seed: 1);
        Assert.Equal($"'{file}' is a file.", await FailAsync(Path.Combine(file, name)));
    }

    [Fact]
    public async Task A_file_is_no_folder()
    {
        string file = folder.CreateFile("file", 1, seed: 1);
        Assert.Equal($"'{file}' is a file.", await FailAsync(file));
    }

    [Fact]
    public async Task A_file_system_that_takes_no_folders_says_so()
    {
        if (OperatingSystem.IsLinux())
        {
            Assert.Equal("'/proc' takes no new folder.", await FailAsync("/proc/new/below"));
        }
    }

    private static async Task<string> FailAsync(string path)
    {
        LocalItemTarget target = new(ItemCopyHost.CreateBuffers());
        DfssException error = await Assert.ThrowsAsync<DfssException>(() => target.MakeFolderAsync(
            new ItemPath(path, string.Empty), unixMode: null, TestContext.Current.CancellationToken).AsTask());
        Assert.Equal(DfssErrorCode.DestinationUnwritable, error.Code);
        string start = $"The folder '{path}' cannot be made: ";
        Assert.StartsWith(start, error.Reason, StringComparison.Ordinal);
        return error.Reason[start.Length..];
    }
}
