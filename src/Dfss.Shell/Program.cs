using System.Management.Automation;
using System.Reflection;

namespace Dfss.Shell;

/// <summary>dfss: the PowerShell engine with the Dfss module.</summary>
internal static class Program
{
    /// <summary>Where it is set, the engine does not report its use to Microsoft.</summary>
    private const string TelemetryOptOut = "POWERSHELL_TELEMETRY_OPTOUT";

    public static int Main(string[] arguments)
    {
        // Before the first use of the engine. To set it up would cost each start 280 methods and 2 MB, too.
        Environment.SetEnvironmentVariable(TelemetryOptOut, "1");
        Terminal terminal = new();
        ShellOptions options;
        try
        {
            options = ShellOptions.Parse(arguments);
        }
        catch (ArgumentException e)
        {
            terminal.WriteError($"{e.Message}{Environment.NewLine}");
            return ExitCodes.Usage;
        }

        switch (options.Mode)
        {
            case ShellMode.Help:
                terminal.Write(ShellOptions.Usage + Environment.NewLine);
                return ExitCodes.Success;
            case ShellMode.Version:
                terminal.Write(VersionLine + Environment.NewLine);
                return ExitCodes.Success;
            case ShellMode.File when !File.Exists(options.Text):
                terminal.WriteError($"There is no script '{options.Text}'.{Environment.NewLine}");
                return ExitCodes.Usage;
            default:
                return RunSession(options, terminal);
        }
    }

    private static string VersionLine =>
        $"dfss {VersionOf(typeof(Program))} (PowerShell engine {VersionOf(typeof(PSObject))}, .NET "
            + $"{Environment.Version})";

    private static string Banner =>
        $"""
        {VersionLine}
        This is not pwsh: it is the bare engine with the Dfss module. `help` lists the commands, `exit` leaves.
        """;

    private static int RunSession(ShellOptions options, Terminal terminal)
    {
        ShellHost host = new(terminal, typeof(Program).Assembly.GetName().Version ?? new Version(0, 0));
        using Interruption interruption = new(isPrompt: options.Mode == ShellMode.Prompt && Terminal.CanAsk);
        ShellSession session;
        try
        {
            session = ShellSession.Open(host, ModuleLocation.Find());
        }
        catch (Exception e) when (e is RuntimeException or FileNotFoundException)
        {
            terminal.WriteError($"dfss cannot start. {e.Message}{Environment.NewLine}");
            return ExitCodes.Failure;
        }

        int exitCode;
        using (session)
        {
            interruption.Watch(session);
            exitCode = Run(options, session, host, interruption, terminal);
            interruption.BeginClosing();
        }

        return interruption.ExitCode ?? exitCode;
    }

    private static int Run(
        ShellOptions options, ShellSession session, ShellHost host, Interruption interruption, Terminal terminal)
    {
        bool succeeded = true;
        switch (options.Mode)
        {
            case ShellMode.File:
                succeeded = session.RunFile(options.Text, options.Arguments);
                break;
            case ShellMode.Command:
                succeeded = session.Run(options.Text);
                break;
            default:
                PromptLoop prompt = new(session, host, terminal);
                interruption.Interrupted = prompt.Interrupt;
                prompt.Run(Banner);
                break;
        }

        return host.RequestedExitCode ?? (succeeded ? ExitCodes.Success : ExitCodes.Failure);
    }

    private static string VersionOf(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split(
            '+', ' ')[0]
        ?? type.Assembly.GetName().Version?.ToString()
        ?? "unknown";
}
