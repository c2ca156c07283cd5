using System.Globalization;
using Xunit;

namespace Dfss.Tests.Faults;

/// <summary>The seed of a test's random moments: printed, and given again by <c>DFSS_SEED</c>.</summary>
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
