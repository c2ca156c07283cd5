#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# What only real PowerShell shows: its utility cmdlets in one pipeline with ours, its views, jobs and processes of its own.
#   dotnet build; pwsh -NoProfile -Command "Invoke-Pester tests/Dfss.Pester"

BeforeAll {
    $script:manifest = Join-Path $PSScriptRoot '../../module/Dfss/Dfss.psd1' -Resolve
    Import-Module $manifest -Force
    $script:peer = Start-DfssPeer -InMemory -Port 0
    $script:isolated = {
        param($text)
        $pwsh = (Get-Process -Id $PID).Path
        & $pwsh -NoProfile -NonInteractive -Command $text
    }
}

AfterAll {
    Remove-Module Dfss
}

Describe 'The pipeline' {
    BeforeEach {
        Push-Location (New-Item -ItemType Directory (Join-Path $TestDrive (New-Guid)))
        $null = New-Item -ItemType Directory in, out
    }

    AfterEach {
        Pop-Location
        Get-DfssFileInfo -Peer $peer | Should -Not -BeNullOrEmpty
    }

    It 'takes files of Get-ChildItem, brackets and spaces and all, and gives files for the next command' {
        Set-Content -LiteralPath 'in/[1] ü b.txt' 'one'
        Set-Content -LiteralPath 'in/c.txt' 'two'
        $hashes = Get-ChildItem in -File | Send-DfssFile -Peer $peer -Force | Receive-DfssFile -Destination out |
            Get-FileHash | Sort-Object Path
        $hashes.Count | Should -Be 2
        $hashes.Hash | Should -Be (Get-ChildItem in | Sort-Object FullName | Get-FileHash).Hash
    }

    It 'keeps folders in names with -RelativeTo' {
        $null = New-Item -ItemType Directory in/a, in/b
        Set-Content in/a/x 'ax'
        Set-Content in/b/x 'bx'
        (Get-ChildItem in -File -Recurse | Send-DfssFile -Peer $peer -RelativeTo in).Name | Sort-Object | Should -Be 'a/x', 'b/x'
        Receive-DfssFile 'a/x', 'b/x' -Peer $peer -Destination out | Get-Content | Sort-Object | Should -Be 'ax', 'bx'
    }

    It 'takes names and paths of Import-Csv' {
        Set-Content in/d 'd'
        Set-Content list.csv 'Path,Name', 'in/d,from csv'
        (Import-Csv list.csv | Send-DfssFile -Peer $peer).Name | Should -Be 'from csv'
    }

    It 'receives from a PSDrive to a PSDrive' {
        $null = New-PSDrive here FileSystem $PWD -Scope Global
        try {
            Set-Content in/e 'e'
            $file = Send-DfssFile here:/in/e -Peer $peer | Receive-DfssFile -Destination here:/out
            $file.FullName | Should -Be (Join-Path $PWD out e)
        }
        finally {
            Remove-PSDrive here
        }
    }

    It 'ends early for Select-Object -First' {
        1..30 | ForEach-Object { Set-Content "in/first$_" $_ }
        @(Send-DfssFile in/first* -Peer $peer -Force | Select-Object -First 1).Count | Should -Be 1
    }

    It 'ends for -ErrorAction Stop with the error id of the file' {
        Set-Content in/f 'f'
        { Send-DfssFile in/none, in/f -Peer $peer -ErrorAction Stop } | Should -Throw -ErrorId 'PathNotFound,*'
    }

    It 'goes on after one bad file otherwise' {
        Set-Content in/g 'g'
        $sent = Send-DfssFile in/none, in/g -Peer $peer -ErrorAction SilentlyContinue -ErrorVariable failed
        $sent.Name | Should -Be 'g'
        $failed.FullyQualifiedErrorId | Should -BeLike 'PathNotFound,*'
    }
}

Describe 'The peers' {
    It 'come from $env:DFSS_PEER where -Peer is missing' {
        $env:DFSS_PEER = "$($peer.Endpoint),"
        try {
            { Get-DfssFileInfo } | Should -Not -Throw
        }
        finally {
            Remove-Item env:DFSS_PEER
        }

        { Get-DfssFileInfo } | Should -Throw -ErrorId 'PeerMissing,*'
    }

    It 'run detached with a quote in the path, survive the session that started them, and keep what they hold' {
        $store = Join-Path $TestDrive "it's [1]"
        Set-Content (Join-Path $TestDrive kept) 'kept'
        $started = & $isolated "Import-Module '$manifest'; (Start-DfssPeer -Detached -Port 0 '$($store -replace "'", "''")') | ConvertTo-Json" |
            ConvertFrom-Json
        try {
            (Get-DfssPeer -Peer $started.Endpoint).ProcessId | Should -Be $started.ProcessId
            Send-DfssFile (Join-Path $TestDrive kept) -Peer $started.Endpoint | Should -Not -BeNullOrEmpty
        }
        finally {
            Stop-Process -Id $started.ProcessId
        }

        Wait-Process -Id $started.ProcessId -ErrorAction Ignore
        $again = Start-DfssPeer $store -Detached -Port 0
        $again.StoreId | Should -Be $started.StoreId
        (Get-DfssFileInfo -Peer $again).Name | Should -Be 'kept'
        $again | Stop-DfssPeer
        Get-Process -Id $again.ProcessId -ErrorAction Ignore | Should -BeNullOrEmpty
    }

    It 'say why they do not start, also when detached' {
        { Start-DfssPeer -InMemory -Detached -Port $peer.Port } | Should -Throw -ErrorId 'AddressUnavailable,*'
    }
}

Describe 'The module' {
    It 'has a valid manifest that names what it exports' {
        $info = Test-ModuleManifest $manifest
        $info.ExportedCmdlets.Keys | Sort-Object | Should -Be ((Get-Command -Module Dfss).Name | Sort-Object)
    }

    It 'exports the same after -Force, and after it was removed' {
        & $isolated "Import-Module '$manifest'; Import-Module '$manifest' -Force; (Get-Command -Module Dfss).Count" | Should -Be 7
        & $isolated "Import-Module '$manifest'; Remove-Module Dfss; Import-Module '$manifest'; (Get-Command -Module Dfss).Count" | Should -Be 7
    }

    It 'shows tables with sizes' {
        $path = Join-Path $TestDrive shown.bin
        [IO.File]::WriteAllBytes($path, [byte[]]::new(1536))
        $text = Send-DfssFile $path -Peer $peer -Force | Format-Table | Out-String -Width 120
        $text | Should -Match '1\.5 KB\s+1\s+1\s+shown\.bin'
        Get-DfssPeer | Out-String -Width 120 | Should -Match 'Running'
    }

    It 'has a help message for each parameter of its own' {
        $common = [System.Management.Automation.PSCmdlet]::CommonParameters + [System.Management.Automation.PSCmdlet]::OptionalCommonParameters
        foreach ($command in Get-Command -Module Dfss) {
            foreach ($parameter in $command.Parameters.Values | Where-Object Name -NotIn $common) {
                $message = $parameter.Attributes.Where({ $_ -is [Parameter] })[0].HelpMessage
                $message | Should -Not -BeNullOrEmpty -Because "$($command.Name) -$($parameter.Name) needs one"
            }
        }
    }

    It 'works in parallel runspaces' {
        $address = $peer.Endpoint
        1..4 | ForEach-Object { Set-Content (Join-Path $TestDrive "parallel$_") $_ }
        $names = 1..4 | ForEach-Object -Parallel {
            Import-Module $using:manifest
            (Send-DfssFile (Join-Path $using:TestDrive "parallel$_") -Peer $using:address).Name
        }
        $names | Sort-Object | Should -Be 'parallel1', 'parallel2', 'parallel3', 'parallel4'
    }
}
