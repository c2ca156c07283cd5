using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>The problems of a stored file in words: how much, at which peers, and what to do.</summary>
internal static class HealthText
{
    /// <summary>A warning; null where all is well.</summary>
    internal static string? Describe(FileHealth health)
    {
        FileRecord record = health.File.Record;
        return health.IsHealthy
            ? health.CurrentVersion is { } now && now != record.Version
                ? FormattableString.Invariant(
                    $"'{record.Name}' was tested at version {record.Version} and is at version {now} now.")
                : null
            : $"'{record.Name}' is not healthy: {Explain(health)} {Advise(health)}";
    }

    /// <summary>What is wrong with a file that is not healthy, and at which peers; in sentences without the
    /// name.</summary>
    internal static string Explain(FileHealth health) => string.Join(
        " ",
        [
            $"{Join([.. Problems(health)])}.",
            .. Where(health),
            .. health.Members.Where(member => !member.IsUp).Select(member => member.Reason!),
        ]);

    /// <summary>What to do about a file that is not healthy.</summary>
    internal static string Advise(FileHealth health) =>
        Advise(health, [.. health.Members.Where(member => !member.IsUp)]);

    private static IEnumerable<string> Problems(FileHealth health)
    {
        FileRecord record = health.File.Record;
        if (!health.HasMajority)
        {
            int up = health.Members.Count(member => member.IsUp);
            yield return FormattableString.Invariant(
                $"of its {Count(record.Home.Count, "peer")} only {up} answered, which is not a majority");
        }

        if (record.Home.Count < record.Replicas)
        {
            yield return FormattableString.Invariant(
                $"it should have {record.Replicas} copies and has {Count(record.Home.Count, "peer")} only");
        }

        if (health.ManifestProblem is { } problem)
        {
            yield return $"its manifest cannot be read ({problem.TrimEnd('.')})";
        }
        else if (!health.Manifest.IsHealthy)
        {
            yield return FormattableString.Invariant(
                $"its manifest has {health.Manifest.Holders.Count} of {Count(record.Replicas, "copy")}");
        }

        if (health.DegradedChunks > 0)
        {
            string lost = health.LostChunks > 0 && record.Replicas > 1
                ? FormattableString.Invariant($", {health.LostChunks} of them none")
                : string.Empty;
            string few = record.Replicas == 1
                ? "no copy"
                : FormattableString.Invariant($"fewer than {record.Replicas} copies");
            string which = health.Chunks.Count == 1 ? "its only chunk" : FormattableString.Invariant(
                $"{health.DegradedChunks} of its {health.Chunks.Count} chunks");
            yield return FormattableString.Invariant(
                $"{which} {(health.DegradedChunks == 1 ? "has" : "have")} {few}{lost}");
        }
    }

    /// <summary>How many copies are missing, or were bad, at which peer.</summary>
    private static IEnumerable<string> Where(FileHealth health)
    {
        ChunkHealth[] degraded = [.. health.Chunks.Where(chunk => !chunk.IsHealthy)];
        string missing = CountByPeer(degraded.SelectMany(chunk => chunk.Missing));
        if (missing.Length > 0)
        {
            yield return $"Copies are missing at {missing}.";
        }

        string corrupt = CountByPeer(degraded.SelectMany(chunk => chunk.Corrupt));
        if (corrupt.Length > 0)
        {
            yield return $"Copies were corrupt at {corrupt}, and are in quarantine.";
        }
    }

    private static string Advise(FileHealth health, MemberHealth[] silent)
    {
        string start = silent.Length == 1 ? "Start that peer" : "Start those peers";
        string elsewhere = silent.Length switch
        {
            0 => string.Empty,
            1 => " If it runs at another address, give that with -Peer.",
            _ => " If they run at other addresses, give these with -Peer.",
        };
        return AdviseAbout(health, silent, start) + elsewhere;
    }

    private static string AdviseAbout(FileHealth health, MemberHealth[] silent, string start) =>
        (silent.Length > 0, health.LostChunks > 0 || health.ManifestProblem is not null,
            health.HasMajority) switch
        {
            (true, _, false) => $"{start}.",
            (true, true, _) => $"{start}: no other peer has the lost chunks.",
            (false, true, _) => "Send the file again: no peer has the lost chunks.",
            (true, _, _) => $"{start}, or make copies at the others with Repair-DfssFile.",
            _ => "Make the copies with Repair-DfssFile.",
        };

    private static string CountByPeer(IEnumerable<HomeMember> members) => string.Join(", ", members
        .GroupBy(member => member.DisplayName)
        .Select(group => FormattableString.Invariant($"{group.Key} ({group.Count()})")));

    private static string Count(int count, string noun) => FormattableString.Invariant(
        $"{count} {(count == 1 ? noun : noun.EndsWith('y') ? noun[..^1] + "ies" : noun + "s")}");

    private static string Join(string[] parts) =>
        parts.Length == 1 ? parts[0] : $"{string.Join(", ", parts[..^1])}, and {parts[^1]}";
}
