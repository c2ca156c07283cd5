using Dfss.Tests.Faults;
using Xunit;

namespace Dfss.Tests.Fuzz;

/// <summary>
/// How much is tried, and from which seed. <c>DFSS_FUZZ</c> multiplies what `dotnet test` tries; <c>DFSS_SEED</c> tries
/// the same again.
/// </summary>
internal static class FuzzSettings
{
    public static (int Seed, int Count) Take(ITestOutputHelper output, int usual)
    {
        int seed = FaultSeed.Take(output);
        int count = checked(usual * SearchSize.Take("DFSS_FUZZ", 1));
        output.WriteLine($"{count} changed inputs");
        return (seed, count);
    }
}
