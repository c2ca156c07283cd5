using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>
/// Matches many names with a pattern that a user types, in bounded time: a pattern takes microseconds for a name.
/// </summary>
/// <param name="word">The beginning of the names, with wildcards.</param>
/// <param name="clock">The clock.</param>
internal sealed class PatternSearch(string word, TimeProvider clock)
{
    /// <summary>
    /// 50 ms: with the rest of a completion the answer comes within 150 ms. Later names do not match.
    /// </summary>
    internal static readonly TimeSpan MaxTime = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// 1,000: fewer names are matched in a few milliseconds, however long the process is kept waiting.
    /// </summary>
    internal const int NamesAtOnce = 1000;

    private readonly WildcardPattern pattern =
        new($"{word}*", WildcardOptions.IgnoreCase | WildcardOptions.CultureInvariant);

    // Of many names few have the texts between the wildcards.
    private readonly string[] texts = word.AsSpan().ContainsAny('[', '`') ? [] : word.Split('*', '?');
    private readonly long began = clock.GetTimestamp();
    private int tried;
    private bool isOver;

    /// <summary>Whether a name matches.</summary>
    internal bool IsMatch(string name)
    {
        if (isOver || !Array.TrueForAll(texts, text => name.Contains(text, StringComparison.OrdinalIgnoreCase)))
        {
            return false;
        }

        isOver = ++tried % NamesAtOnce == 0 && clock.GetElapsedTime(began) > MaxTime;
        return pattern.IsMatch(name);
    }
}
