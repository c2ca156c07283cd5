using Dfss.Clusters;
using Dfss.Security;
using Dfss.Storage;
using Dfss.Testing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>Ages by a file's time, and what reads them.</summary>
public sealed class FileAgeTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly FakeTimeProvider clock = new(new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero));

    public void Dispose() => folder.Dispose();

    [Fact]
    public void An_age_is_the_longest_where_the_file_is_missing_or_from_the_future()
    {
        string path = CreateFile();
        File.SetLastWriteTimeUtc(path, clock.GetUtcNow().UtcDateTime.AddHours(-1));
        Assert.Equal(TimeSpan.FromHours(1), Age(path));
        File.SetLastWriteTimeUtc(path, clock.GetUtcNow().UtcDateTime.AddSeconds(1));
        Assert.Equal(TimeSpan.MaxValue, Age(path));
        Assert.Equal(TimeSpan.MaxValue, Age(Path.Combine(folder.Path, "missing")));
        FileTimes.SetToYear10000(path);
        Assert.Equal(TimeSpan.MaxValue, Age(path));
    }

    [Fact]
    public async Task A_list_of_peers_from_the_future_is_older_than_any_lifetime()
    {
        ClusterMembership membership = ClusterMembership.At(folder.Path, "lab");
        membership.Prepare();
        await membership.SavePeersAsync([], TestContext.Current.CancellationToken);
        string path = Path.Combine(membership.Folder, "peers.json");
        File.SetLastWriteTimeUtc(path, TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(1));
        Assert.Equal(TimeSpan.MaxValue, membership.PeersAge);
        FileTimes.SetToYear10000(path);
        Assert.Equal(TimeSpan.MaxValue, membership.PeersAge);
    }

    [Fact]
    public void A_renewal_that_was_tried_in_the_future_is_tried_again()
    {
        ClusterMembership membership = ClusterMembership.At(folder.Path, "lab");
        membership.Prepare();
        DateTimeOffset now = clock.GetUtcNow();
        membership.NoteRenewalTried(store: null, now);
        Assert.Equal(TimeSpan.Zero, membership.SinceRenewalTried(store: null, now));
        Assert.Equal(TimeSpan.MaxValue, membership.SinceRenewalTried(store: null, now.AddSeconds(-1)));
        FileTimes.SetToYear10000(Path.Combine(membership.Folder, "member.pem.tried"));
        Assert.Equal(TimeSpan.MaxValue, membership.SinceRenewalTried(store: null, now));
    }

    [Fact]
    public void A_watched_file_with_a_time_that_dotnet_cannot_express_is_read()
    {
        string path = CreateFile();
        FileTimes.SetToYear10000(path);
        WatchedFile<byte[]> watched = new(path, "role file", (bytes, _) => bytes, log: null);
        Assert.Equal(3, watched.Current.Length);
        File.WriteAllText(path, "12345");
        Assert.Equal(5, watched.Current.Length);
    }

    private string CreateFile()
    {
        string path = Path.Combine(Directory.CreateDirectory(folder.Path).FullName, "file");
        File.WriteAllText(path, "123");
        return path;
    }

    private TimeSpan Age(string path) => FileAge.Of(new FileInfo(path), clock.GetUtcNow());
}
