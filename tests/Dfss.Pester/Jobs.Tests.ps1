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
