namespace Dfss.Commands;

/// <summary>Names that a user may have meant: the same in another case, or with one letter that differs.</summary>
internal static class NearName
{
    /// <summary>3: more names are no help.</summary>
    internal const int MaxNames = 3;

    /// <summary>3 letters: with fewer, almost every name differs by one letter.</summary>
    private const int MinLength = 3;

    /// <summary>
    /// The names that are near one that was not found; where some differ by their case alone, only these.
    /// </summary>
    internal static string[] Find(string name, IEnumerable<string> names)
    {
        string[] near = [.. names.Where(other => IsNear(name, other)).Distinct(StringComparer.Ordinal)];
        string[] same = [.. near.Where(other => IsSame(name, other))];
        return [.. (same.Length > 0 ? same : near).Take(MaxNames)];
    }

    /// <summary>The question for a name that was not found; null where no name is near.</summary>
    internal static string? Ask(string name, IEnumerable<string> names) => Ask(Find(name, names));

    /// <summary>The question whether one of these was meant; null where there are none.</summary>
    internal static string? Ask(string[] near) => near switch
    {
        [] => null,
        [string only] => $"Did you mean '{only}'?",
        _ => $"Did you mean '{string.Join("', '", near[..^1])}' or '{near[^1]}'?",
    };

    /// <summary>Whether one is the other in another case, or differs by one letter or two that are swapped.</summary>
    internal static bool IsNear(string name, string other) => name != other
        && (IsSame(name, other) || (name.Length >= MinLength && IsOneLetterAway(name, other)));

    private static bool IsSame(string name, string other) =>
        string.Equals(name, other, StringComparison.OrdinalIgnoreCase);

    private static bool IsOneLetterAway(ReadOnlySpan<char> name, ReadOnlySpan<char> other)
    {
        int start = name.CommonPrefixLength(other, IgnoringCase.Instance);
        name = name[start..];
        other = other[start..];
        while (name.Length > 0 && other.Length > 0 && IgnoringCase.Instance.Equals(name[^1], other[^1]))
        {
            name = name[..^1];
            other = other[..^1];
        }

        return (name.Length <= 1 && other.Length <= 1)
            || (name.Length == 2 && other.Length == 2 && name[0] == other[1] && name[1] == other[0]);
    }

    private sealed class IgnoringCase : IEqualityComparer<char>
    {
        internal static readonly IgnoringCase Instance = new();

        public bool Equals(char x, char y) => char.ToUpperInvariant(x) == char.ToUpperInvariant(y);

        public int GetHashCode(char obj) => char.ToUpperInvariant(obj).GetHashCode();
    }
}
