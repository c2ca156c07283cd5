using System.Management.Automation.Language;
using System.Text;

namespace Dfss.Shell;

/// <summary>Reads statements, line by line, and runs them, until <c>exit</c> or the end of the input.</summary>
internal sealed class PromptLoop(ShellSession session, ShellHost host, Terminal terminal)
{
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

    /// <summary>One or more lines that together are whole, or null at the end of the input.</summary>
    private string? ReadStatements()
    {
        StringBuilder text = new();
        string prompt = $"dfss {session.CurrentLocation}> ";
        while (true)
        {
            if (Terminal.CanAsk)
            {
                terminal.Write(prompt);
            }

            string? line = Terminal.ReadLine();
            if (line is null)
            {
                return text.Length > 0 ? text.ToString() : null;
            }

            // No newline at the end: with one, the parser takes an open expression for a wrong one.
            text.Append(text.Length > 0 ? "\n" : string.Empty).Append(line);
            Parser.ParseInput(text.ToString(), out _, out ParseError[] errors);
            if (!errors.Any(error => error.IncompleteInput))
            {
                return text.ToString();
            }

            prompt = ">> ";
        }
    }
}
