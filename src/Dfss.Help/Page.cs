using Markdig;
using Markdig.Syntax;

namespace Dfss.Help;

/// <summary>A page of Markdown: a title, and sections under headings.</summary>
internal sealed class Page
{
    private static readonly MarkdownPipeline Pipeline =
        new MarkdownPipelineBuilder().UseYamlFrontMatter().UsePipeTables().Build();

    private Page(string path, MarkdownDocument document, string[] lines)
    {
        Path = path;
        Lines = lines;
        var headings = new Stack<Section>();
        foreach (Block block in document)
        {
            if (block is HeadingBlock heading)
            {
                AddSection(new Section(PlainText.Of(heading.Inline), heading.Level, heading.Line + 1), headings);
            }
            else if (headings.TryPeek(out Section? section))
            {
                section.Blocks.Add(block);
            }
        }
    }

    /// <summary>The file.</summary>
    internal string Path { get; }

    /// <summary>The text, by lines.</summary>
    internal string[] Lines { get; }

    /// <summary>The text of the heading of level 1; empty where there is none.</summary>
    internal string Title { get; private set; } = string.Empty;

    /// <summary>The sections of level 2, in their order.</summary>
    internal List<Section> Sections { get; } = [];

    /// <summary>Reads a page; a missing file gives an empty page.</summary>
    internal static Page Read(string path)
    {
        string text = File.Exists(path) ? File.ReadAllText(path) : string.Empty;
        return new Page(path, Markdown.Parse(text, Pipeline), text.ReplaceLineEndings("\n").Split('\n'));
    }

    /// <summary>The section of level 2 with this heading; null for none.</summary>
    internal Section? Find(string title) => Sections.Find(section => section.Title == title);

    private void AddSection(Section section, Stack<Section> headings)
    {
        while (headings.TryPeek(out Section? above) && above.Level >= section.Level)
        {
            headings.Pop();
        }

        if (section.Level == 1)
        {
            Title = section.Title;
        }
        else if (section.Level == 2)
        {
            Sections.Add(section);
        }
        else if (headings.TryPeek(out Section? parent))
        {
            parent.Children.Add(section);
        }

        headings.Push(section);
    }
}

/// <summary>The content under a heading.</summary>
/// <param name="Title">The heading.</param>
/// <param name="Level">1 for the page's title.</param>
/// <param name="Line">The heading's line, counted from 1.</param>
internal sealed record Section(string Title, int Level, int Line)
{
    /// <summary>The content before the first heading below this one.</summary>
    internal List<Block> Blocks { get; } = [];

    /// <summary>The sections one level below.</summary>
    internal List<Section> Children { get; } = [];
}
