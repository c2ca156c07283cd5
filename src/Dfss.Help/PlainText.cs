using System.Text;
using Markdig.Extensions.Tables;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Dfss.Help;

/// <summary>Markdown as plain text for a console.</summary>
internal static class PlainText
{
    private const int ListIndent = 2;
    private const int Indent = 4;

    /// <summary>The text of a line of Markdown, without markup.</summary>
    internal static string Of(ContainerInline? inlines)
    {
        var text = new StringBuilder();
        foreach (Inline inline in inlines ?? [])
        {
            text.Append(inline switch
            {
                CodeInline code => code.Content,
                LiteralInline literal => literal.Content.ToString(),
                LineBreakInline => " ",
                AutolinkInline link => link.Url,
                HtmlEntityInline entity => entity.Transcoded.ToString(),
                // A console cannot follow links between pages; their text is a name that Get-Help accepts.
                LinkInline { Url: { } url } link when url.Contains("://", StringComparison.Ordinal) =>
                    $"{Of(link)} ({url})",
                // Of a '[' or '`' that begins nothing: the character itself, and what follows it.
                DelimiterInline delimiter => delimiter.ToLiteral() + Of(delimiter),
                ContainerInline container => Of(container),
                _ => throw new NotSupportedException(
                    $"Help has no form for {inline.GetType().Name}, line {inline.Line + 1}."),
            });
        }

        return text.ToString();
    }

    /// <summary>Blocks as paragraphs of one or more lines.</summary>
    /// <param name="blocks">The blocks.</param>
    /// <param name="width">The longest line of prose.</param>
    internal static IEnumerable<string> Paragraphs(IEnumerable<Block> blocks, int width = int.MaxValue) =>
        blocks.Select(block => block switch
        {
            ParagraphBlock paragraph => Wrap(Of(paragraph.Inline), width, indent: 0),
            ListBlock list => string.Join('\n', list.Cast<ListItemBlock>().Select(item => OfItem(list, item, width))),
            Table table => OfTable(table, width),
            CodeBlock code => IndentLines(CodeOf(code)),
            QuoteBlock quote => string.Join("\n\n", Paragraphs(quote, width)),
            _ => throw new NotSupportedException(
                $"Help has no form for {block.GetType().Name}, line {block.Line + 1}."),
        });

    /// <summary>The lines of a block of code.</summary>
    internal static string CodeOf(CodeBlock code) => code.Lines.ToString().ReplaceLineEndings("\n").TrimEnd('\n');

    private static string OfItem(ListBlock list, ListItemBlock item, int width)
    {
        string mark = list.IsOrdered ? FormattableString.Invariant($"{item.Order}. ") : "* ";
        IEnumerable<string> texts = item.OfType<ParagraphBlock>().Select(paragraph => Of(paragraph.Inline));
        return Wrap(mark + string.Join(' ', texts), width, ListIndent);
    }

    /// <summary>
    /// A table with two columns as columns. A wider table as a list: the first two cells on one line, the others below
    /// with their headings.
    /// </summary>
    private static string OfTable(Table table, int width)
    {
        string[][] rows = [.. table.Cast<TableRow>().Select(Cells)];
        string[] headings = rows[0];
        if (headings.Length == 2)
        {
            int start = rows.Skip(1).Max(row => row[0].Length) + ListIndent;
            return string.Join('\n', rows.Skip(1).Select(row =>
                row[0].PadRight(start) + Wrap(row[1], width, start, column: start)));
        }

        return string.Join("\n\n", rows.Skip(1).Select(row =>
        {
            IEnumerable<string> below = row.Skip(2).Select((cell, index) =>
                new string(' ', Indent) + Wrap($"{headings[index + 2]}: {cell}", width, Indent * 2, column: Indent));
            return string.Join('\n', below.Prepend(Wrap($"{row[0]} - {row[1]}", width, Indent)));
        }));
    }

    private static string[] Cells(TableRow row) => [.. row.Cast<TableCell>().Select(cell =>
        string.Join(' ', cell.OfType<ParagraphBlock>().Select(paragraph => Of(paragraph.Inline))))];

    private static string IndentLines(string text) => string.Join('\n', text.Split('\n').Select(line =>
        line.Length == 0 ? line : new string(' ', Indent) + line));

    /// <summary>Breaks a text that starts in a column at spaces; later lines are indented.</summary>
    private static string Wrap(string text, int width, int indent, int column = 0)
    {
        var wrapped = new StringBuilder();
        foreach (string word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (wrapped.Length > 0 && column + 1 + word.Length > width)
            {
                wrapped.Append('\n').Append(' ', indent);
                column = indent;
            }
            else if (wrapped.Length > 0)
            {
                wrapped.Append(' ');
                column++;
            }

            wrapped.Append(word);
            column += word.Length;
        }

        return wrapped.ToString();
    }
}
