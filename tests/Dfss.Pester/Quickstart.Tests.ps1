#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# The first script that a reader runs, as it is, in a pwsh of its own.

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
