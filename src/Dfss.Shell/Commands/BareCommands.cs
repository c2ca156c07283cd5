using System.Management.Automation.Runspaces;

namespace Dfss.Shell.Commands;

/// <summary>
/// The few everyday commands without which the engine is awkward: written anew, in the shell alone. The module never brings them,
/// since in pwsh they would stand in the way of the real ones.
/// </summary>
internal static class BareCommands
{
    public static void AddTo(InitialSessionState state)
    {
        state.Commands.Add(new SessionStateCmdletEntry("Write-Output", typeof(WriteOutputCommand), helpFileName: null));
        state.Commands.Add(new SessionStateCmdletEntry("Write-Host", typeof(WriteHostCommand), helpFileName: null));
        state.Commands.Add(new SessionStateCmdletEntry("Start-Sleep", typeof(StartSleepCommand), helpFileName: null));
        state.Commands.Add(new SessionStateCmdletEntry("Get-Location", typeof(GetLocationCommand), helpFileName: null));
        state.Commands.Add(new SessionStateCmdletEntry("Set-Location", typeof(SetLocationCommand), helpFileName: null));
        state.Commands.Add(new SessionStateCmdletEntry("Out-String", typeof(OutStringCommand), helpFileName: null));
        state.Commands.Add(new SessionStateCmdletEntry("Out-File", typeof(OutFileCommand), helpFileName: null));
    }
}
