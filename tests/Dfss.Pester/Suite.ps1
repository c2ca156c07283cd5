# What every file of tests here starts with: dot-sourced in BeforeAll (and in BeforeDiscovery, where that needs the
# cmdlets), it finds the module, imports it, and gives $manifest, $pwsh and Invoke-Isolated. The module is the one that
# $env:DFSS_MODULE names, a folder with Dfss.psd1; else module/Dfss of this clone.

$moduleFolder = if ($env:DFSS_MODULE) {
    $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($env:DFSS_MODULE)
} else {
    [System.IO.Path]::GetFullPath([System.IO.Path]::Combine($PSScriptRoot, '..', '..', 'module', 'Dfss'))
}

if (-not [System.IO.File]::Exists([System.IO.Path]::Combine($moduleFolder, 'lib', 'Dfss.PowerShell.dll'))) {
    throw "There is no built module in '$moduleFolder'. Run 'dotnet build -c Release' first, or set " +
        '$env:DFSS_MODULE to a built one.'
}

$manifest = [System.IO.Path]::Combine($moduleFolder, 'Dfss.psd1')
# Not what the caller of Invoke-Pester prefers.
$ErrorActionPreference = 'Continue'
$pwsh = [System.Environment]::ProcessPath
if ([System.IO.Path]::GetFileNameWithoutExtension($pwsh) -eq 'dotnet') {
    # Installed as a .NET tool, PowerShell runs in dotnet's own process.
    $pwsh = @(Get-Command pwsh -CommandType Application)[0].Source
}

Import-Module $manifest -Force

# Runs a command in a process of its own, which has loaded nothing yet.
function Invoke-Isolated([string] $Command) {
    & $pwsh -NoProfile -NonInteractive -Command $Command
}
