using System.Globalization;
using System.Text;

namespace Dfss.Protocol;

/// <summary>
/// Makes text of the other side of a connection safe for a log, a terminal or an error: it has no line break and no
/// control sequence, and it is no longer than allowed.
/// </summary>
public static class PrintableText
{
    private static readonly char[] LineBreaks = ['\r', '\n'];

    /// <summary>
    /// The text with control, format and line-separating characters as \u and their number, and unpaired surrogates as
    /// U+FFFD; it is cut if it is longer than <paramref name="maxCharacters"/> UTF-16 units.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="maxCharacters">The length that is allowed.</param>
    public static string From(string text, int maxCharacters)
    {
        ArgumentNullException.ThrowIfNull(text);
        StringBuilder shown = new(Math.Min(text.Length, maxCharacters));
        foreach (Rune rune in text.EnumerateRunes())
        {
            string next = IsSeen(rune)
                ? rune.ToString()
                : string.Create(CultureInfo.InvariantCulture, $"\\u{rune.Value:X4}");
            if (shown.Length + next.Length > maxCharacters)
            {
                break;
            }

            shown.Append(next);
        }

        return shown.ToString();
    }

    /// <summary>The same of a message, whose line breaks become spaces.</summary>
    /// <param name="message">The message.</param>
    /// <param name="maxCharacters">The length that is allowed.</param>
    public static string FromMessage(string message, int maxCharacters)
    {
        ArgumentNullException.ThrowIfNull(message);
        string[] lines = message.Split(
            LineBreaks, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return From(lines.Length > 1 ? string.Join(' ', lines) : message.Trim(LineBreaks), maxCharacters);
    }

    // Format characters include those that change the writing direction, with which one text can look like another.
    private static bool IsSeen(Rune rune) => Rune.GetUnicodeCategory(rune)
        is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator);
}
