<#
.SYNOPSIS
    Builds, tests, packs and installs DFSS. The one entry for people and for CI.
.DESCRIPTION
    For pwsh 7.6 on Windows, Linux and macOS; also runs in dfss, since it uses only the language, .NET and native commands.
.EXAMPLE
    ./build.ps1                # Build, Test, Pack
.EXAMPLE
    ./build.ps1 -Task Install  # builds, packs, and copies the module to where pwsh finds it
#>
[CmdletBinding()]
param(
    [ValidateSet('Build', 'Test', 'Pack', 'Install', 'Clean')]
    [string[]] $Task = @('Build', 'Test', 'Pack'),

    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Release',

    # The folder of modules that Install copies to. Default: the user's own.
    [string] $ModulePath
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$solution = [System.IO.Path]::Combine($PSScriptRoot, 'Dfss.sln')
$module = [System.IO.Path]::Combine($PSScriptRoot, 'module', 'Dfss')
$artifacts = [System.IO.Path]::Combine($PSScriptRoot, 'artifacts')
$package = [System.IO.Path]::Combine($artifacts, 'Dfss')

function Say([string] $Text) { [System.Console]::WriteLine($Text) }

function Invoke-DotNet {
    Say "dotnet $args"
    & dotnet @args
    if ($LASTEXITCODE -ne 0) { throw "dotnet $($args[0]) ended with exit code $LASTEXITCODE." }
}

function Remove-Folder([string] $Path) {
    if ([System.IO.Directory]::Exists($Path)) { [System.IO.Directory]::Delete($Path, $true) }
}

function Copy-Folder([string] $From, [string] $To) {
    foreach ($file in [System.IO.Directory]::GetFiles($From, '*', 'AllDirectories')) {
        $target = [System.IO.Path]::Combine($To, [System.IO.Path]::GetRelativePath($From, $file))
        $null = [System.IO.Directory]::CreateDirectory([System.IO.Path]::GetDirectoryName($target))
        [System.IO.File]::Copy($file, $target, $true)
    }
}

function Build { Invoke-DotNet build $solution --configuration $Configuration --nologo }

function Test {
    Invoke-DotNet test $solution --configuration $Configuration --nologo
    $suite = [System.IO.Path]::Combine($PSScriptRoot, 'tests', 'Dfss.Pester')
    $pester = @(Get-Module Pester -ListAvailable).Where({ $_.Version -ge '5.7' })
    if (-not [System.IO.Directory]::Exists($suite)) {
        Say 'Pester: skipped: there is no tests/Dfss.Pester.'
    } elseif ($PSVersionTable.PSVersion -lt '7.6' -or $Host.Name -eq 'dfss') {
        Say 'Pester: skipped: it needs pwsh 7.6.'
    } elseif ($pester.Count -eq 0) {
        Say 'Pester: skipped: Pester 5.7 or later is not installed (Install-PSResource Pester).'
    } else {
        # In a process of its own: a session that has loaded the module cannot load another build of it.
        $own = [System.IO.Path]::Combine($PSHOME, $(if ($IsWindows) { 'pwsh.exe' } else { 'pwsh' }))
        $pwsh = if ([System.IO.File]::Exists($own)) { $own } else { 'pwsh' }
        $run = "`$result = Invoke-Pester '$($suite.Replace("'", "''"))' -PassThru; exit [int](`$result.Result -ne 'Passed')"
        & $pwsh -NoProfile -NonInteractive -Command "Import-Module Pester -MinimumVersion 5.7; $run"
        if ($LASTEXITCODE -ne 0) { throw "The Pester suite ended with exit code $LASTEXITCODE." }
    }
}

# Makes artifacts/Dfss, which Publish-PSResource takes as it is.
function Pack {
    Invoke-DotNet build ([System.IO.Path]::Combine($PSScriptRoot, 'src', 'Dfss.PowerShell')) --configuration $Configuration --nologo
    Remove-Folder $package
    Copy-Folder $module $package
    foreach ($file in [System.IO.Directory]::GetFiles($package, '*.pdb', 'AllDirectories')) { [System.IO.File]::Delete($file) }
    foreach ($name in 'LICENSE', 'THIRD-PARTY-NOTICES.md') {
        [System.IO.File]::Copy([System.IO.Path]::Combine($PSScriptRoot, $name), [System.IO.Path]::Combine($package, $name), $true)
    }

    Say "Packed: $package"
}

function Install {
    # Not an old package: what is installed is what lies here.
    if ($Task -notcontains 'Pack') { Pack }
    $modules = if ($ModulePath) {
        $PSCmdlet.GetUnresolvedProviderPathFromPSPath($ModulePath)
    } elseif ($IsWindows) {
        [System.IO.Path]::Combine([System.Environment]::GetFolderPath('MyDocuments'), 'PowerShell', 'Modules')
    } else {
        [System.IO.Path]::Combine([System.Environment]::GetFolderPath('UserProfile'), '.local', 'share', 'powershell', 'Modules')
    }

    $manifest = Test-ModuleManifest ([System.IO.Path]::Combine($package, 'Dfss.psd1'))
    $target = [System.IO.Path]::Combine($modules, 'Dfss', $manifest.Version)
    Remove-Folder $target
    Copy-Folder $package $target
    Say "Installed: $target"
}

function Clean {
    Invoke-DotNet clean $solution --configuration $Configuration --nologo
    Remove-Folder $artifacts
    foreach ($built in 'lib', 'en-US') { Remove-Folder ([System.IO.Path]::Combine($module, $built)) }
}

foreach ($name in $Task) {
    Say "== $name"
    & (Get-Command $name -CommandType Function)
}
