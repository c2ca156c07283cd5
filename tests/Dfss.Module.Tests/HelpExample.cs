using System.Text.RegularExpressions;

namespace Dfss.Tests;

/// <summary>A command of a page of help.</summary>
/// <param name="Page">The page's file name without its extension.</param>
/// <param name="Line">The line of its first line, counted from 1.</param>
/// <param name="Kind">bare: the bare engine runs it; pwsh: it needs PowerShell's own modules.</param>
/// <param name="Command">The text.</param>
internal sealed partial record HelpExample(string Page, int Line, string Kind, string Command)
{
    /// <summary>All commands of all pages, by page and line.</summary>
    public static IReadOnlyList<HelpExample> ReadAll(string folder) =>
    [
        .. from path in Directory.GetFiles(folder, "*.md").Order(StringComparer.Ordinal)
           let text = File.ReadAllText(path).ReplaceLineEndings("\n")
           from match in Read(text)
           select new HelpExample(
               Path.GetFileNameWithoutExtension(path), text.AsSpan(0, match.Groups["command"].Index).Count('\n') + 1,
               match.Groups["kind"].Value, match.Groups["command"].Value),
    ];

    /// <summary>The blocks of commands of a page's text.</summary>
    public static IEnumerable<Match> Read(string text) => Fence().Matches(text);

    [GeneratedRegex(
        @"^```powershell[ ]?(?<kind>\w*)\n(?<command>.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Fence();
}
