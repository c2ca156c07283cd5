using System.Globalization;
using System.Management.Automation.Host;

namespace Dfss.Shell;

/// <summary>What the engine sees of the program around it.</summary>
internal sealed class ShellHost(Terminal terminal, Version version) : PSHost
{
    private readonly ShellUserInterface _userInterface = new(terminal);

    /// <summary>What <c>exit</c> said, or null while nobody has said it.</summary>
    public int? RequestedExitCode { get; set; }

    public override string Name => "dfss";

    public override Version Version { get; } = version;

    public override Guid InstanceId { get; } = Guid.NewGuid();

    public override PSHostUserInterface UI => _userInterface;

    public override CultureInfo CurrentCulture { get; } = CultureInfo.CurrentCulture;

    public override CultureInfo CurrentUICulture { get; } = CultureInfo.CurrentUICulture;

    public override void SetShouldExit(int exitCode) => RequestedExitCode = exitCode;

    /// <summary>Takes away a line of progress that a stopped command has left.</summary>
    public void EndProgress() => terminal.ShowProgress(null);

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
