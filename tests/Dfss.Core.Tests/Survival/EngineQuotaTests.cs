using Dfss.Storage.S3;
using Dfss.Testing;
using Dfss.Tests.Faults;
using Dfss.Tests.Storage.Objects;
using Xunit;

namespace Dfss.Tests.Survival;

/// <summary>
/// A bucket whose quota is reached in the middle of sends, under peers as processes. <c>DFSS_ENGINE_FILES</c> sets how
/// many files there is space for, and how many are sent after the quota was raised.
/// </summary>
public sealed class EngineQuotaTests(ITestOutputHelper output)
{
    private const string Files = "DFSS_ENGINE_FILES";
    private const int Senders = 2;

    [Fact]
    public async Task A_quota_that_is_reached_loses_nothing_and_is_named_and_peers_go_on_when_it_is_raised()
    {
        await using FakeS3 fake = new();
        await ReachAsync(
            $"s3://{FakeS3.Bucket}/store?endpoint={fake.Endpoint.OriginalString}",
            new PeerSettings { EngineAccessKey = FakeS3.AccessKey },
            bytes => fake.QuotaBytes = bytes,
            SearchSize.Take(Files, 4));
    }

    [Fact]
    public async Task A_real_engine_whose_quota_is_reached_loses_nothing_and_is_named_and_goes_on_when_it_is_raised()
    {
        S3Address address = await ObjectEngine.FindRealBucketAsync();
        CephParts ceph = CephParts.Find();
        await ReachAsync(
            address.ToString(), PeerSettings.Default, bytes => ceph.SetQuota(address.Bucket, bytes),
            SearchSize.Take(Files, 12));
    }

    private static bool NamesQuota(DfssException error) =>
        error.Message.Contains("has reached the quota of the bucket", StringComparison.Ordinal);

    /// <summary>On a busy machine a peer or an engine can be too slow for a send.</summary>
    private static bool IsOfLoad(DfssException error) =>
        error.Code is DfssErrorCode.TimedOut or DfssErrorCode.PeerUnreachable
        || (error.Code == DfssErrorCode.StoreFailed
            && error.Message.Contains("for a read of names", StringComparison.Ordinal));

    private async Task ReachAsync(string store, PeerSettings settings, Action<long?> setQuota, int files)
    {
        await using PeerGroup peers = await PeerGroup.StartAsync([store, store], settings);
        setQuota((long)files * SteadySends.MaxBytes / 2);
        await using SteadySends sends = new(peers.Addresses, Senders, FaultSeed.Take(output));
        await sends.UntilAsync(() => sends.Failures.Count(NamesQuota) >= 2 * Senders);
        int before = sends.Acknowledged.Count;
        foreach (PeerAddress peer in peers.Addresses)
        {
            await sends.AssertWholeAsync(peer);
        }

        setQuota(null);
        int full = sends.Acknowledged.Count;
        await sends.UntilAsync(() => sends.Acknowledged.Count >= full + files);
        await sends.StopAsync();
        IReadOnlyList<DfssException> failures = sends.Failures;
        output.WriteLine(
            $"{before} files were stored until the quota was reached; {failures.Count} sends failed, "
                + $"{failures.Count(NamesQuota)} of them at the quota, such as: {failures.First(NamesQuota)}");
        Assert.NotEqual(0, before);
        Assert.All(failures.Where(NamesQuota), error =>
        {
            // Uncertain: the record's last step was refused.
            Assert.True(error.Code is DfssErrorCode.StoreFull or DfssErrorCode.CommitUncertain, error.Message);
            Assert.Contains($"engine of the store '{store}'", error.Message, StringComparison.Ordinal);
            Assert.StartsWith("Raise the quota", error.Advice, StringComparison.Ordinal);
            if (error.Code == DfssErrorCode.CommitUncertain)
            {
                Assert.EndsWith("it determines the outcome.", error.Advice, StringComparison.Ordinal);
            }
        });
        Assert.All(failures, error => Assert.True(NamesQuota(error) || IsOfLoad(error), error.ToString()));
        foreach (PeerAddress peer in peers.Addresses)
        {
            await sends.AssertWholeAsync(peer);
        }
    }
}
