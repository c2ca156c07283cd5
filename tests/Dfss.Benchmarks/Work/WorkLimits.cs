namespace Dfss.Benchmarks;

/// <summary>What one unit of the work may cost at most: so much more than was measured last that other work on the
/// machine, which changes what is batched, does not matter. Lower a limit when the work becomes less.</summary>
/// <param name="Unit">The unit.</param>
/// <param name="Limits">By the name of the figure.</param>
internal sealed record WorkLimits(string Unit, IReadOnlyDictionary<string, double> Limits)
{
    /// <summary>A chunk of a large file.</summary>
    public static WorkLimits Large { get; } = new("chunk of 1 MiB of one file", new Dictionary<string, double>
    {
        ["send, client: KiB allocated"] = 12,
        ["send, client: KiB read from files"] = 1040,
        ["send, client: KiB written to files"] = 2,
        ["send, client: system calls"] = 22,
        ["send, peer: KiB allocated"] = 6,
        ["send, peer: KiB read from files"] = 16,
        ["send, peer: KiB written to files"] = 1080,
        ["send, peer: system calls"] = 25,
        ["receive, client: KiB allocated"] = 8,
        ["receive, client: KiB read from files"] = 2,
        ["receive, client: KiB written to files"] = 1040,
        ["receive, client: system calls"] = 30,
        ["receive, peer: KiB allocated"] = 5,
        ["receive, peer: KiB read from files"] = 1080,
        ["receive, peer: KiB written to files"] = 2,
        ["receive, peer: system calls"] = 18,
        ["send, client: sends"] = 6,
        ["send, peer: sends"] = 2,
        ["send, client: syncs"] = 0.1,
        ["send, peer: syncs"] = 0.5,
        ["receive, client: sends"] = 2,
        ["receive, peer: sends"] = 6,
        ["receive, client: syncs"] = 0.05,
        ["receive, peer: syncs"] = 0.05,
    });

    /// <summary>A file of 4 KiB among many.</summary>
    public static WorkLimits Small { get; } = new("file of 4 KiB", new Dictionary<string, double>
    {
        ["send, client: KiB allocated"] = 110,
        ["send, client: KiB read from files"] = 8,
        ["send, client: KiB written to files"] = 2,
        ["send, client: system calls"] = 40,
        ["send, peer: KiB allocated"] = 100,
        ["send, peer: KiB read from files"] = 50,
        ["send, peer: KiB written to files"] = 50,
        ["send, peer: system calls"] = 25,
        ["receive, client: KiB allocated"] = 80,
        ["receive, client: KiB read from files"] = 2,
        ["receive, client: KiB written to files"] = 8,
        ["receive, client: system calls"] = 50,
        ["receive, peer: KiB allocated"] = 60,
        ["receive, peer: KiB read from files"] = 20,
        ["receive, peer: KiB written to files"] = 2,
        ["receive, peer: system calls"] = 20,
        ["send, client: sends"] = 1.5,
        ["send, peer: sends"] = 1.5,
        ["send, client: syncs"] = 0.1,
        ["send, peer: syncs"] = 1,
        ["receive, client: sends"] = 1,
        ["receive, peer: sends"] = 1,
        ["receive, client: syncs"] = 0.05,
        ["receive, peer: syncs"] = 0.05,
    });

    /// <summary>The same over TLS, with both sides authenticated.</summary>
    public static WorkLimits SmallOverTls { get; } = new("file of 4 KiB over TLS", new Dictionary<string, double>
    {
        ["send, client: KiB allocated"] = 110,
        ["send, client: KiB read from files"] = 8,
        ["send, client: KiB written to files"] = 2,
        ["send, client: system calls"] = 40,
        ["send, peer: KiB allocated"] = 100,
        ["send, peer: KiB read from files"] = 50,
        ["send, peer: KiB written to files"] = 50,
        ["send, peer: system calls"] = 25,
        ["receive, client: KiB allocated"] = 80,
        ["receive, client: KiB read from files"] = 2,
        ["receive, client: KiB written to files"] = 8,
        ["receive, client: system calls"] = 50,
        ["receive, peer: KiB allocated"] = 60,
        ["receive, peer: KiB read from files"] = 20,
        ["receive, peer: KiB written to files"] = 2,
        ["receive, peer: system calls"] = 20,
        ["send, client: sends"] = 1.5,
        ["send, peer: sends"] = 1.5,
        ["send, client: syncs"] = 0.1,
        ["send, peer: syncs"] = 1,
        ["receive, client: sends"] = 1,
        ["receive, peer: sends"] = 1,
        ["receive, client: syncs"] = 0.05,
        ["receive, peer: syncs"] = 0.05,
    });
}
