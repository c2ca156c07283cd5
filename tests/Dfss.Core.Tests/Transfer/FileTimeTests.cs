using System.Globalization;
using System.Runtime.InteropServices;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>The time of last write of real files, from the source to the received file.</summary>
public sealed partial class FileTimeTests
{
    /// <summary>A file system whose times have 64 bits of seconds; those of ext4 end in 2446.</summary>
    private const string MemoryFileSystem = "/dev/shm";

    private const int CurrentFolder = -100;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("1969-07-20T20:17:40.1234567Z")]
    [InlineData("1969-12-31T23:59:59.9999999Z")]
    [InlineData("2026-01-01T00:00:00.0000001Z")]
    [InlineData("2381-01-01T00:00:00.1234567Z")]
    public async Task A_time_comes_back_to_100_ns(string text)
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        string source = cluster.Folder.CreateFile("source", 10, seed: 1);
        DateTime time = DateTimeOffset.Parse(text, CultureInfo.InvariantCulture).UtcDateTime;
        File.SetLastWriteTimeUtc(source, time);

        await cluster.Client.SendAsync(source, "a", SendOptions.Default, progress: null, Token);
        string destination = cluster.Folder["destination"];
        await cluster.Client.ReceiveAsync(
            await cluster.Client.GetAsync("a", Token), destination, ReceiveOptions.Default, progress: null, Token);

        Assert.Equal(time, File.GetLastWriteTimeUtc(destination));
    }

    [Fact]
    public async Task An_earlier_version_keeps_its_time()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        string source = cluster.Folder.CreateFile("source", 10, seed: 1);
        DateTime time = DateTime.UnixEpoch.AddTicks(-12_345);
        File.SetLastWriteTimeUtc(source, time);
        await cluster.Client.SendAsync(source, "a", SendOptions.Default, progress: null, Token);
        SendOptions replace = new() { Force = true, KeepVersions = 1 };
        await cluster.Client.SendAsync(cluster.Folder.CreateFile("other", 10, seed: 2), "a", replace, progress: null, Token);

        StoredFile earlier = (await cluster.Client.GetAsync("a", Token)).AtVersion(1);

        Assert.Equal(UnixTime.FromDateTime(time), earlier.Record.Modified);
    }

    [Theory]
    [InlineData(253_402_300_800, 3_155_378_975_999_999_999)] // The year 10,000.
    [InlineData(-62_167_219_200, 0)] // The year 0.
    [InlineData(long.MaxValue, 3_155_378_975_999_999_999)]
    [InlineData(long.MinValue, 0)]
    public async Task A_file_of_a_year_outside_the_calendar_is_sent_compared_and_received_with_a_warning(long seconds, long ticks)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Directory.Exists(MemoryFileSystem), "Linux and /dev/shm are needed.");
        List<string> warnings = [];
        await using Cluster cluster = await Cluster.StartAsync(1, options: new TransferOptions { Warning = warnings.Add });
        string folder = Directory.CreateDirectory(Path.Combine(MemoryFileSystem, $"dfss-test-{Guid.NewGuid():N}")).FullName;
        try
        {
            string source = Path.Combine(folder, "source");
            await File.WriteAllTextAsync(source, "content", Token);
            Assert.Equal(0, SetTimes(CurrentFolder, source, [seconds, 0, seconds, 0], 0));

            StoredFile sent = await cluster.Client.SendAsync(source, "a", SendOptions.Default, progress: null, Token);
            StoredFile found = await cluster.Client.GetAsync("a", Token);
            FileComparison comparison = await cluster.Client.CompareAsync(source, found, keys: null, progress: null, Token);
            Assert.Empty(warnings);
            string destination = Path.Combine(folder, "destination");
            await cluster.Client.ReceiveAsync(found, destination, ReceiveOptions.Default, progress: null, Token);

            Assert.Equal((Int128)seconds * 1_000_000_000, sent.Record.Modified.Nanoseconds);
            Assert.Equal(sent.Record.Modified, found.Record.Modified);
            Assert.True(comparison.IsEqual);
            Assert.Equal(new DateTime(ticks, DateTimeKind.Utc), File.GetLastWriteTimeUtc(destination));
            Assert.Contains("outside the years 1 to 9999", Assert.Single(warnings), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [LibraryImport("libc", EntryPoint = "utimensat", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetTimes(int folder, string path, long[] times, int flags);
}
