namespace Dfss.Transfer;

/// <summary>What a name is, as the peers have it that answered.</summary>
/// <param name="File">The file of this name; null if they list none.</param>
/// <param name="HasBelow">Whether they list files whose names begin with it and '/'.</param>
public sealed record FoundName(StoredFile? File, bool HasBelow);
