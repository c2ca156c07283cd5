namespace Dfss;

/// <summary>
/// The order of names in every list: by their UTF-8 bytes, unsigned, which is also the order of their code points.
/// Ordinal UTF-16 differs for characters beyond the basic plane, and the stores sort bytes.
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

        // A surrogate stands for a code point above every other char, wherever its own number lies.
        char left = x[common];
        char right = y[common];
        return char.IsSurrogate(left) == char.IsSurrogate(right) ? left.CompareTo(right) : char.IsSurrogate(left) ? 1 : -1;
    }
}
