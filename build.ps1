<#
.SYNOPSIS
    Builds, tests, packs and installs DFSS. The one entry for people and for CI.
.DESCRIPTION
    For pwsh 7.6 on Windows, Linux and macOS; also runs in dfss, since it uses only the language, .NET and native
    commands. Any failure ends it with an error, and `pwsh -File build.ps1` with exit code 1.

    Build    builds the solution and lays out module/Dfss.
    Pack     makes artifacts/Dfss, which Publish-PSResource takes as it is, and checks what is in it.
    Test     runs the xunit tests, and where pwsh and Pester are, tests/Dfss.Pester: against the package when Pack
             came before it, else against module/Dfss.
    Install  copies the package to a folder of modules. A copy that fails half-way leaves the installed one as it was.
    Clean    deletes what a build, a test run or Pack has made in this clone.
.EXAMPLE
    ./build.ps1                        # Build, Pack, Test
.EXAMPLE
    ./build.ps1 -Task Install          # builds, packs, and copies the module to where pwsh finds it
.EXAMPLE
    pwsh -File build.ps1 -Task Build,Test
#>
[CmdletBinding()]
param(
    # What to do, in this order. One string with commas is split: that is what `pwsh -File` makes of a list.
    [ArgumentCompletions('Build', 'Test', 'Pack', 'Install', 'Clean')]
    [string[]] $Task = @('Build', 'Pack', 'Test'),

    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Release',

    # The folder of modules that Install copies to. Default: the user's own.
    [string] $ModulePath,

    # The address below which docs/cmdlets is published, for Get-Help -Online: https://HOST/PATH/docs/cmdlets.
    [uri] $HelpSite
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$tasks = 'Build', 'Test', 'Pack', 'Install', 'Clean'
$Task = @($Task.Split(',').Trim())
foreach ($name in $Task) {
    if ($name -notin $tasks) { throw "There is no task '$name'. Tasks are $($tasks -join ', ')." }
}

$solution = [System.IO.Path]::Combine($PSScriptRoot, 'Dfss.sln')
$module = [System.IO.Path]::Combine($PSScriptRoot, 'module', 'Dfss')
$artifacts = [System.IO.Path]::Combine($PSScriptRoot, 'artifacts')
$package = [System.IO.Path]::Combine($artifacts, 'Dfss')
$site = @(if ($HelpSite) { "-p:DfssHelpSite=$HelpSite" })
# Set by Pack, for Test and Install after it.
$packed = $false
# Those of src/Dfss.PowerShell/ModuleLayout.targets.
$runtimes = 'win-x64', 'win-arm64', 'linux-x64', 'linux-arm64', 'linux-musl-x64', 'osx-x64', 'osx-arm64'
$licenses = 'MIT', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', 'public domain'
# Of the engine, of the build and of the tests: never shipped, whatever the notices say.
$banned = '*.pdb', 'System.Management.Automation*', 'PowerShellStandard*', 'Markdig*', 'xunit*', '*.Tests.*',
    'Dfss.Testing*'

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

function Build { Invoke-DotNet build $solution --configuration $Configuration --nologo @site }

function Test {
    Invoke-DotNet test $solution --configuration $Configuration --nologo
    # In a process of its own: a session that has loaded the module cannot load another build of it.
    $own = [System.IO.Path]::Combine($PSHOME, $(if ($IsWindows) { 'pwsh.exe' } else { 'pwsh' }))
    $found = @(Get-Command pwsh -CommandType Application -ErrorAction Ignore)
    $pwsh = if ([System.IO.File]::Exists($own)) { $own } elseif ($found.Count -gt 0) { $found[0].Source }
    if ($null -eq $pwsh) {
        Say 'Pester: skipped: there is no pwsh here.'
        return
    }

    $suite = [System.IO.Path]::Combine($PSScriptRoot, 'tests', 'Dfss.Pester', 'Invoke-Suite.ps1')
    & $pwsh -NoProfile -NonInteractive -File $suite -Module $(if ($packed) { $package } else { $module })
    if ($LASTEXITCODE -ne 0) { throw "The Pester suite ended with exit code $LASTEXITCODE." }
}

function Pack {
    # For all platforms, not for this machine's alone.
    $project = [System.IO.Path]::Combine($PSScriptRoot, 'src', 'Dfss.PowerShell')
    $ahead = "-p:DfssAheadRuntimes=$($runtimes -join '%3B')"
    Invoke-DotNet build $project --configuration $Configuration --nologo $ahead @site
    Remove-Folder $package
    Copy-Folder $module $package
    foreach ($file in [System.IO.Directory]::GetFiles($package, '*.pdb', 'AllDirectories')) {
        [System.IO.File]::Delete($file)
    }

    foreach ($name in 'LICENSE', 'THIRD-PARTY-NOTICES.md') {
        $copy = [System.IO.Path]::Combine($package, $name)
        [System.IO.File]::Copy([System.IO.Path]::Combine($PSScriptRoot, $name), $copy, $true)
    }

    $manifest = Test-ModuleManifest ([System.IO.Path]::Combine($package, 'Dfss.psd1'))
    $files = @(foreach ($file in [System.IO.Directory]::GetFiles($package, '*', 'AllDirectories')) {
        [System.IO.Path]::GetRelativePath($package, $file).Replace('\', '/')
    })
    $notices = @(Read-Notices)
    $wrong = @(Compare-Version $manifest.Version; Compare-Files $files $notices; Compare-Notices $notices)
    if ($wrong.Count -gt 0) { throw "The package '$package' is not fit to publish:`n  $($wrong -join "`n  ")" }
    $script:packed = $true
    $portable = @($runtimes.Where({ "lib/runtimes/$_/lib/Dfss.Core.dll" -cnotin $files }))
    if ($portable.Count -gt 0) {
        $places = $portable -join ', '
        Say "Without machine code, so that a first command starts slower there: $places. The build says why."
    }

    Say "Packed: $package ($($manifest.Version), $($files.Count) files)"

    if (Get-Command Compress-PSResource -ErrorAction Ignore) {
        foreach ($old in [System.IO.Directory]::GetFiles($artifacts, '*.nupkg')) { [System.IO.File]::Delete($old) }
        Compress-PSResource -Path $package -DestinationPath $artifacts
        $archive = @([System.IO.Directory]::GetFiles($artifacts, '*.nupkg'))
        $wrong = @(foreach ($path in $archive) { Compare-Archive $path $files $manifest })
        if ($wrong.Count -gt 0) { throw "'$archive' is not fit to publish:`n  $($wrong -join "`n  ")" }
        Say "Packed: $($archive -join ', ')"
    } else {
        Say 'nupkg: skipped: Compress-PSResource (Microsoft.PowerShell.PSResourceGet 1.1 or later) is not here.'
    }
}

# The rows of THIRD-PARTY-NOTICES.md: component, files, license, copyright, origin.
function Read-Notices {
    foreach ($line in [System.IO.File]::ReadAllLines([System.IO.Path]::Combine($package, 'THIRD-PARTY-NOTICES.md'))) {
        $cells = @($line.Trim('|').Split('|').Trim())
        if ($cells.Count -eq 5 -and $cells[0] -notin 'component', '---') {
            $names = [System.Text.RegularExpressions.Regex]::Matches($cells[1], '`([^`]+)`')
            $files = @($names.ForEach({ $_.Groups[1].Value }))
            [pscustomobject]@{ Component = $cells[0]; Files = $files; License = $cells[2] }
        }
    }
}

# Each Compare function gives a line of text for whatever is wrong.
function Compare-Version([version] $Version) {
    foreach ($name in 'Dfss.Core', 'Dfss.Feedback', 'Dfss.Loader', 'Dfss.PowerShell', 'Dfss.Storage.S3') {
        $path = [System.IO.Path]::Combine($package, 'lib', "$name.dll")
        if (-not [System.IO.File]::Exists($path)) { continue }
        $built = [System.Reflection.AssemblyName]::GetAssemblyName($path).Version.ToString(3)
        if ($built -ne $Version.ToString()) { "Dfss.psd1 says version $Version, lib/$name.dll is $built." }
    }
}

function Compare-Files([string[]] $Files, [object[]] $Notices) {
    $expected = @('Dfss.psd1', 'Dfss.psm1', 'LICENSE', 'THIRD-PARTY-NOTICES.md', 'en-US/Dfss.PowerShell.dll-Help.xml',
        'lib/en-US/Dfss.PowerShell.dll-Help.xml')
    $pages = [System.IO.Path]::Combine($PSScriptRoot, 'docs', 'cmdlets')
    $expected += foreach ($page in [System.IO.Directory]::GetFiles($pages, 'about_*.md')) {
        "en-US/$([System.IO.Path]::GetFileNameWithoutExtension($page)).help.txt"
    }
    $managed = @('Dfss.Core.dll', 'Dfss.Feedback.dll', 'Dfss.PowerShell.dll'; $Notices.Files |
        Where-Object { $_ -notlike '*e_sqlite3.*' -or $_ -like 'SQLitePCLRaw*' })
    # What only a store in an engine needs is not compiled ahead.
    $late = @('Dfss.Storage.S3.dll'; $managed | Where-Object { $_ -like 'AWSSDK.*' })
    $managed = @($managed | Where-Object { $_ -notin $late })
    $expected += 'Dfss.Loader.dll', 'Dfss.PowerShell.deps.json' + $managed + $late | ForEach-Object { "lib/$_" }
    $expected += foreach ($runtime in $runtimes) {
        $native = if ($runtime -like 'win-*') {
            'e_sqlite3.dll'
        } elseif ($runtime -like 'osx-*') {
            'libe_sqlite3.dylib'
        } else {
            'libe_sqlite3.so'
        }
        "lib/runtimes/$runtime/native/$native"
        # Compiled for it where the compiler could be had for it (the build has said so), then all of them.
        if ($Files -ccontains "lib/runtimes/$runtime/lib/Dfss.Core.dll") {
            $managed + 'en-US/Dfss.PowerShell.dll-Help.xml' | ForEach-Object { "lib/runtimes/$runtime/lib/$_" }
        }
    }

    # Views, types and the like: what another of the module's own files names.
    $own = @($Files.Where({ $_ -match '^[^/]+\.ps\w+$' }))
    $expected += foreach ($file in $own) {
        foreach ($other in $own.Where({ $_ -ne $file })) {
            $text = [System.IO.File]::ReadAllText([System.IO.Path]::Combine($package, $other))
            if ($text.Contains("'$file'")) { $file }
        }
    }

    foreach ($file in $Files) {
        $name = $file.Substring($file.LastIndexOf('/') + 1)
        if ($banned.Where({ $name -like $_ })) {
            "$file must not be shipped."
        } elseif ($file -cnotin $expected) {
            $advice = if ($name -match '\.(dll|so|dylib)$') {
                ': give it a row in THIRD-PARTY-NOTICES.md if it is to be shipped'
            }
            "$file is not expected$advice."
        }
    }

    foreach ($file in $expected) {
        if ($file -cnotin $Files) { "$file is missing." }
    }
}

# The archive has the files of the package, byte for byte, and what NuGet adds; its nuspec says what the manifest says.
function Compare-Archive([string] $Path, [string[]] $Files, [object] $Manifest) {
    $zip = [System.IO.Compression.ZipFile]::OpenRead($Path)
    try {
        $names = @($zip.Entries.FullName)
        foreach ($file in $Files) {
            $entry = $zip.GetEntry($file)
            if ($null -eq $entry) { "$file is missing."; continue }
            $stream = $entry.Open()
            $packed = [System.Convert]::ToHexString([System.Security.Cryptography.SHA256]::HashData($stream))
            $stream.Dispose()
            $bytes = [System.IO.File]::ReadAllBytes([System.IO.Path]::Combine($package, $file))
            $own = [System.Convert]::ToHexString([System.Security.Cryptography.SHA256]::HashData($bytes))
            if ($packed -ne $own) { "$file differs from the one in '$package'." }
        }

        foreach ($name in $names) {
            if ($name -cnotin $Files -and $name -notmatch '^(_rels/|package/|\[Content_Types\]\.xml$|Dfss\.nuspec$)') {
                "$name is not expected."
            }
        }

        $spec = $zip.GetEntry('Dfss.nuspec')
        if ($null -eq $spec) { 'Dfss.nuspec is missing.'; return }
        $reader = [System.IO.StreamReader]::new($spec.Open())
        $metadata = ([xml] $reader.ReadToEnd()).package.metadata
        $reader.Dispose()
        $said = $metadata.id, $metadata.version, $metadata.licenseUrl, $metadata.description
        $expected = $Manifest.Name, "$($Manifest.Version)", "$($Manifest.LicenseUri)", $Manifest.Description
        foreach ($number in 0..3) {
            if ($said[$number] -cne $expected[$number]) {
                "Dfss.nuspec says '$($said[$number])', Dfss.psd1 '$($expected[$number])'."
            }
        }
    } finally {
        $zip.Dispose()
    }
}

function Compare-Notices([object[]] $Notices) {
    $text = [System.IO.File]::ReadAllText([System.IO.Path]::Combine($package, 'THIRD-PARTY-NOTICES.md'))
    foreach ($notice in $Notices) {
        if ($notice.License -notin $licenses) {
            "$($notice.Component) has the license '$($notice.License)'. Allowed are $($licenses -join ', ')."
        } elseif ($text -notmatch "(?m)^## $([System.Text.RegularExpressions.Regex]::Escape($notice.License))\s*$") {
            "THIRD-PARTY-NOTICES.md does not have the text of the license '$($notice.License)'."
        }
    }
}

function Install {
    # Not an old package: what is installed is what lies here.
    if (-not $packed) { Pack }
    $modules = if ($ModulePath) {
        $PSCmdlet.GetUnresolvedProviderPathFromPSPath($ModulePath)
    } elseif ($IsWindows) {
        [System.IO.Path]::Combine([System.Environment]::GetFolderPath('MyDocuments'), 'PowerShell', 'Modules')
    } elseif ($env:XDG_DATA_HOME) {
        [System.IO.Path]::Combine($env:XDG_DATA_HOME, 'powershell', 'Modules')
    } else {
        $profileFolder = [System.Environment]::GetFolderPath('UserProfile')
        [System.IO.Path]::Combine($profileFolder, '.local', 'share', 'powershell', 'Modules')
    }

    $version = (Test-ModuleManifest ([System.IO.Path]::Combine($package, 'Dfss.psd1'))).Version.ToString()
    $folder = [System.IO.Path]::Combine($modules, 'Dfss')
    $target = [System.IO.Path]::Combine($folder, $version)
    # No version, so PowerShell finds no module there. The next install removes what a killed install left.
    $new = [System.IO.Path]::Combine($folder, '.new')
    $old = [System.IO.Path]::Combine($folder, '.old')
    Remove-Folder $new
    Remove-Folder $old
    try {
        Copy-Folder $package $new
        if ([System.IO.Directory]::Exists($target)) { Move-Installed $target $old }
        try {
            [System.IO.Directory]::Move($new, $target)
        } catch {
            if ([System.IO.Directory]::Exists($old)) { [System.IO.Directory]::Move($old, $target) }
            throw
        }
    } finally {
        Remove-Folder $new
    }

    Remove-Folder $old
    Say "Installed: $target"
}

# Windows does not move a folder with a library that a process has loaded.
function Move-Installed([string] $From, [string] $To) {
    try {
        [System.IO.Directory]::Move($From, $To)
    } catch [System.IO.IOException], [System.UnauthorizedAccessException] {
        throw "'$From' is in use or not yours to change, and stays as it was. End what has imported Dfss " +
            "(every PowerShell session and detached peer), then install again. $($_.Exception.InnerException.Message)"
    }
}

function Clean {
    Remove-Folder $artifacts
    foreach ($made in 'lib', 'en-US') { Remove-Folder ([System.IO.Path]::Combine($module, $made)) }
    foreach ($part in 'src', 'tests') {
        $root = [System.IO.Path]::Combine($PSScriptRoot, $part)
        foreach ($project in [System.IO.Directory]::GetFiles($root, '*.csproj', 'AllDirectories')) {
            foreach ($made in 'bin', 'obj', 'TestResults') {
                Remove-Folder ([System.IO.Path]::Combine([System.IO.Path]::GetDirectoryName($project), $made))
            }
        }
    }
}

foreach ($name in $Task) {
    Say "== $name"
    & (Get-Command $name -CommandType Function)
}
