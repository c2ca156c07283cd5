using Dfss.Security;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Security;

/// <summary>What a file that cannot be used changes: nothing but one line in the log.</summary>
public sealed class WatchedFileTests : IDisposable
{
    private const string Kept = "Its earlier content stays in force.";

    private readonly TemporaryFolder folder = new();
    private readonly List<string> log = [];
    private int writes;

    public WatchedFileTests() => Directory.CreateDirectory(folder.Path);

    private string FilePath => Path.Combine(folder.Path, "file");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_file_that_cannot_be_read_is_logged_once_and_again_after_it_could_be_read()
    {
        Write("1");
        WatchedFile<string> watched = Watch(initial: null);
        Assert.Equal("1", watched.Current);

        for (int i = 1; i <= 2; i++)
        {
            Remove();
            Assert.Equal(["1", "1", "1"], [watched.Current, watched.Current, watched.Current]);
            Assert.Equal(i, log.Count);
            Assert.EndsWith(Kept, log[^1], StringComparison.Ordinal);
            Write("1");
            Assert.Equal("1", watched.Current);
        }
    }

    [Fact]
    public void Each_failure_of_another_kind_is_logged()
    {
        Write("1");
        WatchedFile<string> watched = Watch(initial: null);
        Assert.Equal("1", watched.Current);
        Write("bad 1");
        Assert.Equal(["1", "1"], [watched.Current, watched.Current]);
        Write("bad 2");
        Assert.Equal(["1", "1"], [watched.Current, watched.Current]);
        Remove();
        Assert.Equal(["1", "1"], [watched.Current, watched.Current]);
        Assert.Equal(3, log.Count);
    }

    [Fact]
    public void Content_that_was_never_read_is_not_said_to_stay_in_force()
    {
        Write("bad");
        WatchedFile<string> watched = Watch(initial: "none");
        Assert.Equal("none", watched.Current);
        string line = Assert.Single(log);
        Assert.Contains(FilePath, line, StringComparison.Ordinal);
        Assert.DoesNotContain(Kept, line, StringComparison.Ordinal);
    }

    private WatchedFile<string> Watch(string? initial) => new(
        FilePath, "test file",
        (bytes, _) =>
            System.Text.Encoding.ASCII.GetString(bytes) is var text && text.StartsWith("bad", StringComparison.Ordinal)
                ? throw new FormatException($"it is '{text}'")
                : text,
        log.Add, initial);

    private void Write(string content)
    {
        // The times of two writes may be the same.
        File.WriteAllText(FilePath, content);
        File.SetLastWriteTimeUtc(FilePath, new DateTime(2026, 1, 1).AddMinutes(++writes));
    }

    private void Remove() => File.Delete(FilePath);
}
