using Xunit;

namespace Dfss.Tests.Files;

/// <summary>-BandwidthLimit; that transfers keep to it, tests of Core show.</summary>
public sealed class BandwidthLimitTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("dfss-test-");
    private readonly Session session = new();

    public BandwidthLimitTests()
    {
        session.Runspace.SessionStateProxy.Path.SetLocation(folder.FullName);
        session.Run("$peer = Start-DfssPeer -InMemory -Port 0").ThrowIfFailed();
        File.WriteAllBytes(Path.Combine(folder.FullName, "a"), new byte[100_000]);
        Directory.CreateDirectory(Path.Combine(folder.FullName, "out"));
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        folder.Delete(recursive: true);
    }

    [Fact]
    public void It_takes_a_size_a_second() => Assert.Single(session.Run(
        "Send-DfssFile a -Peer $peer -BandwidthLimit 100MB | Receive-DfssFile -Destination out -BandwidthLimit 100MB")
            .As<FileInfo>());

    [Theory]
    [InlineData("Send-DfssFile a -Peer $peer -BandwidthLimit 0")]
    [InlineData("Receive-DfssFile a -Peer $peer -Destination out -BandwidthLimit -1")]
    public void A_limit_is_above_zero(string script) =>
        Assert.Equal("ParameterArgumentValidationError", Result.IdOf(session.RunUntilError(script)));
}
