using System.Globalization;

namespace Dfss.Records;

/// <summary>
/// The rules for a record beyond its form, so that every client can use it. A peer accepts no record that breaks them.
/// A store may have such a record from before the rules: it is read, and a client warns of it.
/// </summary>
internal static class RecordRules
{
    /// <summary>The rule that a record breaks, as a clause; null if it breaks none.</summary>
    /// <param name="record">The record.</param>
    /// <param name="known">Records that the name has already: a rule that they break too is no problem.</param>
    public static string? FindProblem(FileRecord record, params IReadOnlyList<FileRecord> known)
    {
        IReadOnlyList<HomeMember>[] homes = [.. known.SelectMany(HomesOf)];
        if (FindProblem(record.Home, homes) is { } problem)
        {
            return problem;
        }

        bool isTooLong = record.ChunkSize > 0
            && FileManifest.CountChunks(record.Length, record.ChunkSize) > DfssLimits.MaxChunksPerFile
            && !known.Any(one => (one.Length, one.ChunkSize) == (record.Length, record.ChunkSize));
        return !isTooLong ? FindProblem(record.FormerHome, homes) : string.Create(
            CultureInfo.InvariantCulture,
            $"{record.Length} bytes in chunks of {record.ChunkSize} are more than "
                + $"{DfssLimits.MaxChunksPerFile} chunks");
    }

    /// <summary>The rule that the members of a home break, as a clause; null if they break none.</summary>
    /// <param name="home">The members.</param>
    /// <param name="known">Homes that the name has already.</param>
    public static string? FindProblem(
        IReadOnlyList<HomeMember> home, params IReadOnlyList<IReadOnlyList<HomeMember>> known)
    {
        string? problem = home.Select(FindProblem).FirstOrDefault(found => found is not null) ?? FindTwice(home);
        return problem is null || known.Any(other => IsSame(home, other)) ? null : problem;
    }

    /// <summary>The homes that a record names.</summary>
    public static IEnumerable<IReadOnlyList<HomeMember>> HomesOf(FileRecord record) => [record.Home, record.FormerHome];

    private static string? FindProblem(HomeMember member)
    {
        string name = member.StoreId is { } id ? $"store {id}" : "a member of its home";
        return member.Addresses.Count == 0 ? $"{name} has no address"
            : !member.Addresses.All(text => PeerAddress.TryParse(text, out _))
                ? $"{name} has an address that cannot be read"
            : null;
    }

    private static string? FindTwice(IReadOnlyList<HomeMember> home)
    {
        HashSet<StoreId> stores = [];
        return home.FirstOrDefault(member => member.StoreId is { } id && !stores.Add(id)) is { } twice
            ? $"store {twice.StoreId} is a member of its home twice"
            : null;
    }

    /// <summary>
    /// Whether both have the same stores, and a member with invalid addresses has the same ones in both.
    /// </summary>
    private static bool IsSame(IReadOnlyList<HomeMember> one, IReadOnlyList<HomeMember> other) =>
        one.Count == other.Count && one.Zip(other).All(pair => pair.First.StoreId == pair.Second.StoreId
            && (FindProblem(pair.First) is null
                || pair.First.Addresses.SequenceEqual(pair.Second.Addresses, StringComparer.Ordinal)));
}
