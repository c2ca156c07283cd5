<#
.SYNOPSIS
    Runs the Pester suite with each Pester that is here: the newest 5 from 5.7 on, and the newest of each later major
    version.
.DESCRIPTION
    For processes of their own, since a session that has loaded the module, or Pester, cannot load another build of it.
    Invoke-Pester tests/Dfss.Pester does the same in a session that is there for it.

    A line for each version says how many passed, failed and were skipped, and lines before it which were skipped and
    why. The exit code is 1 if any did not pass.
.EXAMPLE
    pwsh -NoProfile -File tests/Dfss.Pester/Invoke-Suite.ps1 -Module artifacts/Dfss
.EXAMPLE
    pwsh -NoProfile -File tests/Dfss.Pester/Invoke-Suite.ps1 -PesterVersion 5.7.1
#>
param(
    # The folder of the module to test. Default: $env:DFSS_MODULE, else module/Dfss.
    [string] $Module,

    # The one version of Pester to run it with, in this process.
    [version] $PesterVersion
)

$ErrorActionPreference = 'Stop'
if ($PSVersionTable.PSVersion -lt [version]'7.6') {
    "Pester: skipped: it needs pwsh 7.6, this is $($PSVersionTable.PSVersion)."
    exit 0
}

if ($Module) { $env:DFSS_MODULE = (Get-Item -LiteralPath $Module).FullName }
# Pester 5 comes back to where it began by Set-Location -Path, which takes brackets for a pattern.
Set-Location -LiteralPath $PSScriptRoot

if (-not $PesterVersion) {
    $versions = @(Get-Module Pester -ListAvailable | ForEach-Object Version | Where-Object { $_ -ge '5.7' } |
        Group-Object Major | ForEach-Object { $_.Group | Sort-Object | Select-Object -Last 1 } | Sort-Object)
    if ($versions.Count -eq 0) {
        'Pester: skipped: Pester 5.7 or later is not installed (Install-PSResource Pester).'
        exit 0
    }

    $pwsh = [System.Environment]::ProcessPath
    if ([System.IO.Path]::GetFileNameWithoutExtension($pwsh) -eq 'dotnet') {
        # Installed as a .NET tool, PowerShell runs in dotnet's own process.
        $pwsh = @(Get-Command pwsh -CommandType Application)[0].Source
    }

    $isBad = $false
    foreach ($version in $versions) {
        & $pwsh -NoProfile -NonInteractive -File $PSCommandPath -PesterVersion $version
        $isBad = $isBad -or $LASTEXITCODE -ne 0
    }

    exit [int]$isBad
}

Import-Module Pester -RequiredVersion $PesterVersion
$result = Invoke-Pester $PSScriptRoot -PassThru
foreach ($test in $result.Skipped) {
    # Pester's text: 'is skipped, because ...'.
    $reason = "$($test.ErrorRecord | ForEach-Object { $_.Exception.Message })" -replace '^is skipped, because '
    "Skipped: $($test.ExpandedPath): $(if ($reason) { $reason } else { 'no reason given' })"
}

# Blocks and files too: an AfterAll that fails is no failed test. Where one fails with its tests, the tests are counted.
$silent = @(@($result.FailedBlocks) + @($result.FailedContainers) | Where-Object { $_.FailedCount -eq 0 })
$failed = $result.FailedCount + $silent.Count
"Pester $($result.Version): $($result.PassedCount) passed, $failed failed, $($result.SkippedCount) skipped"
exit [int]($result.Result -ne 'Passed')
