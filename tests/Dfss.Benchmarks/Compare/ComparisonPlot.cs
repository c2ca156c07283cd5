using System.Globalization;
using System.Security;
using System.Text;

namespace Dfss.Benchmarks;

/// <summary>A comparison as a picture (SVG): for each tool a bar for the send and one for the receive.</summary>
internal static class ComparisonPlot
{
    private const int RowHeight = 40;
    private const int LabelWidth = 250;
    private const int BarWidth = 500;

    /// <summary>Writes the picture of one workload.</summary>
    /// <param name="folder">Where; the file is named after the workload.</param>
    /// <param name="workload">What was copied.</param>
    /// <param name="results">The tools and their turns.</param>
    /// <param name="when">When and where this was measured.</param>
    public static void Write(string folder, Workload workload, List<ToolTurns> results, string when)
    {
        List<(string Name, double Send, double Receive)> bars =
        [
            .. results.Select(result => (
                result.Tool.Name,
                Figures.Median(result.Turns.Select(turn => turn.Send.Seconds)),
                Figures.Median(result.Turns.Select(turn => turn.Receive.Seconds)))),
        ];
        double longest = bars.Max(bar => Math.Max(bar.Send, bar.Receive));
        StringBuilder svg = new();
        int height = (bars.Count * RowHeight) + 90;
        svg.AppendLine(Text(
            $"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 850 {height}' font-size='13'>"));
        svg.AppendLine(Text($"<rect width='850' height='{height}' fill='#fff'/>"));
        svg.AppendLine(Text($"<text x='10' y='24' font-size='16'>{workload.Title}, seconds (less is better)</text>"));
        svg.AppendLine("<rect x='10' y='36' width='12' height='12' fill='#1f6feb'/><text x='28' y='47'>send</text>");
        svg.AppendLine("<rect x='80' y='36' width='12' height='12' fill='#9cc4f8'/><text x='98' y='47'>receive</text>");
        for (int i = 0; i < bars.Count; i++)
        {
            int top = 62 + (i * RowHeight);
            svg.AppendLine(Text($"<text x='10' y='{top + 20}'>{SecurityElement.Escape(bars[i].Name)}</text>"));
            AppendBar(svg, top, "#1f6feb", bars[i].Send, longest);
            AppendBar(svg, top + 16, "#9cc4f8", bars[i].Receive, longest);
        }

        svg.AppendLine(Text(
            $"<text x='10' y='{height - 10}' font-size='10' fill='#555'>{SecurityElement.Escape(when)}</text>"));
        svg.AppendLine("</svg>");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, workload.Name + ".svg"), svg.ToString());
    }

    private static void AppendBar(StringBuilder svg, int top, string colour, double seconds, double longest)
    {
        double width = BarWidth * seconds / longest;
        svg.AppendLine(Text($"<rect x='{LabelWidth}' y='{top}' width='{width:0.0}' height='14' fill='{colour}'/>"));
        svg.AppendLine(Text(
            $"<text x='{LabelWidth + width + 6:0.0}' y='{top + 12}' font-size='11'>{seconds:0.00}</text>"));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
