namespace Dfss.Benchmarks;

/// <summary>What one unit of the work may cost at most: a little more than what was measured last. Lower a limit when the
/// work becomes less.</summary>
/// <param name="Unit">The unit.</param>
/// <param name="Limits">By the name of the figure.</param>
internal sealed record WorkLimits(string Unit, IReadOnlyDictionary<string, double> Limits)
{
    /// <summary>A chunk of 1 MiB of a large file.</summary>
    public static WorkLimits Large { get; } = new("chunk of 1 MiB of one file", new Dictionary<string, double>
    {
    });

    /// <summary>A file of 4 KiB among many.</summary>
    public static WorkLimits Small { get; } = new("file of 4 KiB", new Dictionary<string, double>
    {
    });

    public double Of(string name) => Limits.GetValueOrDefault(name, 0);
}
