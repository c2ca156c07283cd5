using System.Diagnostics;
using Dfss.Storage.S3;
using Dfss.Testing;
using Dfss.Tests.Faults;
using Dfss.Tests.Storage.Objects;
using Xunit;

namespace Dfss.Tests.Survival;

/// <summary>
/// A real engine of which parts are killed and stopped, under peers as processes. Alone, since other tests of the
/// engine would fail meanwhile. <c>DFSS_ENGINE_FILES</c> sets how many files are sent before, between and after.
/// </summary>
[Collection(nameof(RealEngineFaultTests))]
[CollectionDefinition(nameof(RealEngineFaultTests), DisableParallelization = true)]
public sealed class RealEngineFaultTests(ITestOutputHelper output)
{
    private const string Files = "DFSS_ENGINE_FILES";
    private const int Senders = 4;

    [Fact]
    public async Task What_was_acknowledged_is_whole_when_an_OSD_dies_and_the_gateway_stops_and_goes_on()
    {
        S3Address address = await ObjectEngine.FindRealAsync();
        CephParts ceph = CephParts.FindWithCopies();
        int files = SearchSize.Take(Files, 12);
        string store = address.ToString();
        await using PeerGroup peers = await PeerGroup.StartAsync([store, store], PeerSettings.Default);
        await using SteadySends sends = new(peers.Addresses, Senders, FaultSeed.Take(output));
        await UntilMoreAsync("before", sends, files);

        output.WriteLine($"OSD {ceph.KillOsd()} killed");
        await UntilMoreAsync("after the OSD was killed", sends, files);

        int before = sends.Failures.Count;
        ceph.StopGateway();
        try
        {
            await sends.UntilAsync(() => sends.Failures.Count >= before + (2 * Senders));
        }
        finally
        {
            ceph.ContinueGateway();
        }

        IReadOnlyList<DfssException> seen = [.. sends.Failures.Skip(before)];
        await UntilMoreAsync("after the gateway went on", sends, files);
        await sends.StopAsync();
        foreach (IGrouping<string, DfssException> one in sends.Failures.GroupBy(
            error => $"{error.Code}: {error.Message}", StringComparer.Ordinal))
        {
            output.WriteLine($"{one.Count()} x {one.Key}");
        }

        Assert.All(
            seen, error => Assert.Contains($"engine of the store '{store}'", error.Message, StringComparison.Ordinal));
        foreach (PeerAddress peer in peers.Addresses)
        {
            await sends.AssertWholeAsync(peer);
        }
    }

    private async Task UntilMoreAsync(string when, SteadySends sends, int files)
    {
        Stopwatch watch = Stopwatch.StartNew();
        int wanted = sends.Acknowledged.Count + files;
        await sends.UntilAsync(() => sends.Acknowledged.Count >= wanted);
        output.WriteLine($"{when}: {files} files in {watch.Elapsed.TotalSeconds:0.0} s, "
            + $"{sends.Failures.Count} sends had failed");
    }
}
