namespace Dfss;

/// <summary>
/// The order of names in all lists: by their UTF-8 bytes, unsigned, which is also the order of their code points.
/// Ordinal UTF-16 order differs for characters beyond the basic plane, and the stores sort by bytes.
/// </summary>
internal sealed class NameOrder : IComparer<string>
{
    public static NameOrder Instance { get; } = new();

    /// <inheritdoc/>
    public int Compare(string? x, string? y)
    {
        if (x is null || y is null)
        {
            return x is null ? (y is null ? 0 : -1) : 1;
        }

        int common = x.AsSpan().CommonPrefixLength(y);
        if (common == x.Length || common == y.Length)
        {
            return x.Length.CompareTo(y.Length);
        }

        // A surrogate is part of a code point above that of every other char, whatever its own value is.
        char left = x[common];
        char right = y[common];
        return char.IsSurrogate(left) == char.IsSurrogate(right)
            ? left.CompareTo(right)
            : char.IsSurrogate(left) ? 1 : -1;
    }
}
