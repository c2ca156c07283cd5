using System.Text;

namespace Dfss.Commands;

/// <summary>Splits text that comes in pieces into lines, which end with CR, LF or both, as Get-Content does.</summary>
internal sealed class LineSplitter
{
    private readonly StringBuilder rest = new();
    private bool skipsLineFeed;

    /// <summary>Takes the next piece; adds the lines that end in it.</summary>
    internal void Split(ReadOnlySpan<char> text, List<string> lines)
    {
        if (skipsLineFeed && text.Length > 0)
        {
            skipsLineFeed = false;
            text = text[0] == '\n' ? text[1..] : text;
        }

        for (int end = text.IndexOfAny('\r', '\n'); end >= 0; end = text.IndexOfAny('\r', '\n'))
        {
            lines.Add(rest.Length == 0 ? text[..end].ToString() : rest.Append(text[..end]).ToString());
            rest.Clear();
            bool isReturn = text[end] == '\r';
            text = text[(end + 1)..];
            skipsLineFeed = isReturn && text.Length == 0;
            text = isReturn && text.Length > 0 && text[0] == '\n' ? text[1..] : text;
        }

        rest.Append(text);
    }

    /// <summary>Adds the last line, if it does not end with CR or LF.</summary>
    internal void End(List<string> lines)
    {
        if (rest.Length > 0)
        {
            lines.Add(rest.ToString());
            rest.Clear();
        }
    }
}
