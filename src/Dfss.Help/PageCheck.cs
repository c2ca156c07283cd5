using System.Text.RegularExpressions;
using Markdig.Syntax;

namespace Dfss.Help;

/// <summary>Finds the defects of the pages: all of them at once, each with its line.</summary>
internal static partial class PageCheck
{
    private const int MinExamples = 3;

    private static readonly string[] CmdletSections =
        ["SYNOPSIS", SyntaxSection.Title, "DESCRIPTION", "EXAMPLES", "PARAMETERS", "INPUTS", "OUTPUTS",
            "RELATED LINKS"];

    private static readonly string[] TopicSections = ["SHORT DESCRIPTION", "LONG DESCRIPTION", "SEE ALSO"];

    /// <summary>Pages that belong to no cmdlet and are not about_ topics.</summary>
    internal static IEnumerable<PageError> FindUnknownPages(string folder, IEnumerable<Page> pages) =>
        Directory.GetFiles(folder, "*.md").Except(pages.Select(page => page.Path)).Order(StringComparer.Ordinal)
            .Select(path => new PageError(
                path, 1, "There is no cmdlet of this name. Delete the page, or rename it to the cmdlet's name."));

    /// <summary>The defects of a cmdlet's page.</summary>
    internal static IEnumerable<PageError> FindErrors(Page page, CmdletFacts facts)
    {
        if (!File.Exists(page.Path))
        {
            return [new PageError(
                page.Path, 1, $"{facts.Name} has no page. Write it, after the pattern of its neighbours.")];
        }

        return [
            .. FindCommonErrors(page, CmdletSections),
            .. FindSyntaxErrors(page, facts),
            .. FindExampleErrors(page),
            .. FindParameterErrors(page, facts),
            .. FindTypeErrors(page, "INPUTS", facts.InputTypes),
            .. FindTypeErrors(page, "OUTPUTS", facts.OutputTypes),
        ];
    }

    /// <summary>The defects of an about_ topic.</summary>
    internal static IEnumerable<PageError> FindErrors(Page page) => FindCommonErrors(page, TopicSections);

    private static IEnumerable<PageError> FindCommonErrors(Page page, string[] sections)
    {
        string name = Path.GetFileNameWithoutExtension(page.Path);
        if (page.Title != name)
        {
            yield return new PageError(
                page.Path, 1, $"The heading of level 1 must be '{name}', and is '{page.Title}'.");
        }

        foreach (string title in sections)
        {
            if (page.Find(title) is not { } section)
            {
                yield return new PageError(page.Path, 1, $"The section '{title}' is missing.");
            }
            else if (section.Blocks.Count == 0 && section.Children.Count == 0)
            {
                yield return new PageError(page.Path, section.Line, $"The section '{title}' is empty.");
            }
        }

        for (int i = 0; i < page.Lines.Length; i++)
        {
            if (Placeholder().Match(page.Lines[i]) is { Success: true } match)
            {
                yield return new PageError(page.Path, i + 1, $"'{match.Value}' is a placeholder. Write the text.");
            }
        }
    }

    private static IEnumerable<PageError> FindSyntaxErrors(Page page, CmdletFacts facts)
    {
        if (page.Find(SyntaxSection.Title) is { } section && !SyntaxSection.IsUpToDate(page, facts))
        {
            yield return new PageError(
                page.Path, section.Line,
                "The section SYNTAX differs from the code. To have it written: DFSS_UPDATE_HELP=1 dotnet build "
                + "src/Dfss.PowerShell.");
        }
    }

    private static IEnumerable<PageError> FindExampleErrors(Page page)
    {
        if (page.Find("EXAMPLES") is not { } section)
        {
            yield break;
        }

        if (section.Children.Count < MinExamples)
        {
            yield return new PageError(
                page.Path, section.Line,
                FormattableString.Invariant(
                    $"There are {section.Children.Count} examples; {MinExamples} are the least."));
        }

        for (int i = 0; i < section.Children.Count; i++)
        {
            Section example = section.Children[i];
            string start = FormattableString.Invariant($"Example {i + 1}: ");
            if (!example.Title.StartsWith(start, StringComparison.Ordinal))
            {
                yield return new PageError(page.Path, example.Line, $"The heading must start with '{start}'.");
            }

            if (example.Blocks.Count(IsCommand) != 1)
            {
                yield return new PageError(
                    page.Path, example.Line,
                    "An example has one block of code, ```powershell bare (it runs in the bare engine) or "
                    + "```powershell "
                    + "pwsh (it needs PowerShell's own modules).");
            }

            if (!example.Blocks.OfType<ParagraphBlock>().Any())
            {
                yield return new PageError(page.Path, example.Line, "An example needs a sentence that describes it.");
            }
        }
    }

    /// <summary>Whether a block is a command that the tests run.</summary>
    internal static bool IsCommand(Block block) =>
        block is FencedCodeBlock { Info: "powershell", Arguments: "bare" or "pwsh" };

    private static IEnumerable<PageError> FindParameterErrors(Page page, CmdletFacts facts)
    {
        if (page.Find("PARAMETERS") is not { } section)
        {
            yield break;
        }

        foreach (ParameterFacts parameter in facts.Parameters.Where(known => !known.IsOfEngine))
        {
            Section? described = section.Children.Find(child => child.Title == $"-{parameter.Name}");
            if (described is null)
            {
                yield return new PageError(
                    page.Path, section.Line,
                    $"{facts.Name} has a parameter -{parameter.Name}, which is not described. Add '### "
                        + $"-{parameter.Name}'.");
            }
            else if (!described.Blocks.OfType<ParagraphBlock>().Any())
            {
                yield return new PageError(
                    page.Path, described.Line, $"The description of -{parameter.Name} is empty.");
            }
        }

        foreach (Section described in section.Children)
        {
            if (!facts.Parameters.Exists(known => !known.IsOfEngine && $"-{known.Name}" == described.Title))
            {
                yield return new PageError(
                    page.Path, described.Line,
                    $"{facts.Name} has no parameter of its own '{described.Title}'. Remove the description, or "
                        + "correct the name.");
            }
        }
    }

    private static IEnumerable<PageError> FindTypeErrors(Page page, string title, IReadOnlyList<string> types)
    {
        string[] wanted = types.Count == 0 ? ["None"] : [.. types];
        if (page.Find(title) is { } section
            && !section.Children.Select(child => child.Title).Order().SequenceEqual(wanted.Order()))
        {
            yield return new PageError(
                page.Path, section.Line, $"The headings below {title} must be: {string.Join(", ", wanted)}.");
        }
    }

    [GeneratedRegex(@"\{\{.*?\}\}")]
    private static partial Regex Placeholder();
}
