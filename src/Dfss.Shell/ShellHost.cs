using System.Globalization;
using System.Management.Automation.Host;
using Dfss.Shell.Commands;

namespace Dfss.Shell;

/// <summary>The host: the engine's view of the program.</summary>
internal sealed class ShellHost : PSHost
{
    private readonly ShellUserInterface _userInterface;

    public ShellHost(Terminal terminal, Version version)
    {
        _userInterface = new ShellUserInterface(terminal, MissingCommand);
        Version = version;
    }

    /// <summary>The code given to <c>exit</c>; null while <c>exit</c> has not run.</summary>
    public int? RequestedExitCode { get; set; }

    public override string Name => "dfss";

    public override Version Version { get; }

    public override Guid InstanceId { get; } = Guid.NewGuid();

    public override PSHostUserInterface UI => _userInterface;

    public override CultureInfo CurrentCulture { get; } = CultureInfo.CurrentCulture;

    public override CultureInfo CurrentUICulture { get; } = CultureInfo.CurrentUICulture;

    public override void SetShouldExit(int exitCode) => RequestedExitCode = exitCode;

    /// <summary>Remembers the command that the engine has looked up and not found.</summary>
    public MissingCommand MissingCommand { get; } = new();

    /// <summary>
    /// Cleans up after a pipeline: clears the progress line of a stopped command and shows a pending hint.
    /// </summary>
    public void EndPipeline() => _userInterface.EndPipeline();

    /// <summary>Sends output to standard error until the result is disposed.</summary>
    public IDisposable RedirectOutputToError() => _userInterface.RedirectOutputToError();

    public override void EnterNestedPrompt() =>
        throw new NotSupportedException("dfss has no nested prompt; pwsh has (https://aka.ms/powershell).");

    public override void ExitNestedPrompt() => throw new NotSupportedException("dfss has no nested prompt.");

    public override void NotifyBeginApplication()
    {
    }

    public override void NotifyEndApplication()
    {
    }
}
