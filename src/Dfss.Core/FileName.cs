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
                DfssErrorCode.InvalidName, $"'{Shorten(name)}' cannot be the name of a stored file: {problem}");
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
                CultureInfo.InvariantCulture, $"it has {bytes} bytes of UTF-8; {DfssLimits.MaxNameBytes} are the most.");
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
                CultureInfo.InvariantCulture, $"it has {name.Length} characters; {DfssLimits.MaxNameBytes} bytes are the most.");
        }

        for (int i = 0; i < name.Length; i++)
        {
            if (char.IsControl(name[i]) || name[i] == '\\')
            {
                return string.Create(CultureInfo.InvariantCulture, $"the character U+{(int)name[i]:X4} is not allowed.");
            }

            if (char.IsSurrogate(name[i]) && !(
                char.IsHighSurrogate(name[i]) && i + 1 < name.Length && char.IsLowSurrogate(name[++i])))
            {
                return "it is not valid Unicode (an unpaired surrogate).";
            }
        }

        if (name[0] == '/' || name[^1] == '/')
        {
            return name[0] == '/' ? "it begins with '/'." : "it ends with '/'.";
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

    private static string Shorten(string name) => name.Length <= 80 ? name : string.Concat(name.AsSpan(0, 77), "...");
}
