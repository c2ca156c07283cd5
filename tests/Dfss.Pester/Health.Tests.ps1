#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# Get-DfssHealth: every result is an object, each failing check passes again by the command that it names.

BeforeAll {
    . (Join-Path $PSScriptRoot Suite.ps1)
    $script:store = Join-Path $TestDrive store
    $script:peer = Start-DfssPeer $store -Port 0 -MinimumFreeSpace 0
}

AfterAll {
    Remove-Module Dfss
}

Describe 'Get-DfssHealth' {
    It 'writes a result for every check, and none needs anything at a new peer' {
        $results = Get-DfssHealth -Peer $peer
        ($results.Check | Select-Object -Unique).Count | Should -Be 11
        $results | Where-Object Check -ne DISK_FILLING | Where-Object Status -ne Ok | Should -BeNullOrEmpty
    }

    It 'makes only the checks that are asked for, in whatever case' {
        (Get-DfssHealth $peer peer_down, SCRUB_LATE).Check | Should -Be 'PEER_DOWN', 'SCRUB_LATE'
    }

    It 'refuses a check that does not exist' {
        { Get-DfssHealth $peer NO_SUCH_CHECK } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
    }

    It 'completes the names of the checks' {
        $line = 'Get-DfssHealth -Check CLOCK'
        $completed = TabExpansion2 $line $line.Length
        $completed.CompletionMatches.CompletionText | Should -Be CLOCK_SKEW
    }

    It 'shows the status first' {
        $lines = (Get-DfssHealth $peer PEER_DOWN | Out-String -Width 120) -split '\r?\n' -match '\S'
        $lines[0] | Should -Match '^Status\s+Check\s+Where\s+Message'
        $lines[2] | Should -Match '^Ok\s+PEER_DOWN\s+localhost:\d+\s+It answers\.'
    }

    It 'finds a peer that was stopped, until its command has started it' {
        $other = Start-DfssPeer (Join-Path $TestDrive other) -Port 0
        $other | Stop-DfssPeer
        $down = Get-DfssHealth $other.Endpoint PEER_DOWN
        $down.Status | Should -Be Error
        $command = $down.Command -replace 'PATH', "'$(Join-Path $TestDrive other)'"
        $again = & ([scriptblock]::Create($command))
        (Get-DfssHealth $other.Endpoint PEER_DOWN).Status | Should -Be Ok
        $again | Stop-DfssPeer
    }

    It 'finds a scrub that is off and a quota that is reached, until the commands have restarted the peer' {
        $path = Join-Path $TestDrive content.bin
        [IO.File]::WriteAllBytes($path, [byte[]]::new(95000))
        $small = Start-DfssPeer (Join-Path $TestDrive small) -Port 0 -ScrubRate 0 -Quota 100000 -MinimumFreeSpace 0
        $null = Send-DfssFile $path -Peer $small
        $found = Get-DfssHealth $small SCRUB_LATE, DISK_FILLING
        $found.Status | Should -Be 'Warning', 'Error'
        foreach ($result in $found) {
            $null = & ([scriptblock]::Create($result.Command))
            (Get-DfssHealth $small.Endpoint $result.Check).Status | Should -Be Ok
        }

        Stop-DfssPeer $small.Endpoint
    }
}
