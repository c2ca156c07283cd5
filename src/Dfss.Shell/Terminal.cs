using System.Management.Automation.Host;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Shell;

/// <summary>
/// Standard output, standard error, and the one line of progress that may stand below them. The only file that knows the console.
/// </summary>
internal sealed class Terminal
{
    private const string ClearLine = "\r\e[2K";

    /// <summary>Where nothing tells the width: what pwsh takes for redirected output.</summary>
    private const int DefaultWidth = 120;

    private static readonly Lazy<StreamReader?> TypedLines = new(() => CanAsk && !OperatingSystem.IsWindows()
        ? new StreamReader(
            new FileStream(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read), Console.InputEncoding)
        : null);

    private static bool s_hasReadKeys;

    private readonly Lock _gate = new();
    private readonly bool _outputTakesEscapes;
    private readonly bool _errorTakesEscapes;
    private bool _hasProgressLine;

    public Terminal()
    {
        bool escapes = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            && Environment.GetEnvironmentVariable("TERM") != "dumb";
        _outputTakesEscapes = escapes && !Console.IsOutputRedirected;
        _errorTakesEscapes = escapes && !Console.IsErrorRedirected;
        ShowsProgress = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb";
    }

    /// <summary>Whether a person can answer a question.</summary>
    public static bool CanAsk => !Console.IsInputRedirected;

    public static int Width
    {
        get
        {
            int width = Console.IsOutputRedirected ? 0 : Console.WindowWidth;
            return width > 0 ? width : DefaultWidth;
        }
    }

    public static int Height
    {
        get
        {
            int height = Console.IsOutputRedirected ? 0 : Console.WindowHeight;
            return height > 0 ? height : 50;
        }
    }

    public bool OutputTakesEscapes => _outputTakesEscapes;

    /// <summary>Whether a line of progress would be seen by somebody; in a log it would only be noise.</summary>
    public bool ShowsProgress { get; }

    /// <summary>
    /// Reads a line. On a Unix terminal it is the terminal that edits the line and that, at Ctrl+C, drops what was typed:
    /// Console.In, and the stream below it, would keep it and put it before the next line. Once a
    /// single key was read, the runtime has switched the terminal's own editing off for good, and Console.In it is.
    /// </summary>
    public static string? ReadLine() => ((s_hasReadKeys ? null : TypedLines.Value) ?? Console.In).ReadLine();

    public static ConsoleKeyInfo ReadKey()
    {
        s_hasReadKeys = true;
        return Console.ReadKey(intercept: true);
    }

    public static bool IsKeyAvailable()
    {
        s_hasReadKeys = true;
        return Console.KeyAvailable;
    }

    public void Write(string text) => Write(Console.Out, text, _outputTakesEscapes);

    public void WriteError(string text) => Write(Console.Error, text, _errorTakesEscapes);

    /// <summary>Shows one line of progress in place of the one before; null takes it away.</summary>
    public void ShowProgress(string? line)
    {
        if (!ShowsProgress)
        {
            return;
        }

        lock (_gate)
        {
            if (line is null)
            {
                RemoveProgressLine();
                return;
            }

            // One column stays free: in the last one, some terminals wrap.
            int room = Math.Max(1, (Console.WindowWidth > 0 ? Console.WindowWidth : DefaultWidth) - 1);
            Console.Error.Write(ClearLine + (line.Length > room ? line[..room] : line));
            _hasProgressLine = true;
        }
    }

    private void Write(TextWriter writer, string text, bool takesEscapes)
    {
        // The engine puts colour into what it formats whatever the terminal is; this takes it out where it does not belong.
        string shown = PSHostUserInterface.GetOutputString(text, takesEscapes);
        lock (_gate)
        {
            RemoveProgressLine();
            writer.Write(shown);
        }
    }

    private void RemoveProgressLine()
    {
        if (_hasProgressLine)
        {
            Console.Error.Write(ClearLine);
            _hasProgressLine = false;
        }
    }
}
