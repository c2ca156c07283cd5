#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# The first file, by its name. It gives the run a temporary folder and an environment variable of its own, so that
# Zero.Tests.ps1, the last, can tell what the run has left from what was there or is another's.

BeforeAll {
    # Not the user's folder on macOS: with ours below it, the path of pwsh's named pipe there would be too long.
    $parent = $IsMacOS ? '/private/tmp' : [System.IO.Path]::GetTempPath()
    $global:DfssSuite = @{
        Before = @{}
        Folder = [System.IO.Directory]::CreateDirectory((Join-Path $parent "dfss-suite-$PID")).FullName
    }
    $own = @{ DFSS_SUITE = "$(New-Guid)"; XDG_STATE_HOME = Join-Path $DfssSuite.Folder state }
    foreach ($variable in $IsWindows ? ('TEMP', 'TMP') : @('TMPDIR')) { $own[$variable] = $DfssSuite.Folder }
    foreach ($variable in $own.Keys) {
        $DfssSuite.Before[$variable] = [System.Environment]::GetEnvironmentVariable($variable)
        [System.Environment]::SetEnvironmentVariable($variable, $own[$variable])
    }
}

Describe 'Before all tests' {
    It 'there is a built module, and it is the one that is imported' {
        . (Join-Path $PSScriptRoot Suite.ps1)
        $DfssSuite.Module = $moduleFolder
        (Get-Module Dfss).Path | Should -Be (Join-Path $moduleFolder Dfss.psm1)
        Remove-Module Dfss
    }
}
