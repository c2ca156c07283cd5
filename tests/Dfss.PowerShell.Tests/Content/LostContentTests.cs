using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Content;

/// <summary>A stored file whose second chunk is lost: what is before it is not taken for the whole file.</summary>
public sealed class LostContentTests : IDisposable
{
    private const int ChunkSize = 256 << 10;

    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly Session session = new();

    public LostContentTests()
    {
        byte[] content = new byte[3 * ChunkSize];
        new Random(1).NextBytes(content);
        session.Runspace.SessionStateProxy.Path.SetLocation(folder);
        session.Run(
            """
            $peer = Start-DfssPeer store -Port 0
            $PSDefaultParameterValues['*-Dfss*:Peer'] = $peer
            Set-DfssContent lost -Value $content -AsByteStream -ChunkSize 256KB
            'good' | Set-DfssContent good
            'old' | Set-DfssContent copy
            """,
            ("content", content)).ThrowIfFailed();
        StoreFiles.Corrupt(Path.Combine(folder, "store"), ChunkId.Of(content.AsSpan(ChunkSize, ChunkSize)));
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("Get-DfssContent lost -AsByteStream -Raw | Set-DfssContent copy -AsByteStream -Force")]
    [InlineData("Get-DfssContent lost -Encoding latin1 | Set-DfssContent copy -Force")]
    [InlineData("Get-DfssContent lost, good -AsByteStream -Raw -ErrorAction Ignore "
        + "| Set-DfssContent copy -AsByteStream -Force")]
    [InlineData(
        "Get-DfssFileInfo lost, good | Get-DfssContent -AsByteStream -Raw | Set-DfssContent copy -AsByteStream -Force")]
    public void A_read_that_fails_halfway_ends_the_pipeline_and_the_copy_is_not_changed(string script)
    {
        Assert.Contains(Result.IdOf(session.RunUntilError(script)), (string[])["ChunkCorrupt", "ChunkNotFound"]);
        Assert.Equal("old", Assert.Single(session.Run("Get-DfssContent copy").ThrowIfFailed().Output).ToString());
    }

    [Fact]
    public void A_file_of_which_nothing_was_written_is_an_error_and_the_next_one_is_read()
    {
        Result result = session.Run("Get-DfssContent lost, good -Offset 256KB");
        Assert.Contains(Result.IdOf(Assert.Single(result.Errors)), (string[])["ChunkCorrupt", "ChunkNotFound"]);
        Assert.Null(result.Ending);
        result = session.Run("Get-DfssContent lost, good -Raw");
        Assert.Single(result.Errors);
        Assert.Equal("good", Assert.Single(result.Output).ToString()!.TrimEnd());
    }
}
