using System.Collections.Frozen;
using System.Management.Automation;

namespace Dfss.Shell.Commands;

/// <summary>Tells the user where to find the everyday commands that pwsh has and the bare engine lacks.</summary>
internal sealed class MissingCommand
{
    /// <summary>The commands that users try first; the list need not be complete.</summary>
    private static readonly FrozenSet<string> Known = FrozenSet.ToFrozenSet(
        (
            "Get-ChildItem gci ls dir Get-Content gc cat type Set-Content sc Add-Content ac Clear-Content Get-Item "
                + "gi Set-Item " +
            "New-Item ni mkdir md Remove-Item ri rm rmdir rd del erase Copy-Item cpi cp copy Move-Item mi mv move "
                + "Rename-Item ren " +
            "Get-ItemProperty Test-Path Join-Path Split-Path Resolve-Path Convert-Path Push-Location pushd "
                + "Pop-Location popd " +
            "Get-Date Get-Random Get-Member gm New-Object Add-Type Select-Object select Sort-Object sort "
                + "Measure-Object measure " +
            "Group-Object group Compare-Object diff Measure-Command Get-Unique Tee-Object tee Select-String sls " +
            "Format-Table ft Format-List fl Format-Wide fw Format-Custom Format-Hex Get-FileHash " +
            "ConvertTo-Json ConvertFrom-Json ConvertTo-Csv ConvertFrom-Csv Import-Csv Export-Csv Import-Clixml "
                + "Export-Clixml " +
            "ConvertTo-Html Start-Process saps Get-Process gps ps Stop-Process spps kill Wait-Process Get-Service " +
            "Invoke-Expression iex Invoke-WebRequest iwr curl wget Invoke-RestMethod irm Read-Host Write-Error "
                + "Write-Warning " +
            "Write-Verbose Write-Debug Write-Information Write-Progress Get-Variable gv Set-Variable sv New-Variable " +
            "Remove-Variable Get-Alias Set-Alias New-Guid New-TimeSpan Expand-Archive Compress-Archive Test-Connection "
                +
            "Import-PowerShellDataFile Get-Host Get-Culture New-TemporaryFile Start-ThreadJob Clear-Host cls clear"
        ).Split(' '),
        StringComparer.OrdinalIgnoreCase);

    private string? _lookedUp;

    /// <summary>
    /// Called by the engine when it has found no command of a name. It only remembers the name: the engine swallows an
    /// exception thrown here, and a command supplied here would make Get-Command find a command that does not exist.
    /// </summary>
    public void OnNotFound(object? sender, CommandLookupEventArgs lookup)
    {
        if (Known.Contains(lookup.CommandName))
        {
            _lookedUp = lookup.CommandName;
        }
    }

    /// <summary>The hint for an error that names the command looked up last, given once; otherwise null.</summary>
    public string? TakeHint(string error)
    {
        if (_lookedUp is not { } name || !error.Contains(name, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        _lookedUp = null;
        return $"'{name}' comes with PowerShell (pwsh, https://aka.ms/powershell); this is dfss, the bare engine with "
            + "the Dfss module. " +
            "Run it in pwsh after Import-Module Dfss, or use .NET types here, such as [System.IO.File].";
    }
}
