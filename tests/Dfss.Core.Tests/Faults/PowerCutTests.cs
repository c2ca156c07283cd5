using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Faults;

/// <summary>
/// The promise of a send that has returned, when the power goes at a random moment; and that each sync is needed for
/// it. <c>DFSS_POWER_CUTS</c> sets the number of moments, <c>DFSS_SEED</c> the seed.
/// </summary>
public sealed class PowerCutTests(ITestOutputHelper output)
{
    private const int OrdinaryCuts = 1;
    private const int CutsUntilFound = 10;
    private const int CutsThatTell = 20;
    private const int MostCuts = 50;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>What is left out, and where.</summary>
    public static TheoryData<string, string[]?, string?> Syncs => new()
    {
        { "a segment", ["SyncFile", "/chunks/.*segment$"], null },
        { "the format file", ["SyncFile", "/format"], null },
        { "catalog.db", null, "catalog.db" },
    };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_acknowledged_survives_power_cuts_and_nothing_grows(bool hasJournal)
    {
        Assert.SkipWhen(LoopDisk.Obstacle is not null, LoopDisk.Obstacle ?? string.Empty);
        int cuts = SearchSize.Take("DFSS_POWER_CUTS", OrdinaryCuts);
        await using PowerCutRig rig = new(FaultSeed.Take(output), hasJournal, leftOut: null);

        // A cut may come before the first acknowledgement.
        for (int i = 0; i < cuts || (rig.Acknowledged == 0 && i < CutsUntilFound); i++)
        {
            Assert.Empty(await rig.CutAsync(Token));
        }

        await rig.AssertNothingGrewAsync(Token);
        output.WriteLine($"{cuts} power cuts, {rig.Acknowledged} files acknowledged, none lost");
        Assert.NotEqual(0, rig.Acknowledged);
    }

    [Theory]
    [MemberData(nameof(Syncs))]
    public async Task Leaving_out_a_sync_loses_what_was_acknowledged(
        string what, string[]? peerArguments, string? database)
    {
        Assert.SkipWhen(LoopDisk.Obstacle is not null, LoopDisk.Obstacle ?? string.Empty);
        Assert.SkipWhen(SyscallFault.Obstacle is not null, SyscallFault.Obstacle ?? string.Empty);
        Random seeds = new(FaultSeed.Take(output));
        LeftOutSync leftOut = new(ToSettings(peerArguments), database);
        IReadOnlyList<string> lost = [];
        int cuts = 0;
        int telling = 0;
        // A new disk each time: what a system has once written back by itself is lost at no later cut.
        while (lost.Count == 0 && cuts < MostCuts && telling < CutsThatTell)
        {
            await using PowerCutRig rig = new(seeds.Next(), hasJournal: false, leftOut);
            lost = await rig.CutAsync(Token);
            cuts++;
            telling += rig.Acknowledged > 0 && !rig.HasKeptUnsynced ? 1 : 0;
        }

        output.WriteLine($"without the sync of {what}, lost at cut {cuts}: {string.Join("\n  ", lost)}");
        Assert.SkipWhen(
            lost.Count == 0 && telling < CutsThatTell,
            $"In only {telling} of {cuts} cuts did this system lose what nothing had synced: it writes back at once.");
        Assert.NotEmpty(lost);
    }

    private static PeerSettings? ToSettings(string[]? breach) =>
        breach is null ? null : new PeerSettings { Breach = breach[0], BreachedPaths = breach[1] };
}
