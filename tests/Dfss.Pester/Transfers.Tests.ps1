#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# Transfers of this process and of one that was killed.

BeforeAll {
    . (Join-Path $PSScriptRoot Suite.ps1)
    $script:peer = Start-DfssPeer -InMemory -Port 0
    $script:content = [byte[]]::new(20MB)
    $script:seed = 0

    # Waits until a condition holds: for what another process does, which sends no event.
    function Wait-Until([scriptblock] $Condition) {
        $watch = [Diagnostics.Stopwatch]::StartNew()
        while (-not (& $Condition)) {
            if ($watch.Elapsed.TotalSeconds -gt 60) { throw "Not within 60 s: $Condition" }
            Start-Sleep -Milliseconds 50
        }
    }
}

AfterAll {
    Remove-Module Dfss
}

Describe 'Transfers' {
    BeforeEach {
        Push-Location (New-Item -ItemType Directory (Join-Path $TestDrive (New-Guid)))

        # Another content for each test: the peer still has the chunks of the files before.
        [Random]::new(++$script:seed).NextBytes($content)
        [IO.File]::WriteAllBytes("$PWD/big", $content)
        (Get-Item big).LastWriteTime = '2026-01-02'
    }

    AfterEach {
        Get-Job | Remove-Job -Force
        Get-DfssTransfer | Stop-DfssTransfer
        Get-DfssFileInfo -Peer $peer | Remove-DfssFile -Force
        Pop-Location
    }

    It 'suspends, changes and resumes a job' {
        $job = Send-DfssFile big -Peer $peer -BandwidthLimit 1 -AsJob
        Wait-Until { Get-DfssTransfer -State Running }
        (Get-DfssTransfer | Suspend-DfssTransfer -PassThru).State | Should -Be Suspended
        Get-DfssTransfer | Set-DfssTransfer -BandwidthLimit 0
        Get-DfssTransfer | Format-Table | Out-String | Should -Match 'Send\s+Suspended\s+\d+%\s+20\.0 MB.*big'
        $job.State | Should -Be Running
        Get-DfssTransfer | Resume-DfssTransfer
        ($job | Wait-Job -Timeout 60).State | Should -Be Completed
        ($job | Receive-Job).Name | Should -Be big
        Get-DfssTransfer | Should -BeNullOrEmpty
    }

    It 'resumes in another process what was killed' {
        $before = (Get-DfssPeer -Peer $peer).Chunks
        $start = "Send-DfssFile '$PWD/big' -Name n/big -Peer $($peer.Endpoint) -BandwidthLimit 1MB -KeepVersions 2"
        $process = Start-Process $pwsh -PassThru -ArgumentList @(
            '-NoProfile', '-NonInteractive', '-Command', "`"Import-Module '$manifest'; $start`"")
        $state = Join-Path ($env:XDG_STATE_HOME ?? "$HOME/.local/state") dfss

        # A chunk a second, and a note of what is there each second.
        Wait-Until { (Get-DfssPeer -Peer $peer).Chunks -ge $before + 5 }
        $process.Kill($true)
        $process.WaitForExit()

        # The system may release the lock of its journal a moment later.
        Wait-Until { Get-DfssTransfer -State Interrupted }
        $found = Get-DfssTransfer
        $found.State | Should -Be Interrupted
        $found.Name | Should -Be n/big
        $found.TransferredBytes | Should -BeGreaterThan 0
        $found.Peers | Should -Be $peer.Endpoint
        Get-Content (Join-Path $state transfers *.json) -Raw | Should -Match 'KeepVersions'
        $found.BandwidthLimit | Should -Be 1MB
        $job = $found | Resume-DfssTransfer -AsJob
        Wait-Until { Get-DfssTransfer -State Running }
        Get-DfssTransfer | Set-DfssTransfer -BandwidthLimit 0
        ($job | Wait-Job -Timeout 60 | Receive-Job).Name | Should -Be n/big
        Get-DfssTransfer | Should -BeNullOrEmpty
    }

    It 'forgets what was interrupted' {
        $null = Send-DfssFile big -Peer $peer
        $job = Receive-DfssFile big out/ -Peer $peer -BandwidthLimit 1MB -ThrottleLimit 1 -AsJob
        Wait-Until { (Get-DfssTransfer).TransferredBytes -gt 0 }
        $job | Stop-Job
        $job.State | Should -Be Stopped
        (Get-DfssTransfer).State | Should -Be Interrupted
        Test-Path out/big.dfss-part | Should -BeTrue
        Get-DfssTransfer | Stop-DfssTransfer -Confirm:$false
        Test-Path out/big.dfss-part | Should -BeFalse
        Get-DfssTransfer | Should -BeNullOrEmpty
    }
}
