#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# The scripts that a reader runs first, as they are, in a pwsh of their own.

BeforeAll {
    . (Join-Path $PSScriptRoot Suite.ps1)
}

AfterAll {
    Remove-Module Dfss
}

Describe 'examples/quickstart.ps1' {
    It 'passes, gives exit code 0, and has its peers on disk' {
        $script = Join-Path $PSScriptRoot '../../examples/quickstart.ps1' -Resolve
        # Imported first, so that it is the module under test; the script imports one only where none is.
        $text = Invoke-Isolated "Import-Module '$manifest'; & '$script'; exit [int](-not `$?)" | Out-String
        $LASTEXITCODE | Should -Be 0 -Because $text
        $text | Should -Match 'The quickstart has passed\.'
        $text | Should -Match 'Detached\s+Running\s+localhost:\d+'
    }
}

Describe 'examples/survival.ps1' {
    It 'passes and gives exit code 0' {
        $script = Join-Path $PSScriptRoot '../../examples/survival.ps1' -Resolve
        $text = Invoke-Isolated "Import-Module '$manifest'; & '$script' -Files 20; exit [int](-not `$?)" | Out-String
        $LASTEXITCODE | Should -Be 0 -Because $text
        $text | Should -Match 'The files have survived\.'
    }
}

Describe 'examples/cluster.ps1' {
    It 'admits another user, that sends and receives, within a minute' {
        $script = Join-Path $PSScriptRoot '../../examples/cluster.ps1' -Resolve
        $text = Invoke-Isolated "Import-Module '$manifest'; & '$script'; exit [int](-not `$?)" | Out-String
        $LASTEXITCODE | Should -Be 0 -Because $text
        $text | Should -Match 'The cluster works: from nothing to a file sent and received in [0-5]?\d\.\d s\.'
        $text | Should -Match 'The invitation was used before'
        $text | Should -Not -Match 'dfss-invitation:'
    }
}
