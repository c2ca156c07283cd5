namespace Dfss.Security;

/// <summary>What a member's certificate says.</summary>
/// <param name="Name">Whose it is.</param>
/// <param name="Role">What he may do.</param>
/// <param name="NamePrefixes">The names he may touch begin with one of these; empty for all.</param>
/// <param name="StoreId">The store that he serves; null where he is no peer.</param>
/// <param name="Expires">Until when it holds.</param>
public sealed record MemberDescription(
    string Name, DfssRole Role, IReadOnlyList<string> NamePrefixes, StoreId? StoreId, DateTimeOffset Expires);
