using System.Globalization;
using System.Text;

namespace Dfss.Protocol;

/// <summary>
/// Text that the other side of a connection chose, made fit for a log, a terminal or an error: it stays on its line, it
/// steers no terminal, and it is no longer than allowed.
/// </summary>
internal static class PrintableText
{
    /// <summary>
    /// The text with what is not to be seen (control, format and line-separating characters) as \u and its number, an
    /// unpaired surrogate as U+FFFD, and cut where it would be longer than <paramref name="maxCharacters"/> UTF-16 units.
    /// </summary>
    public static string From(string text, int maxCharacters)
    {
        StringBuilder shown = new(Math.Min(text.Length, maxCharacters));
        foreach (Rune rune in text.EnumerateRunes())
        {
            string next = IsSeen(rune) ? rune.ToString() : string.Create(CultureInfo.InvariantCulture, $"\\u{rune.Value:X4}");
            if (shown.Length + next.Length > maxCharacters)
            {
                break;
            }

            shown.Append(next);
        }

        return shown.ToString();
    }

    // Format characters include those that turn the direction of writing, with which a text can seem to say another.
    private static bool IsSeen(Rune rune) => Rune.GetUnicodeCategory(rune)
        is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
