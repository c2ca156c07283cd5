<#
.SYNOPSIS
    Runs the Pester suite. The last line says how many passed and failed; the exit code is 1 if any did not pass.
.DESCRIPTION
    For a process of its own, since a session that has loaded the module cannot load another build of it.
    Invoke-Pester tests/Dfss.Pester does the same in a session that is there for it.
.EXAMPLE
    pwsh -NoProfile -File tests/Dfss.Pester/Invoke-Suite.ps1 -Module artifacts/Dfss
#>
param(
    # The folder of the module to test. Default: $env:DFSS_MODULE, else module/Dfss.
    [string] $Module
)

$ErrorActionPreference = 'Stop'
$pester = Get-Module Pester -ListAvailable | Where-Object Version -GE 5.7
if ($PSVersionTable.PSVersion -lt [version]'7.6') {
    "Pester: skipped: it needs pwsh 7.6, this is $($PSVersionTable.PSVersion)."
    exit 0
} elseif (-not $pester) {
    'Pester: skipped: Pester 5.7 or later is not installed (Install-PSResource Pester).'
    exit 0
}

Import-Module Pester -MinimumVersion 5.7
if ($Module) { $env:DFSS_MODULE = (Get-Item -LiteralPath $Module).FullName }
$result = Invoke-Pester $PSScriptRoot -PassThru
# Files and blocks too: a BeforeAll that fails is no failed test.
$failed = $result.FailedCount + $result.FailedBlocksCount + $result.FailedContainersCount
"Pester $($result.Version): $($result.PassedCount) passed, $failed failed, $($result.SkippedCount) skipped"
exit [int]($result.Result -ne 'Passed')
