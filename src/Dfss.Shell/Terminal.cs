using System.Management.Automation.Host;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Shell;

/// <summary>
/// Standard output, standard error, and the one line of progress that may be below them. The only file that accesses
/// the console.
/// </summary>
internal sealed class Terminal
{
    private const string ClearLine = "\r\e[2K";

    /// <summary>The width where it is unknown: the one that pwsh uses for redirected output.</summary>
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

    /// <summary>Whether a user can answer a prompt.</summary>
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

    /// <summary>Whether a user can see a line of progress; in a log it would be noise.</summary>
    public bool ShowsProgress { get; }

    /// <summary>
    /// Reads a line. A Unix terminal edits the line itself and, at Ctrl+C, drops the input typed so far; Console.In and
    /// the stream below it would keep that input and prepend it to the next line. After a single key has been read, the
    /// runtime has switched the terminal's own editing off permanently, and Console.In is used.
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

    /// <summary>Shows one line of progress, replacing the previous one; null clears it.</summary>
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

            // One column stays free: some terminals wrap in the last one.
            int room = Math.Max(1, (Console.WindowWidth > 0 ? Console.WindowWidth : DefaultWidth) - 1);
            Console.Error.Write(ClearLine + (line.Length > room ? line[..room] : line));
            _hasProgressLine = true;
        }
    }

    private void Write(TextWriter writer, string text, bool takesEscapes)
    {
        // The engine formats with colour for every terminal; this removes it where escapes are not supported.
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
