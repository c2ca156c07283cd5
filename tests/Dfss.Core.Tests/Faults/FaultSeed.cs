using System.Globalization;
using Xunit;

namespace Dfss.Tests.Faults;

/// <summary>
/// Where a test that draws at random gets its seed: it is printed, and <c>DFSS_SEED</c> gives it again.
/// </summary>
internal static class FaultSeed
{
    public static int Take(ITestOutputHelper output)
    {
        int seed = Environment.GetEnvironmentVariable("DFSS_SEED") is string text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : Environment.TickCount;
        output.WriteLine($"seed {seed}");
        return seed;
    }
}
