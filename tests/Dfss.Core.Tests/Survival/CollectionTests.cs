using Dfss.Tests.Faults;
using Xunit;

namespace Dfss.Tests.Survival;

/// <summary>
/// Garbage is collected with no grace period while files with shared content are sent, replaced and removed: nothing
/// that is referenced goes, and in the end nothing else is there. <c>DFSS_CHANGES</c> sets the number of changes,
/// <c>DFSS_SEED</c> the seed.
/// </summary>
public sealed class CollectionTests(ITestOutputHelper output)
{
    private const string Changes = "DFSS_CHANGES";
    private const int OrdinaryChanges = 6;
    private const int ChangesOfPhase = 30;

    /// <summary>Looked at more often, so that what is lost is not replaced before.</summary>
    private const int ChangesOfBrokenPhase = 6;
    private const int ChangesUntilFound = 120;

    [Fact]
    public async Task Nothing_referenced_is_ever_collected_and_in_the_end_nothing_else_is_there()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are Unix's.");
        int changes = SearchSize.Take(Changes, OrdinaryChanges);
        await using CollectionRig rig = await CollectionRig.StartAsync(FaultSeed.Take(output));
        for (int left = changes; left > 0; left -= ChangesOfPhase)
        {
            AssertNone(await rig.ChangeAsync(Math.Min(left, ChangesOfPhase)));
        }

        await rig.CollectLastAsync();
        output.WriteLine(rig.Report);
        AssertNone(await rig.FindLossAsync());
        Assert.Empty(await rig.CompareStoresAsync());

        await rig.RemoveAllAsync();
        Assert.Equal(0, await rig.CountChunksAsync());
    }

    [Fact]
    public async Task Seals_that_protect_nothing_are_found()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are Unix's.");
        Assert.SkipUnless(
            SearchSize.IsWhole(Changes),
            $"A check of the check; {Changes} runs it. The register's schedules find the same breach.");
        await using CollectionRig rig = await CollectionRig.StartAsync(FaultSeed.Take(output), "Seals");
        string? loss = null;
        int changes = 0;
        for (; loss is null && changes < ChangesUntilFound; changes += ChangesOfBrokenPhase)
        {
            loss = await rig.ChangeAsync(ChangesOfBrokenPhase);
        }

        output.WriteLine($"found after {changes} changes: {loss}");
        Assert.NotNull(loss);
    }

    /// <summary>Shows the whole of a loss.</summary>
    private static void AssertNone(string? loss) => Assert.True(loss is null, loss);
}
