using System.Text;

namespace Dfss.Help;

/// <summary>An about_ topic as text. The engine takes its fifth line as the synopsis.</summary>
internal static class AboutText
{
    private const int Width = 76;
    private const int Indent = 4;

    internal static string Create(Page page)
    {
        var text = new StringBuilder();
        Append(text, "TOPIC", level: 0);
        Append(text, page.Title, level: 1);
        foreach (Section section in page.Sections)
        {
            text.Append('\n');
            Append(text, section.Title, level: 0);
            AppendBlocks(text, section, isSeparated: false);
            foreach (Section child in section.Children)
            {
                text.Append('\n');
                Append(text, child.Title, level: 1);
                AppendBlocks(text, child, isSeparated: true);
            }
        }

        return text.ToString();
    }

    private static void AppendBlocks(StringBuilder text, Section section, bool isSeparated)
    {
        foreach (string paragraph in PlainText.Paragraphs(section.Blocks, Width))
        {
            if (isSeparated)
            {
                text.Append('\n');
            }

            Append(text, paragraph, level: 1);
            isSeparated = true;
        }
    }

    private static void Append(StringBuilder text, string lines, int level)
    {
        foreach (string line in lines.Split('\n'))
        {
            text.Append(' ', line.Length == 0 ? 0 : level * Indent).Append(line).Append('\n');
        }
    }
}
