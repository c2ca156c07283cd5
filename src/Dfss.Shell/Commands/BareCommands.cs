using System.Management.Automation.Runspaces;

namespace Dfss.Shell.Commands;

/// <summary>
/// The few everyday commands that the bare engine lacks and an interactive user needs, implemented for the shell alone.
/// The module never contains them: in pwsh they would hide the real ones.
/// </summary>
internal static class BareCommands
{
    /// <summary>
    /// The engine's own <c>help</c> needs a default topic and Select-Object, which the bare engine lacks.
    /// </summary>
    private const string Help = """
        if ($args.Count -gt 0) {
            Get-Help @args
            return
        }

        'The commands of DFSS:'
        ''
        $commands = Get-Command -Module Dfss
        $width = 0
        foreach ($command in $commands) {
            $width = [Math]::Max($width, $command.Name.Length)
        }
        foreach ($command in $commands) {
            '    ' + $command.Name.PadRight($width + 2) + (Get-Help $command.Name).Synopsis
        }
        ''
        'help Send-DfssFile -Full          all about one of them, with examples; the same as Get-Help'
        'help about_Dfss                   the overview: names, peers, what is promised'
        'help about_Dfss_Troubleshooting   every error: what it means, what to do'
        """;

    public static void AddTo(InitialSessionState state)
    {
        state.Commands.Add(new SessionStateCmdletEntry("Write-Output", typeof(WriteOutputCommand), helpFileName: null));
        state.Commands.Add(new SessionStateCmdletEntry("Write-Host", typeof(WriteHostCommand), helpFileName: null));
        state.Commands.Add(new SessionStateCmdletEntry("Start-Sleep", typeof(StartSleepCommand), helpFileName: null));
        state.Commands.Add(new SessionStateCmdletEntry("Get-Location", typeof(GetLocationCommand), helpFileName: null));
        state.Commands.Add(new SessionStateCmdletEntry("Set-Location", typeof(SetLocationCommand), helpFileName: null));
        state.Commands.Add(new SessionStateCmdletEntry("Out-String", typeof(OutStringCommand), helpFileName: null));
        state.Commands.Add(new SessionStateCmdletEntry("Out-Screen", typeof(OutScreenCommand), helpFileName: null));
        state.Commands.Add(new SessionStateCmdletEntry("Out-File", typeof(OutFileCommand), helpFileName: null));
        state.Commands.Remove("help", typeof(SessionStateFunctionEntry));
        state.Commands.Add(new SessionStateFunctionEntry("help", Help));
    }
}
