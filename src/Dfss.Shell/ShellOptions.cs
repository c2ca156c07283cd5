namespace Dfss.Shell;

/// <summary>The action that the command line requests.</summary>
internal enum ShellMode
{
    /// <summary>Read statements from the terminal, or from standard input, until it ends.</summary>
    Prompt,

    /// <summary>Run a script file with arguments.</summary>
    File,

    /// <summary>Run the statements given on the command line.</summary>
    Command,

    /// <summary>Show the usage text.</summary>
    Help,

    /// <summary>Show the versions.</summary>
    Version,
}

/// <summary>The parsed command line.</summary>
internal sealed record ShellOptions
{
    public const string Usage = """
        dfss: the PowerShell engine with the Dfss module imported, for machines that have .NET and no pwsh.

          dfss                                    a prompt
          dfss -File script.ps1 [arguments ...]   runs a script
          dfss -Command "statements"              runs statements
          dfss -Version | -Help

        Exit code: what `exit` said; else 0, or 1 after a terminating error (with -Command also when the last
        statement failed); 64 for a command line like none of these; 130 after Ctrl+C; 143 after SIGTERM.
        Environment: DFSS_MODULE, the path of another Dfss.psd1 to import; NO_COLOR, plain text.
        """;

    public ShellMode Mode { get; init; }

    /// <summary>The script's path, or the statements.</summary>
    public string Text { get; init; } = string.Empty;

    /// <summary>The arguments after the script's path.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>
    /// Parses the command line. Case does not matter, and both <c>-x</c> and <c>--x</c> are accepted.
    /// </summary>
    /// <exception cref="ArgumentException">It matches none of the forms in <see cref="Usage"/>.</exception>
    public static ShellOptions Parse(IReadOnlyList<string> arguments)
    {
        if (arguments.Count == 0)
        {
            return new ShellOptions { Mode = ShellMode.Prompt };
        }

        string option = arguments[0].StartsWith("--", StringComparison.Ordinal) ? arguments[0][1..] : arguments[0];
        switch (option.ToUpperInvariant())
        {
            case "-FILE" or "-F":
                Require(arguments, "the path of a script");
                return new ShellOptions
                {
                    Mode = ShellMode.File,
                    Text = arguments[1],
                    Arguments = [.. arguments.Skip(2)]
                };
            case "-COMMAND" or "-C":
                Require(arguments, "the statements to run");
                return new ShellOptions { Mode = ShellMode.Command, Text = string.Join(' ', arguments.Skip(1)) };
            case "-HELP" or "-H" or "-?":
                return new ShellOptions { Mode = ShellMode.Help };
            case "-VERSION" or "-V":
                return new ShellOptions { Mode = ShellMode.Version };
            default:
                throw new ArgumentException($"dfss has no option '{arguments[0]}'. `dfss -Help` lists the options.");
        }
    }

    private static void Require(IReadOnlyList<string> arguments, string what)
    {
        if (arguments.Count < 2)
        {
            throw new ArgumentException($"{arguments[0]} needs {what}.");
        }
    }
}
