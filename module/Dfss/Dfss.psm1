# Loads the cmdlets in a load context of their own (lib/Dfss.Loader.dll says why). Uses nothing but the language, .NET
# and Import-Module, so that it also runs in an engine without PowerShell's utility modules.
$ErrorActionPreference = 'Stop'
if ($ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') {
    $mode = $ExecutionContext.SessionState.LanguageMode
    throw "The files in '$PSScriptRoot' are not trusted by this machine's policy, and in $mode mode only trusted " +
        'modules load code. Allow the folder, or sign its files with a certificate that is allowed.'
}

$library = [System.IO.Path]::Combine($PSScriptRoot, 'lib')
$moduleLoader = 'Dfss.Loader.ModuleLoader' -as [type]
if ($null -eq $moduleLoader) {
    $loaderPath = [System.IO.Path]::Combine($library, 'Dfss.Loader.dll')
    if (-not [System.IO.File]::Exists($loaderPath)) {
        throw "'$loaderPath' is missing. In a clone of the repository, run 'dotnet build' first."
    }

    $moduleLoader = [System.Reflection.Assembly]::LoadFrom($loaderPath).GetType('Dfss.Loader.ModuleLoader')
}

$inner = Import-Module -Assembly $moduleLoader::Load($library) -PassThru

# Not TypesToProcess of Dfss.psd1: that comes before this file, and when another copy of the module is loaded it fails
# with "member is already present" for each member, instead of saying what the loader says.
$types = Import-Module ([System.IO.Path]::Combine($PSScriptRoot, 'Dfss.Types.psd1')) -PassThru

# In a run of Pester: Should -BeDfssIntact, Should -HaveDfssReplica.
foreach ($pester in Get-Module -Name Pester) {
    if ($pester.Version.Major -ge 5) {
        . ([System.IO.Path]::Combine($PSScriptRoot, 'Dfss.Should.ps1'))
        break
    }
}

# Without this, a second import (-Force, or after Remove-Module) exports nothing: PowerShell issue 20710.
$ExecutionContext.SessionState.Module.OnRemove = { $types, $inner | Remove-Module -Force }
