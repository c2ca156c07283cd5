using Dfss.Storage;
using Dfss.Storage.S3;
using Dfss.Testing;
using Dfss.Tests.Faults;
using Dfss.Tests.Storage.Objects;
using Xunit;

namespace Dfss.Tests.Survival;

/// <summary>
/// Two peers of one bucket collect garbage with no grace period, over and over, while files with shared content are
/// sent, replaced and removed, and one peer or the other is stopped in the middle of a collection: on the fake in each
/// phase, on a real engine at random.
/// <c>DFSS_BUCKET_CHANGES</c> sets the number of changes, <c>DFSS_SEED</c> the seed.
/// </summary>
public sealed class BucketCollectionTests(ITestOutputHelper output)
{
    private const string Changes = "DFSS_BUCKET_CHANGES";
    private const int ChangesOfPhase = 40;

    [Fact]
    public async Task Nothing_referenced_is_collected_from_a_bucket_and_in_the_end_nothing_else_is_there()
    {
        await using FakeS3 fake = new();
        using S3ObjectStore engine = ObjectEngine.Connect(fake);
        await ChangeAsync(
            $"s3://{FakeS3.Bucket}/store?endpoint={fake.Endpoint.OriginalString}", engine,
            new PeerSettings { EngineAccessKey = FakeS3.AccessKey }, SearchSize.Take(Changes, 6), fake);
        output.WriteLine($"{fake.Requests} requests to the engine");
    }

    [Fact]
    public async Task A_real_engine_loses_nothing_referenced_to_collections_and_in_the_end_nothing_else_is_there()
    {
        S3Address address = await ObjectEngine.FindRealAsync();
        using S3ObjectStore engine = new(
            address, credentials: null, TimeProvider.System, EngineTrust.OfSystem);
        await ChangeAsync(address.ToString(), engine, PeerSettings.Default, SearchSize.Take(Changes, 12));
    }

    private async Task ChangeAsync(
        string address, IObjectStore engine, PeerSettings settings, int changes, FakeS3? fake = null)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are Unix's.");
        await using CollectionRig rig = await CollectionRig.StartOnEngineAsync(
            FaultSeed.Take(output), address, engine, settings, fake);
        for (int left = changes; left > 0; left -= ChangesOfPhase)
        {
            Assert.Null(await rig.ChangeAsync(Math.Min(left, ChangesOfPhase)));
        }

        Assert.NotEqual(0, rig.CollectionsBesideChanges);
        if (fake is not null)
        {
            // Before a list was published, before it was decided, and in the middle of the deletes.
            Assert.All(Enum.GetValues<CollectionPhase>(), phase => Assert.NotEqual(0, rig.StopsIn(phase)));
        }

        await rig.CollectLastAsync();
        output.WriteLine(rig.Report);
        Assert.Null(await rig.FindLossAsync());
        Assert.Empty(await rig.CompareStoresAsync());

        await rig.RemoveAllAsync();
        Assert.Equal(0, await rig.CountChunksAsync());
    }
}
