#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# The last file, by its name: zero is what must be left of the run. AtStart.Tests.ps1 gave the run a temporary folder
# and an environment variable of its own; here it is seen what is in that folder, and which processes have inherited the
# variable.

Describe 'After all tests' {
    BeforeAll {
        # A process that has just been told to end is not one that was left.
        function Wait-Empty([scriptblock] $Find) {
            $watch = [System.Diagnostics.Stopwatch]::StartNew()
            do { $found = @(& $Find) } while ($found.Count -gt 0 -and $watch.Elapsed.TotalSeconds -lt 60)
            $found
        }
    }

    BeforeEach {
        if (-not (Test-Path variable:global:DfssSuite)) {
            Set-ItResult -Skipped -Because 'AtStart.Tests.ps1 has not been run: run the whole folder'
        }
    }

    It 'no process is left' {
        Wait-Empty {
            if ($IsLinux) {
                foreach ($process in Get-ChildItem /proc -Directory | Where-Object Name -Match '^\d+$' |
                    Where-Object Name -NE $PID) {
                    try {
                        # An ended process that its parent has not waited for yet has an empty environment.
                        $text = [System.IO.File]::ReadAllText("$process/environ")
                    } catch [System.IO.IOException], [System.UnauthorizedAccessException] {
                        # It has ended, or is another user's.
                        continue
                    }

                    if ($text.Contains("DFSS_SUITE=$env:DFSS_SUITE`0")) {
                        "$($process.Name) $(Get-Content "$process/cmdline" -Raw)"
                    }
                }
            } else {
                # Nothing tells whose they are but the module that a detached peer's command line names.
                $start = (Get-Process -Id $PID).StartTime
                Get-Process pwsh -ErrorAction Ignore | ForEach-Object {
                    $isOurs = "$($_.CommandLine)".Contains($DfssSuite.Module)
                    if ($isOurs -and $_.Id -ne $PID -and $_.StartTime -ge $start) { "$($_.Id) $($_.CommandLine)" }
                }
            }
        } | Should -BeNullOrEmpty
    }

    It 'no port of this process is open' {
        if (-not $IsLinux) {
            Set-ItResult -Skipped -Because 'only Linux tells which process has a port'
        }

        $sockets = Get-ChildItem "/proc/$PID/fd" |
            ForEach-Object { if ($_.Target -match '^socket:\[(\d+)\]$') { $Matches[1] } }
        $listening = Get-Content /proc/net/tcp, /proc/net/tcp6 -ErrorAction Ignore | ForEach-Object {
            $fields = $_.Trim() -split '\s+'
            # 0A is LISTEN; the tenth field is the socket's number.
            if ($fields[3] -eq '0A' -and $fields[9] -in $sockets) { $fields[1] }
        }
        $listening | Should -BeNullOrEmpty
    }

    It 'no temporary file is left' {
        # Not ours: this file's own TestDrive, the files that .NET and pwsh keep for a killed process, and those that
        # pwsh makes where there is no HOME. The run's state folder stays: an interrupted send continues from it.
        $foreign = '^(CoreFxPipe_|dotnet-diagnostic-|clr-debug-pipe-|\.dotnet$|pwsh-.*-[0-9a-f-]{36}$|state$)'
        Get-ChildItem $DfssSuite.Folder -Force | Where-Object FullName -NE (Get-Item $TestDrive).FullName |
            Where-Object Name -NotMatch $foreign |
            ForEach-Object FullName | Should -BeNullOrEmpty
    }
}

AfterAll {
    if (-not (Test-Path variable:global:DfssSuite)) { return }

    foreach ($variable in $DfssSuite.Before.Keys) {
        [System.Environment]::SetEnvironmentVariable($variable, $DfssSuite.Before[$variable])
    }

    # Pester deletes TestDrive: after this, and minds if it is gone; so it gets one outside our folder.
    $drive = New-Item -ItemType Directory (Join-Path ([System.IO.Path]::GetTempPath()) (New-Guid))
    Remove-PSDrive TestDrive -Scope Global -Force
    $null = New-PSDrive TestDrive FileSystem $drive -Scope Global
    [System.IO.Directory]::Delete($DfssSuite.Folder, $true)
    Remove-Variable DfssSuite -Scope Global
}
