using System.Management.Automation.Language;
using System.Text;

namespace Dfss.Shell;

/// <summary>Reads statements line by line and runs them, until <c>exit</c> or the end of the input.</summary>
internal sealed class PromptLoop(ShellSession session, ShellHost host, Terminal terminal)
{
    private readonly Lock _gate = new();
    private bool _isReading;
    private bool _isInterrupted;

    /// <summary>Ctrl+C: drops the input that has been typed and not yet run. Callable from any thread.</summary>
    public void Interrupt()
    {
        lock (_gate)
        {
            if (_isReading)
            {
                _isInterrupted = true;
                terminal.Write(Environment.NewLine + Prompt);
            }
        }
    }

    public void Run(string banner)
    {
        if (Terminal.CanAsk)
        {
            terminal.Write(banner + Environment.NewLine);
        }

        while (host.RequestedExitCode is null)
        {
            string? statements = ReadStatements();
            if (statements is null)
            {
                return;
            }

            session.Run(statements);
        }
    }

    /// <summary>One or more lines that together form complete statements; null at the end of the input.</summary>
    private string? ReadStatements()
    {
        StringBuilder text = new();
        string prompt = Prompt;
        while (true)
        {
            string? line = ReadLine(prompt, out bool isInterrupted);
            if (isInterrupted)
            {
                text.Clear();
            }

            if (line is null)
            {
                return text.Length > 0 ? text.ToString() : null;
            }

            // No newline at the end: it would make the parser report an incomplete expression as an error.
            text.Append(text.Length > 0 ? "\n" : string.Empty).Append(line);
            Parser.ParseInput(text.ToString(), out _, out ParseError[] errors);
            if (!errors.Any(error => error.IncompleteInput))
            {
                return text.ToString();
            }

            prompt = ">> ";
        }
    }

    private string Prompt => $"dfss {session.CurrentLocation}> ";

    /// <summary>A line, and whether Ctrl+C was pressed before the line was complete.</summary>
    private string? ReadLine(string prompt, out bool isInterrupted)
    {
        lock (_gate)
        {
            if (Terminal.CanAsk)
            {
                terminal.Write(prompt);
            }

            (_isReading, _isInterrupted) = (true, false);
        }

        string? line = Terminal.ReadLine();
        lock (_gate)
        {
            _isReading = false;
            isInterrupted = _isInterrupted;
        }

        return line;
    }
}
