using System.Globalization;
using static Dfss.Transfer.HealthStatus;

namespace Dfss.Transfer;

/// <summary>The checks of files, by what their peers say they hold. No chunk is read.</summary>
/// <param name="peers">The peers that were asked.</param>
internal sealed class FileChecks(IReadOnlyList<PeerAddress> peers)
{
    /// <summary>100: enough to see what is wrong; of a lost peer, every file may have too few copies.</summary>
    public const int MaxNamed = 100;

    private readonly SortedDictionary<string, HealthResult> missing = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, HealthResult> degraded = new(StringComparer.Ordinal);
    private string? problem;
    private int tested;

    /// <summary>Notes the test of a file.</summary>
    public void Add(FileHealth health)
    {
        tested++;
        if (health.LostChunks > 0 || health.ManifestProblem is not null)
        {
            missing[health.File.Name] = Describe(HealthChecks.ChunkMissing, health);
        }
        else if (!health.IsHealthy)
        {
            degraded[health.File.Name] = Describe(HealthChecks.UnderReplicated, health);
        }
    }

    /// <summary>Notes that files could not be listed or tested.</summary>
    public void AddProblem(string reason) => problem ??= reason;

    /// <summary>The result of this check: one for each file that needs something, or one for all.</summary>
    /// <param name="check">The check, one of files.</param>
    /// <param name="known">How many files there are.</param>
    public IEnumerable<HealthResult> Run(string check, int known)
    {
        SortedDictionary<string, HealthResult> found = check == HealthChecks.ChunkMissing ? missing : degraded;
        string looked = string.Create(
            CultureInfo.InvariantCulture, $"{tested:N0} of {known:N0} files were tested.");
        List<HealthResult> results = [.. found.Values.Take(MaxNamed)];
        if (found.Count > MaxNamed)
        {
            results.Add(new HealthResult(check, results[0].Status, string.Create(
                CultureInfo.InvariantCulture, $"{found.Count - MaxNamed:N0} more files are like that."))
            {
                Command = check == HealthChecks.ChunkMissing ? null : $"Repair-DfssFile *{OfPeers}",
            });
        }

        if (problem is not null)
        {
            results.Add(new HealthResult(check, Unknown, $"{problem} {looked}"));
        }
        else if (results.Count == 0)
        {
            results.Add(new HealthResult(check, Ok, looked));
        }

        return results.Select(result => result with { TestedFiles = tested });
    }

    private string OfPeers => peers.Count == 0 ? string.Empty : $" -Peer {string.Join(", ", peers)}";

    private HealthResult Describe(string check, FileHealth health) => check == HealthChecks.ChunkMissing
        ? new(check, Error, health.ManifestProblem is null
            ? string.Create(
                CultureInfo.InvariantCulture, $"No peer that answers has {health.LostChunks:N0} of its chunks.")
            : $"Its manifest is not available: {health.ManifestProblem}")
        {
            Name = health.File.Name,
            Command = $"Send-DfssFile PATH -Name {RepairCommands.Quote(health.File.Name)} -Force{OfPeers}",
        }
        : new(check, Warning, string.Create(
            CultureInfo.InvariantCulture,
            $"It has {health.File.PresentReplicas ?? 0} of {health.Replicas} copies, as far as its peers answer."))
        {
            Name = health.File.Name,
            Command = $"Repair-DfssFile -LiteralName {RepairCommands.Quote(health.File.Name)}{OfPeers}",
        };
}
