#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# Plans as objects, and commands as jobs.

BeforeAll {
    . (Join-Path $PSScriptRoot Suite.ps1)
    $script:peers = foreach ($number in 1..2) { Start-DfssPeer -InMemory -Port 0 }
    $PSDefaultParameterValues['*-DfssFile*:Peer'] = $peers
}

AfterAll {
    $PSDefaultParameterValues.Remove('*-DfssFile*:Peer')
    Remove-Module Dfss
}

Describe 'A plan' {
    BeforeEach {
        Push-Location (New-Item -ItemType Directory (Join-Path $TestDrive (New-Guid)))
        Set-Content a ('x' * 10000) -NoNewline
        Set-Content b ('y' * 10000) -NoNewline
    }

    AfterEach {
        Get-DfssFileInfo | Remove-DfssFile -Force
        Pop-Location
    }

    It 'sums up a plan' {
        $null = Send-DfssFile a
        $plan = Send-DfssFile a, b -Force -PlanOnly
        ($plan | Measure-Object TransferBytes -Sum).Sum | Should -Be 20000
        ($plan | Measure-Object SavedBytes -Sum).Sum | Should -Be 20000
        (Get-DfssFileInfo).Name | Should -Be a
        $plan | Format-Table | Out-String | Should -Match 'Send\s+9\.8 KB\s+0 B\s+19\.5 KB\s+2\s+a'
    }

    It 'shows the target of a link' -Skip:$IsWindows {
        $null = New-Item -ItemType SymbolicLink link -Target $PWD/b
        (Send-DfssFile link -PlanOnly).LinkTarget | Should -Be (Get-Item b).FullName
    }
}

Describe 'A job' {
    BeforeEach {
        Push-Location (New-Item -ItemType Directory (Join-Path $TestDrive (New-Guid)))
        Set-Content a a
        Set-Content b b
    }

    AfterEach {
        Get-Job | Remove-Job -Force
        Get-DfssFileInfo | Remove-DfssFile -Force
        Pop-Location
    }

    It 'sends, receives, repairs and copies as jobs' {
        (Get-ChildItem | Send-DfssFile -AsJob | Receive-Job -Wait -AutoRemoveJob).Name | Should -Be a, b
        $received = Receive-DfssFile * out/ -AsJob | Receive-Job -Wait -AutoRemoveJob
        $received.FullName | Should -Be (Get-ChildItem out).FullName
        (Repair-DfssFile * -AsJob | Receive-Job -Wait -AutoRemoveJob).Name | Should -Be a, b
        $null = Copy-DfssFile a c -AsJob | Wait-Job
        (Get-DfssFileInfo).Name | Should -Be a, b, c
        Get-Job | Should -HaveCount 1
        (Get-Job).PSJobTypeName | Should -Be DfssJob
    }

    It 'goes on while the prompt is idle' {
        $job = Send-DfssFile a -AsJob
        $job.Finished.WaitOne(60000) | Should -BeTrue
        $job.State | Should -Be Completed
    }

    It 'takes drives and the location of its start' {
        $null = New-PSDrive -Name J -PSProvider FileSystem -Root $PWD
        $job = & { Set-Location J:/; Send-DfssFile a, J:/b -AsJob; Set-Location / }
        ($job | Wait-Job -Timeout 60 | Receive-Job).Name | Should -Be a, b
    }

    It 'has the errors, the warnings and the verbose lines of the command' {
        $job = Send-DfssFile a, none -Verbose -AsJob | Wait-Job -Timeout 60
        $job.State | Should -Be Completed
        $job.Error.FullyQualifiedErrorId | Should -Be 'PathNotFound,Dfss.Commands.SendDfssFileCommand'
        $job.Verbose | Should -Not -BeNullOrEmpty
        { $job | Receive-Job -ErrorAction Stop } | Should -Throw '*none*'
        (Send-DfssFile a -Peer localhost:1 -AsJob | Wait-Job -Timeout 60).State | Should -Be Failed
    }

    It 'uses the peers of its session' {
        $told = Invoke-Isolated (
            "Import-Module '$manifest'; `$null = Start-DfssPeer -InMemory -Port 0; " +
            "(Send-DfssFile '$PWD/a' -AsJob | Receive-Job -Wait).Name")
        $told | Should -Be a
    }

    It 'ends with its process, and leaves no error' {
        $told = Invoke-Isolated (
            "Import-Module '$manifest'; " +
            "`$job = Send-DfssFile '$PWD/a' -Peer $($peers[0].Endpoint) -BandwidthLimit 1 -AsJob; 'started'")
        $told | Should -Be started
    }

    It 'runs in a background job of PowerShell where the module is in the module path' {
        $before = $env:PSModulePath
        $env:PSModulePath = (Split-Path (Split-Path $manifest)) + [IO.Path]::PathSeparator + $before
        $env:DFSS_PEER = $peers.Endpoint -join ','
        try {
            $job = Send-DfssFile a &
            ($job | Wait-Job -Timeout 60 | Receive-Job).Name | Should -Be a
        } finally {
            $env:PSModulePath = $before
            $env:DFSS_PEER = $null
        }
    }
}
