using System.Globalization;
using System.Management.Automation.Host;
using Dfss.Shell.Commands;

namespace Dfss.Shell;

/// <summary>What the engine sees of the program around it.</summary>
internal sealed class ShellHost : PSHost
{
    private readonly ShellUserInterface _userInterface;

    public ShellHost(Terminal terminal, Version version)
    {
        _userInterface = new ShellUserInterface(terminal, MissingCommand);
        Version = version;
    }

    /// <summary>What <c>exit</c> said, or null while nobody has said it.</summary>
    public int? RequestedExitCode { get; set; }

    public override string Name => "dfss";

    public override Version Version { get; }

    public override Guid InstanceId { get; } = Guid.NewGuid();

    public override PSHostUserInterface UI => _userInterface;

    public override CultureInfo CurrentCulture { get; } = CultureInfo.CurrentCulture;

    public override CultureInfo CurrentUICulture { get; } = CultureInfo.CurrentUICulture;

    public override void SetShouldExit(int exitCode) => RequestedExitCode = exitCode;

    /// <summary>Knows what the engine has looked for and not found.</summary>
    public MissingCommand MissingCommand { get; } = new();

    /// <summary>Tidies up after a pipeline: a line of progress that a stopped command has left, a hint not shown yet.</summary>
    public void EndPipeline() => _userInterface.EndPipeline();

    /// <summary>Until the answer is disposed of, what is output goes to standard error.</summary>
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
