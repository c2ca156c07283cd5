using System.Management.Automation;
using System.Management.Automation.Language;
using System.Text;

namespace Dfss.Commands;

/// <summary>The word that is completed: its text, and how it is quoted; and the results for it.</summary>
internal sealed class CompletionWord
{
    private readonly char quote;

    /// <summary>Reads a word as the user typed it.</summary>
    internal CompletionWord(string typed)
    {
        char first = typed.Length > 0 ? typed[0] : '\0';
        quote = first is '\'' or '"' ? first : '\0';
        string inner = quote == '\0' ? typed
            : typed.Length > 1 && typed[^1] == quote ? typed[1..^1] : typed[1..];
        Text = quote switch
        {
            '\'' => inner.Replace("''", "'", StringComparison.Ordinal),
            '"' => RemoveBackticks(inner.Replace("\"\"", "\"", StringComparison.Ordinal)),
            _ => RemoveBackticks(inner),
        };
    }

    /// <summary>The text without quotes.</summary>
    internal string Text { get; }

    /// <summary>A result that stands for this text in the command line, quoted where that is needed.</summary>
    internal CompletionResult ToResult(string argument, string shown) =>
        new(Quote(argument), shown, CompletionResultType.ParameterValue, shown);

    private string Quote(string text) =>
        quote == '"' ? $"\"{EscapeDouble(text)}\""
        : quote == '\'' || !IsBare(text) ? $"'{CodeGeneration.EscapeSingleQuotedStringContent(text)}'"
        : text;

    /// <summary>
    /// Whether a text is one argument without quotes, whatever PowerShell's syntax has. In a list, 007 and 0x10 are
    /// numbers, and another text then.
    /// </summary>
    private static bool IsBare(string text) => text.Length > 0 && char.IsLetter(text[0])
        && text.All(character => char.IsLetterOrDigit(character) || character is '.' or '_' or '-' or '/' or ':');

    private static string EscapeDouble(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (char character in text)
        {
            // The typographic quotation marks too: PowerShell takes each for a quotation mark.
            if (character is '`' or '$' or '"' or '\u201C' or '\u201D' or '\u201E')
            {
                escaped.Append('`');
            }

            escaped.Append(character);
        }

        return escaped.ToString();
    }

    private static string RemoveBackticks(string text)
    {
        var plain = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            i += text[i] == '`' && i + 1 < text.Length ? 1 : 0;
            plain.Append(text[i]);
        }

        return plain.ToString();
    }
}
