using System.Management.Automation;
using System.Text;
using System.Text.RegularExpressions;

namespace Dfss.Help;

/// <summary>
/// The SYNTAX section of a cmdlet's page: meant for readers of the page itself, written by this step, compared in every
/// build.
/// </summary>
internal static class SyntaxSection
{
    internal const string Title = "SYNTAX";

    /// <summary>The section, from its heading to the line before the next one.</summary>
    internal static string Create(CmdletFacts facts)
    {
        var text = new StringBuilder($"## {Title}\n\n");
        foreach (CommandParameterSetInfo set in facts.ShownSets)
        {
            if (facts.ParameterSets.Count > 1)
            {
                text.Append("### ").Append(set.Name).Append(set.IsDefault ? " (default)" : string.Empty)
                    .Append("\n\n");
            }

            text.Append("```\n").Append(facts.Name).Append(' ').Append(Shown(set)).Append("\n```\n\n");
        }

        return text.ToString();
    }

    /// <summary>The engine's text of a set also names the hidden parameters.</summary>
    private static string Shown(CommandParameterSetInfo set) => set.Parameters
        .Where(CmdletFacts.IsHidden)
        .Aggregate(
            set.ToString(), (text, hidden) => Regex.Replace(text, $@" \[-{hidden.Name}( <[^>]*>)?\]", string.Empty));

    /// <summary>Whether a page's section is up to date.</summary>
    internal static bool IsUpToDate(Page page, CmdletFacts facts) => Find(page) is { } range
        && string.Join('\n', page.Lines[range]) + "\n" == Create(facts);

    /// <summary>Writes the section into a page that has one.</summary>
    internal static void Update(string path, CmdletFacts facts)
    {
        var page = Page.Read(path);
        if (Find(page) is { } range && !IsUpToDate(page, facts))
        {
            string[] section = Create(facts).Split('\n')[..^1];
            File.WriteAllText(
                path, string.Join('\n', [.. page.Lines[..range.Start], .. section, .. page.Lines[range.End..]]));
        }
    }

    private static Range? Find(Page page)
    {
        int index = page.Sections.FindIndex(section => section.Title == Title);
        return index < 0 || index == page.Sections.Count - 1
            ? null
            : (page.Sections[index].Line - 1)..(page.Sections[index + 1].Line - 1);
    }
}
