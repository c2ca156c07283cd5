#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# What commands of other modules do with our objects, and what a user may rely on without reading the help.

BeforeAll {
    . (Join-Path $PSScriptRoot Suite.ps1)
    $script:peer = Start-DfssPeer -InMemory -Port 0
    $PSDefaultParameterValues['*-Dfss*:Peer'] = $peer
}

AfterAll {
    $PSDefaultParameterValues.Remove('*-Dfss*:Peer')
    Remove-Module Dfss
}

Describe 'Our objects and the file cmdlets' {
    BeforeEach {
        Push-Location (New-Item -ItemType Directory (Join-Path $TestDrive (New-Guid)))
        Set-Content x 'local'
        $script:sent = Send-DfssFile x -Force
    }

    AfterEach {
        Pop-Location
    }

    It 'does not take a stored name for a local file' -ForEach @(
        @{ command = 'Remove-Item' }, @{ command = 'Get-Item' }, @{ command = 'Get-Content' }
        @{ command = 'Clear-Content' }, @{ command = 'Get-FileHash' }
    ) {
        $chunk = @(Get-DfssFileInfo x -Chunk)[0]
        foreach ($object in $sent, (Get-DfssFileInfo x), (Repair-DfssFile x), @(Test-DfssFile x -Detailed)[1], $chunk) {
            { $object | & $command -ErrorAction Stop } | Should -Throw
        }

        Get-Content x | Should -Be 'local'
    }

    It 'has no property that a file cmdlet takes for a path, but for local paths' {
        $names = Get-Command -Module Microsoft.PowerShell.Management, Microsoft.PowerShell.Utility,
            Microsoft.PowerShell.Archive |
            ForEach-Object { $_.Parameters.Values } |
            Where-Object { $_.Name -like '*Path' -and $_.Attributes.ValueFromPipelineByPropertyName -contains $true } |
            ForEach-Object { $_.Name; $_.Aliases } | Sort-Object -Unique
        $names | Should -Contain 'LiteralPath'
        $local = 'DfssClusterInfo.Path', 'DfssEncryptionKey.Path', 'DfssFileComparison.PSPath',
            'DfssFileComparison.FullName'
        $outputs = Get-Command -Module Dfss | ForEach-Object { $_.OutputType.Type } |
            Where-Object FullName -Like 'Dfss.*' | Sort-Object -Unique FullName
        $found = foreach ($type in $outputs) {
            $declared = $type.GetProperties().Name + (Get-TypeData $type.FullName).Members.Keys
            $declared | Where-Object { $_ -in $names } | ForEach-Object { "$($type.Name).$_" }
        }

        $found | Where-Object { $_ -notin $local } | Should -BeNullOrEmpty
    }

    It 'deletes what was sent by its SourcePath' {
        $sent.SourcePath | Should -Be (Get-Item x).FullName
        $sent | Remove-Item -LiteralPath { $_.SourcePath }
        Test-Path x | Should -BeFalse
    }
}

Describe 'What a user may rely on' {
    BeforeEach {
        Push-Location (New-Item -ItemType Directory (Join-Path $TestDrive (New-Guid)))
        Set-Content -LiteralPath 'disk [1].iso' 'image'
        $null = Send-DfssFile -LiteralPath 'disk [1].iso' -Force
    }

    AfterEach {
        Pop-Location
    }

    It 'offers stored names while the user types' {
        $line = 'Get-DfssFileInfo -Name di'
        $offered = (TabExpansion2 $line $line.Length).CompletionMatches
        $offered.ListItemText | Should -Contain 'disk [1].iso'
        $text = @($offered | Where-Object ListItemText -EQ 'disk [1].iso')[0].CompletionText
        (& ([scriptblock]::Create("Get-DfssFileInfo -Name $text"))).Name | Should -Be 'disk [1].iso'
    }

    It 'asks whether another case or one other letter was meant' {
        foreach ($name in 'Disk [1].iso', 'disk [2].iso') {
            { Get-DfssFileInfo -LiteralName $name -ErrorAction Stop } |
                Should -Throw "*Did you mean 'disk ``[1``].iso'?*"
        }
    }

    It 'removes by force without a question' {
        Remove-DfssFile -LiteralName 'disk [1].iso' -Force
        Get-DfssFileInfo -LiteralName 'disk [1].iso' -ErrorAction Ignore | Should -BeNullOrEmpty
    }
}
