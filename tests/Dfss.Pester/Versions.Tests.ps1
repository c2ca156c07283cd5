#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# Copies within a store, earlier versions, removed files, and tests of files as objects.

BeforeAll {
    . (Join-Path $PSScriptRoot Suite.ps1)
    $script:cluster = New-DfssTestCluster 2
    $PSDefaultParameterValues['*-Dfss*:Peer'] = $cluster
}

AfterAll {
    $PSDefaultParameterValues.Remove('*-Dfss*:Peer')
    $cluster | Remove-DfssTestCluster
    Remove-Module Dfss
}

Describe 'What is stored already' {
    BeforeEach {
        Push-Location (New-Item -ItemType Directory (Join-Path $TestDrive (New-Guid)))
        Get-DfssFileInfo | Remove-DfssFile -Force
        foreach ($version in 1..3) {
            Set-Content report.txt "content $version"
            $null = Send-DfssFile report.txt -Force -KeepVersions 5
        }
    }

    AfterEach {
        Pop-Location
    }

    It 'copies without a transfer' {
        Copy-DfssFile report.txt archive/report.txt -PassThru | ForEach-Object Version | Should -BeGreaterThan 0
        Get-DfssFileInfo report.txt | Copy-DfssFile -NewName { "$($_.Name).1" } -Version 1
        Copy-DfssFile report.txt archive/report.txt -ErrorAction SilentlyContinue -ErrorVariable exists
        $exists.FullyQualifiedErrorId | Should -BeLike 'FileExists*'
        Remove-DfssFile report.txt -Force
        foreach ($peer in $cluster.Peers) { $null = Optimize-DfssStore -Peer $peer -GracePeriod 0 -Confirm:$false }
        Get-Content (Receive-DfssFile archive/report.txt -Destination out/) | Should -Be 'content 3'
        Get-Content (Receive-DfssFile report.txt.1 -Destination out/) | Should -Be 'content 1'
    }

    It 'copies to other peers' {
        $other = New-DfssTestCluster 3
        try {
            Copy-DfssFile * -Destination $other
            $copy = Get-DfssFileInfo report.txt -Peer $other
            $copy.Versions.Version | Should -Be (Get-DfssFileInfo report.txt).Versions.Version
            (Get-DfssFileInfo * | Copy-DfssFile -Destination $other -PassThru).Skipped | Should -Be $true
            Set-Content report.txt 'changed'
            $null = Send-DfssFile report.txt -Force
            Copy-DfssFile report.txt -Destination $other -ErrorAction SilentlyContinue -ErrorVariable exists
            $exists.FullyQualifiedErrorId | Should -BeLike 'FileExists*'
            Copy-DfssFile report.txt -Destination $other -Force
            Get-Content (Receive-DfssFile report.txt -Peer $other -Destination out/) | Should -Be 'changed'
        } finally {
            $other | Remove-DfssTestCluster
        }
    }

    It 'makes an earlier version the newest again' {
        $newest = (Get-DfssFileInfo report.txt).Version
        Restore-DfssFile report.txt -Version ($newest - 2)
        $file = Get-DfssFileInfo report.txt
        $file.Version | Should -Be ($newest + 1)
        $file.Versions.Version | Should -Be ($newest + 1), $newest, ($newest - 1)
        Get-Content (Receive-DfssFile report.txt -Destination out/) | Should -Be 'content 1'
        { Remove-DfssFile report.txt -Version $file.Version -Force -ErrorAction Stop } | Should -Throw '*newest*'
        Remove-DfssFile report.txt -Version $newest -Force
        (Get-DfssFileInfo report.txt).Versions.Version | Should -Be ($newest + 2), ($newest - 1)
    }

    It 'brings removed files back' {
        Copy-DfssFile report.txt other.txt
        Get-DfssFileInfo | Remove-DfssFile -Force
        Get-DfssFileInfo | Should -BeNullOrEmpty
        $removed = Get-DfssFileInfo report.txt, other.txt -Removed
        $removed.Name | Should -Be 'report.txt', 'other.txt'
        $removed.IsRemoved | Should -Be $true, $true
        $removed | Restore-DfssFile
        Get-DfssFileInfo | Should -BeDfssIntact
        (Get-DfssFileInfo).Name | Should -Be 'other.txt', 'report.txt'
        Get-Content (Receive-DfssFile report.txt -Destination out/) | Should -Be 'content 3'
        Get-DfssFileInfo report.txt, other.txt -Removed -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
    }

    It 'gives an object for each file' {
        Test-DfssFile * | Should -Be $true
        $test = Test-DfssFile * -PassThru
        $test.IsHealthy | Should -Be $true
        $test.PresentReplicas | Should -Be 2
        $test | Format-Table | Out-String | Should -Match 'Healthy\s+Copies\s+Missing\s+Bad\s+Lost\s+Name'
        $test | Repair-DfssFile | ForEach-Object Name | Should -Be report.txt
    }
}
