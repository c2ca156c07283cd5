using System.Text;

namespace Dfss.Benchmarks;

/// <summary>The page of a folder of pictures: README.md there. What is written to it goes to the output too.</summary>
internal sealed class PlotPage : TextWriter
{
    private readonly TextWriter output;
    private readonly StreamWriter file;

    public PlotPage(string folder, TextWriter output)
    {
        this.output = output;
        Directory.CreateDirectory(folder);
        file = File.CreateText(Path.Combine(folder, "README.md"));
        file.WriteLine("# Benchmarks");
        file.WriteLine();
    }

    public override Encoding Encoding => file.Encoding;

    public override void Write(char value)
    {
        output.Write(value);
        file.Write(value);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            file.Dispose();
        }

        base.Dispose(disposing);
    }
}
