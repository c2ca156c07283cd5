#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# The module as a whole: its manifest, its import, its help messages, its tables.

BeforeAll {
    . (Join-Path $PSScriptRoot Suite.ps1)
    $script:peer = Start-DfssPeer -InMemory -Port 0
}

AfterAll {
    Remove-Module Dfss
}

Describe 'The module' {
    It 'has a valid manifest that names what it exports' {
        $info = Test-ModuleManifest $manifest
        $info.ExportedCmdlets.Keys | Sort-Object | Should -Be ((Get-Command -Module Dfss).Name | Sort-Object)
    }

    It 'exports the same after -Force, and after it was removed' {
        $import = "Import-Module '$manifest'"
        $count = '(Get-Command -Module Dfss).Count'
        Invoke-Isolated "$import; $import -Force; $count" | Should -Be 36
        Invoke-Isolated "$import; Remove-Module Dfss; $import; $count" | Should -Be 36
    }

    It 'shows tables with sizes' {
        $path = Join-Path $TestDrive shown.bin
        [IO.File]::WriteAllBytes($path, [byte[]]::new(1536))
        $text = Send-DfssFile $path -Peer $peer -Force | Format-Table | Out-String -Width 120
        $text | Should -Match '1\.5 KB\s+1\s+1/1\s+shown\.bin'
        Get-DfssPeer | Out-String -Width 120 | Should -Match 'Running'
    }

    It 'has a help message for each parameter of its own' {
        $common = [System.Management.Automation.PSCmdlet]::CommonParameters +
            [System.Management.Automation.PSCmdlet]::OptionalCommonParameters
        foreach ($command in Get-Command -Module Dfss) {
            foreach ($parameter in $command.Parameters.Values | Where-Object Name -NotIn $common) {
                $message = $parameter.Attributes.Where({ $_ -is [Parameter] })[0].HelpMessage
                $message | Should -Not -BeNullOrEmpty -Because "$($command.Name) -$($parameter.Name) needs one"
            }
        }
    }
}
