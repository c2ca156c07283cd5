using System.Globalization;
using System.Runtime.InteropServices;
using Dfss.Storage;
using Dfss.Transfer;
using Microsoft.Win32.SafeHandles;
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
    [InlineData("2037-12-31T00:00:00.1234567Z")]
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
        await cluster.Client.SendAsync(
            cluster.Folder.CreateFile("other", 10, seed: 2), "a", replace, progress: null, Token);

        StoredFile earlier = (await cluster.Client.GetAsync("a", Token)).AtVersion(1);

        Assert.Equal(UnixTime.FromDateTime(time), earlier.Record.Modified);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1_700_000_000, 123_456_789)]
    [InlineData(-1, 999_999_999)] // 1 ns before 1970.
    [InlineData(253_402_300_800, 0)] // The year 10,000.
    [InlineData(-62_167_219_200, 0)] // The year 0.
    [InlineData(long.MaxValue, 0)]
    [InlineData(long.MinValue, 0)]
    public async Task A_time_that_the_file_system_holds_is_sent_compared_and_received(long seconds, long nanoseconds)
    {
        Assert.SkipUnless(
            OperatingSystem.IsLinux() && Directory.Exists(MemoryFileSystem), "Linux and /dev/shm are needed.");
        List<string> warnings = [];
        await using Cluster cluster = await Cluster.StartAsync(
            1, options: new TransferOptions { Warning = warnings.Add });
        string folder = Directory.CreateDirectory(
            Path.Combine(MemoryFileSystem, $"dfss-test-{Guid.NewGuid():N}")).FullName;
        try
        {
            string source = Path.Combine(folder, "source");
            await File.WriteAllTextAsync(source, "content", Token);
            Assert.Equal(0, SetTimes(CurrentFolder, source, [seconds, 0, seconds, nanoseconds], 0));

            StoredFile sent = await cluster.Client.SendAsync(source, "a", SendOptions.Default, progress: null, Token);
            StoredFile found = await cluster.Client.GetAsync("a", Token);
            FileComparison comparison = await cluster.Client.CompareAsync(
                source, found, keys: null, progress: null, Token);
            string destination = Path.Combine(folder, "destination");
            await cluster.Client.ReceiveAsync(found, destination, ReceiveOptions.Default, progress: null, Token);

            UnixTime time = new(((Int128)seconds * 1_000_000_000) + nanoseconds);
            Assert.Equal(time, sent.Record.Modified);
            Assert.Equal(time, found.Record.Modified);
            Assert.True(comparison.IsEqual);
            Assert.Equal(time, TimeOf(destination));
            Assert.Empty(warnings);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public static TheoryData<Int128> ForgedTimes =>
        [Int128.MinValue, Int128.MaxValue, ((Int128)long.MaxValue + 10) * 1_000_000_000];

    [Theory]
    [MemberData(nameof(ForgedTimes))]
    public async Task A_time_that_no_file_system_holds_is_received_as_the_nearest_with_a_warning(Int128 nanoseconds)
    {
        List<string> warnings = [];
        await using Cluster cluster = await Cluster.StartAsync(
            1, options: new TransferOptions { Warning = warnings.Add });
        string source = cluster.Folder.CreateFile("source", 10, seed: 1);
        StoredFile sent = await cluster.Client.SendAsync(source, "a", SendOptions.Default, progress: null, Token);
        StoredFile forged = sent with { Record = sent.Record with { Modified = new UnixTime(nanoseconds) } };

        string destination = cluster.Folder["destination"];
        await cluster.Client.ReceiveAsync(forged, destination, ReceiveOptions.Default, progress: null, Token);

        Assert.Contains("cannot hold the time of last write of 'a'", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Equal(
            nanoseconds > 0,
            TimeOf(destination).Nanoseconds > UnixTime.FromDateTime(new DateTime(2037, 1, 1)).Nanoseconds);
    }

    private static UnixTime TimeOf(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path);
        return LastWriteTime.Read(file, FileStatus.Of(file));
    }

    [LibraryImport("libc", EntryPoint = "utimensat", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetTimes(int folder, string path, long[] times, int flags);
}
