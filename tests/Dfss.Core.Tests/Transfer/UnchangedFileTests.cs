using Dfss.Testing;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>Whether a local file seems to be the stored one.</summary>
public sealed class UnchangedFileTests : IDisposable
{
    private static readonly DateTime Time = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private static readonly FileRecord Empty = new() { Name = "file", Home = [], WriterId = Guid.Empty };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(3, 0, true)]
    [InlineData(3, 999_000, true)]
    [InlineData(3, -999_000, true)]
    [InlineData(3, 1_000_000, false)]
    [InlineData(3, -1_000_000, false)]
    [InlineData(4, 0, false)]
    public void Length_and_time_decide_to_a_millisecond(long length, long later, bool isSame)
    {
        File.WriteAllText(folder["file"], "abc");
        File.SetLastWriteTimeUtc(folder["file"], Time);
        FileRecord record = Empty with
        {
            Length = length,
            ChunkSize = DfssLimits.DefaultChunkSize,
            Modified = new UnixTime(UnixTime.FromDateTime(Time).Nanoseconds + later),
        };
        StoredFile stored = new(record, IsCurrent: true);
        Assert.Equal(isSame, stored.HasLengthAndTimeOf(folder["file"]));
        if (!OperatingSystem.IsWindows())
        {
            File.CreateSymbolicLink(folder["link"], folder["file"]);
            Assert.Equal(isSame, stored.HasLengthAndTimeOf(folder["link"]));
        }
    }

    [Fact]
    public void A_file_that_is_not_there_is_not_the_same() => Assert.False(
        new StoredFile(Empty, IsCurrent: true).HasLengthAndTimeOf(folder["none"]));
}
