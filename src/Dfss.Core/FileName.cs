using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Dfss;

/// <summary>
/// The rule for names of stored files. A name is NFC-normalized Unicode of 1 to <see cref="DfssLimits.MaxNameBytes"/>
/// bytes of UTF-8, case-sensitive. '/' separates its parts; no part is empty, "." or ".."; it has no control
/// character, no backslash and no unpaired surrogate. All other characters are allowed; the receiver handles names
/// that its file system cannot store.
/// </summary>
public static class FileName
{
    private const int ZeroWidthNonJoiner = 0x200C;
    private const int ZeroWidthJoiner = 0x200D;

    /// <summary>
    /// Letters, marks and symbols that leave their place empty: joiner and fillers of Korean and Khmer, blank Braille.
    /// </summary>
    private static readonly int[] WithoutGlyph = [0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0];

    /// <summary>The name in its stored form.</summary>
    /// <exception cref="DfssException">
    /// <see cref="DfssErrorCode.InvalidName"/>: the name breaks the rule; the message says how.
    /// </exception>
    public static string Normalize(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return TryNormalize(name, out string? normalized, out string? problem)
            ? normalized
            : throw new DfssException(
                DfssErrorCode.InvalidName,
                $"'{ToText(name)}' cannot be the name of a stored file: {problem}",
                TryNormalize(name.TrimEnd('/'), out string? folder, out _)
                    ? $"Leave the '/' at the end out; the files below it are '{folder}/*'."
                    : null);
    }

    /// <summary>
    /// The stored form of a name that a file is to get. Beyond <see cref="Normalize"/> each part must be visible and
    /// distinguishable: no white space at its ends or alone, no format character, and none without a glyph. Files that
    /// have such names already keep them.
    /// </summary>
    /// <exception cref="DfssException">
    /// <see cref="DfssErrorCode.InvalidName"/>: it breaks the rule; the message says how.
    /// </exception>
    public static string NormalizeNew(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.EndsWith('/') && TryNormalize(name.TrimEnd('/'), out string? folder, out _)
            && !TryNormalize(name, out _, out string? ending))
        {
            throw new DfssException(
                DfssErrorCode.InvalidName, $"'{ToText(name)}' cannot be the name of a stored file: {ending}",
                $"Give the whole name of the file, '{folder}/...'; Send-DfssFile takes a folder as -Prefix.");
        }

        string normalized = Normalize(name);
        foreach (Range part in normalized.AsSpan().Split('/'))
        {
            if (FindInvisible(normalized.AsSpan()[part]) is { } problem)
            {
                throw new DfssException(
                    DfssErrorCode.InvalidName, $"'{ToText(name)}' cannot be the name of a new file: {problem}",
                    "Give a -Name with visible characters only.");
            }
        }

        return normalized;
    }

    /// <summary>The name in its stored form, or how it breaks the rule.</summary>
    public static bool TryNormalize(
        string name, [NotNullWhen(true)] out string? normalized, [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(name);
        normalized = null;
        problem = FindProblem(name);
        if (problem is not null)
        {
            return false;
        }

        string candidate = name.Normalize(NormalizationForm.FormC);
        int bytes = Encoding.UTF8.GetByteCount(candidate);
        if (bytes > DfssLimits.MaxNameBytes)
        {
            problem = string.Create(
                CultureInfo.InvariantCulture,
                $"it has {bytes} bytes of UTF-8; {DfssLimits.MaxNameBytes} are the most.");
            return false;
        }

        normalized = candidate;
        return true;
    }

    private static string? FindProblem(string name)
    {
        if (name.Length == 0)
        {
            return "it is empty.";
        }

        if (name.Length > DfssLimits.MaxNameBytes)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"it has {name.Length} characters; {DfssLimits.MaxNameBytes} bytes are the most.");
        }

        for (int i = 0; i < name.Length; i++)
        {
            if (char.IsControl(name[i]) || name[i] == '\\')
            {
                return string.Create(
                    CultureInfo.InvariantCulture, $"the character U+{(int)name[i]:X4} is not allowed.");
            }

            if (char.IsSurrogate(name[i]) && !(
                char.IsHighSurrogate(name[i]) && i + 1 < name.Length && char.IsLowSurrogate(name[++i])))
            {
                return "it is not valid Unicode (an unpaired surrogate).";
            }
        }

        if (name[0] == '/' || name[^1] == '/')
        {
            return name[0] == '/' ? "it starts with '/'." : "it ends with '/'.";
        }

        foreach (Range part in name.AsSpan().Split('/'))
        {
            if (name[part] is "" or "." or "..")
            {
                return name[part].Length == 0 ? "it has '//'." : $"the part '{name[part]}' is not allowed.";
            }
        }

        return null;
    }

    private static string? FindInvisible(ReadOnlySpan<char> part)
    {
        if (part.IsWhiteSpace())
        {
            return "a part of it is white space alone.";
        }

        if (char.IsWhiteSpace(part[0]) || char.IsWhiteSpace(part[^1]))
        {
            return $"the part '{part}' has white space at an end.";
        }

        int at = 0;
        foreach (Rune rune in part.EnumerateRunes())
        {
            // Persian words and joined emoji have joiners between other characters, where they change what is shown.
            bool isJoinerInside = rune.Value is ZeroWidthNonJoiner or ZeroWidthJoiner && at > 0 && at < part.Length - 1;
            if (!isJoinerInside && IsInvisible(rune))
            {
                return string.Create(CultureInfo.InvariantCulture, $"the character U+{rune.Value:X4} does not show.");
            }

            at += rune.Utf16SequenceLength;
        }

        return null;
    }

    private static bool IsInvisible(Rune rune) =>
        Array.IndexOf(WithoutGlyph, rune.Value) >= 0 || Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    /// <summary>
    /// The name in a message: not longer than a line, and with a picture in place of a control character, which could
    /// break the line or act on the terminal.
    /// </summary>
    private static string ToText(string name)
    {
        const char Pictures = '\u2400';
        char[] text = (name.Length <= 80 ? name : string.Concat(name.AsSpan(0, 77), "...")).ToCharArray();
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsControl(text[i]))
            {
                text[i] = text[i] < ' ' ? (char)(Pictures + text[i]) : '\uFFFD';
            }
        }

        return new string(text);
    }
}
