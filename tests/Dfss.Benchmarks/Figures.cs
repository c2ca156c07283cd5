namespace Dfss.Benchmarks;

/// <summary>Of several rounds' figures, the one to report.</summary>
internal static class Figures
{
    public static double Median(IEnumerable<double> figures)
    {
        double[] sorted = [.. figures.Order()];
        return sorted[sorted.Length / 2];
    }
}
