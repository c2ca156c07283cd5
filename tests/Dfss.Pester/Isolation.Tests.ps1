#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# The module in fresh processes of real PowerShell: beside other modules, in jobs and runspaces, found without an
# import.

BeforeAll {
    . (Join-Path $PSScriptRoot Suite.ps1)
    $built = Join-Path $PSScriptRoot '../Dfss.Neighbour/bin'
    $script:neighbour = Get-ChildItem $built -Filter Dfss.Neighbour.dll -Recurse -ErrorAction Ignore |
        Sort-Object LastWriteTime | Select-Object -Last 1 -ExpandProperty FullName
    $script:data = Join-Path $TestDrive 'a.bin'
    [IO.File]::WriteAllBytes($data, [byte[]](1..200))
    $env:DFSS_TEST_MANIFEST = $manifest
    $env:DFSS_TEST_DATA = $data
    $env:DFSS_TEST_NEIGHBOUR = $neighbour

    # What a script block gives in a process of its own that has loaded nothing yet; its errors are part of it.
    function Invoke-Fresh([scriptblock] $Script) {
        $preferences = '$PSStyle.OutputRendering = ''PlainText''; $ErrorActionPreference = ''Stop'''
        & $pwsh -NoProfile -NonInteractive -Command "$preferences; $Script" 2>&1 | ForEach-Object { "$_" }
    }
}

AfterAll {
    Remove-Module Dfss
    Remove-Item env:DFSS_TEST_MANIFEST, env:DFSS_TEST_DATA, env:DFSS_TEST_NEIGHBOUR -ErrorAction Ignore
}

Describe 'Beside a module with another MessagePack and SQLite' {
    BeforeEach {
        if (-not $neighbour) { Set-ItResult -Skipped -Because 'tests/Dfss.Neighbour is not built: run dotnet build' }
    }

    It 'works when the other comes first' {
        Invoke-Fresh {
            Import-Module $env:DFSS_TEST_NEIGHBOUR
            Test-Neighbour
            Import-Module $env:DFSS_TEST_MANIFEST
            $peer = Start-DfssPeer (Join-Path (Split-Path $env:DFSS_TEST_DATA) store1) -Port 0
            (Send-DfssFile $env:DFSS_TEST_DATA -Peer $peer |
                Receive-DfssFile -Destination "$env:DFSS_TEST_DATA.1").Length
            Test-Neighbour
        } | Should -Be 'MessagePack 3.1.12, Sqlite 9.0.19', '200', 'MessagePack 3.1.12, Sqlite 9.0.19'
    }

    It 'works when ours comes first' {
        Invoke-Fresh {
            Import-Module $env:DFSS_TEST_MANIFEST
            $peer = Start-DfssPeer (Join-Path (Split-Path $env:DFSS_TEST_DATA) store2) -Port 0
            $sent = Send-DfssFile $env:DFSS_TEST_DATA -Peer $peer
            Import-Module $env:DFSS_TEST_NEIGHBOUR
            Test-Neighbour
            ($sent | Receive-DfssFile -Destination "$env:DFSS_TEST_DATA.2").Length
            [bool]('MessagePack.MessagePackReader' -as [type]).Assembly.Location.Contains('Neighbour')
        } | Should -Be 'MessagePack 3.1.12, Sqlite 9.0.19', '200', 'True'
    }
}

Describe 'The types' {
    It 'are ours by name and not those of our dependencies' {
        Invoke-Fresh {
            Import-Module $env:DFSS_TEST_MANIFEST
            $null = Start-DfssPeer -InMemory -Port 0
            [Dfss.DfssFileInfo].FullName
            $null -eq ('MessagePack.MessagePackReader' -as [type])
            $null -eq ('Microsoft.Data.Sqlite.SqliteConnection' -as [type])
        } | Should -Be 'Dfss.DfssFileInfo', 'True', 'True'
    }
}

Describe 'An import' {
    It 'works in strict mode, with -Prefix, and twice by force' {
        Invoke-Fresh {
            Set-StrictMode -Version Latest
            Import-Module $env:DFSS_TEST_MANIFEST -Prefix Our
            (Start-OurDfssPeer -InMemory -Port 0).State
            Import-Module $env:DFSS_TEST_MANIFEST -Force
            Import-Module $env:DFSS_TEST_MANIFEST -Force
            $peer = Start-DfssPeer -InMemory -Port 0
            (Send-DfssFile $env:DFSS_TEST_DATA -Peer $peer).Name
            @(Get-DfssPeer).Count
        } | Should -Be 'Running', 'a.bin', '1'
    }

    It 'is not needed where PSModulePath has the folder' {
        Invoke-Fresh {
            $env:PSModulePath = (Split-Path (Split-Path $env:DFSS_TEST_MANIFEST)) + [IO.Path]::PathSeparator +
                $env:PSModulePath
            (Get-Command Send-DfssFile).ModuleName
            (Start-DfssPeer -InMemory -Port 0).State
        } | Should -Be 'Dfss', 'Running'
    }

    It 'leaves nothing behind when it is removed' {
        Invoke-Fresh {
            Import-Module $env:DFSS_TEST_MANIFEST
            $ports = (Start-DfssPeer -InMemory -Port 0).Port, (Start-DfssPeer -InMemory -Port 0).Port
            Remove-Module Dfss
            @(Get-Command -Module Dfss).Count
            @([Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties().GetActiveTcpListeners() |
                Where-Object Port -In $ports).Count
            @(Get-TypeData Dfss.*).Count + @(Get-FormatData Dfss.*).Count
        } | Should -Be '0', '0', '0'
    }

    It 'of a second copy is refused with both places and what to do' {
        Copy-Item -Recurse (Split-Path $manifest) (Join-Path $TestDrive Dfss)
        $text = (Invoke-Fresh {
            Import-Module $env:DFSS_TEST_MANIFEST
            Import-Module (Join-Path (Split-Path $env:DFSS_TEST_DATA) Dfss Dfss.psd1) -Force
        }) -join ' ' -replace '\s+', ' '
        $text | Should -Match 'one copy only'
        $text | Should -Match 'start a new PowerShell'
    }

    It 'in a session of constrained language says what policy must allow' {
        (Invoke-Fresh {
            $ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'
            Import-Module $env:DFSS_TEST_MANIFEST
        }) -join ' ' -replace '\s+', ' ' | Should -Match 'not trusted'
    }

    It 'into a constrained session by its owner gives it the cmdlets' {
        Invoke-Fresh {
            $state = [initialsessionstate]::CreateDefault()
            $state.ImportPSModule([string[]]$env:DFSS_TEST_MANIFEST)
            $state.LanguageMode = 'ConstrainedLanguage'
            $session = [runspacefactory]::CreateRunspace($state)
            $session.Open()
            $script = [powershell]::Create($session)
            $null = $script.AddScript('$peer = Start-DfssPeer -InMemory -Port 0
                (Send-DfssFile $env:DFSS_TEST_DATA -Peer $peer).Name')
            $script.Invoke()
            $script.Streams.Error
        } | Should -Be 'a.bin'
    }
}

Describe 'Two versions' {
    It 'lie side by side, the newest is imported by name, and each works with peers of the other' {
        $env:DFSS_TEST_MODULES = Join-Path $TestDrive modules
        $env:DFSS_TEST_PWSH = $pwsh
        foreach ($version in '0.0.1', '9.0.0') {
            $copy = Join-Path $env:DFSS_TEST_MODULES Dfss $version
            Copy-Item -Recurse (Split-Path $manifest) $copy
            $text = Get-Content (Join-Path $copy Dfss.psd1) -Raw
            Set-Content (Join-Path $copy Dfss.psd1) ($text -replace "(ModuleVersion\s*= )'[^']*'", "`$1'$version'")
        }

        try {
            Invoke-Fresh {
                $env:PSModulePath = $env:DFSS_TEST_MODULES + [IO.Path]::PathSeparator + $env:PSModulePath
                $env:DFSS_PEER = (Start-DfssPeer -InMemory -Port 0).Endpoint
                "$((Get-Module Dfss).Version) $((Send-DfssFile $env:DFSS_TEST_DATA).Name)"
                & $env:DFSS_TEST_PWSH -NoProfile -NonInteractive -Command {
                    Import-Module Dfss -RequiredVersion 0.0.1
                    $file = Receive-DfssFile a.bin -Destination "$env:DFSS_TEST_DATA.old"
                    "$((Get-Module Dfss).Version) $($file.Length)"
                }
            } | Should -Be '9.0.0 a.bin', '0.0.1 200'
        } finally {
            Remove-Item env:DFSS_TEST_MODULES, env:DFSS_TEST_PWSH
        }
    }
}

Describe 'In parallel' {
    It 'runspaces use one peer by $using:' {
        Invoke-Fresh {
            Import-Module $env:DFSS_TEST_MANIFEST
            $peer = Start-DfssPeer -InMemory -Port 0
            1..6 | ForEach-Object -ThrottleLimit 3 -Parallel {
                Import-Module $env:DFSS_TEST_MANIFEST
                $sent = Send-DfssFile $env:DFSS_TEST_DATA -Name "p$_" -Peer $using:peer
                ($sent | Receive-DfssFile -Destination "$env:DFSS_TEST_DATA.p$_").Length
            }
            @(Get-DfssFileInfo p* -Peer $peer).Count
        } | Should -Be '200', '200', '200', '200', '200', '200', '6'
    }

    It 'a job of its own process sends to it, and gives objects with properties' {
        Invoke-Fresh {
            Import-Module $env:DFSS_TEST_MANIFEST
            $peer = Start-DfssPeer -InMemory -Port 0
            $sent = Start-Job {
                Import-Module $env:DFSS_TEST_MANIFEST
                Send-DfssFile $env:DFSS_TEST_DATA -Peer $using:peer
            } |
                Receive-Job -Wait -AutoRemoveJob
            $sent.Name, $sent.Length, $sent.pstypenames[0]
        } | Should -Be 'a.bin', '200', 'Deserialized.Dfss.DfssFileInfo'
    }

    It 'a thread job sends to it' {
        if (-not (Get-Command Start-ThreadJob -ErrorAction Ignore)) {
            Set-ItResult -Skipped -Because 'this pwsh has no module Microsoft.PowerShell.ThreadJob'
        }

        Invoke-Fresh {
            Import-Module $env:DFSS_TEST_MANIFEST
            $peer = Start-DfssPeer -InMemory -Port 0
            (Start-ThreadJob {
                Import-Module $env:DFSS_TEST_MANIFEST
                Send-DfssFile $env:DFSS_TEST_DATA -Peer $using:peer
            } |
                Receive-Job -Wait -AutoRemoveJob).Name
        } | Should -Be 'a.bin'
    }
}
