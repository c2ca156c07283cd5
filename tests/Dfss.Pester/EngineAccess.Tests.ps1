#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# Credentials for an engine by the name of a secret: a module in the place of SecretManagement, found by its path.

BeforeAll {
    . (Join-Path $PSScriptRoot Suite.ps1)
    $folder = New-Item -ItemType Directory "$TestDrive/modules/Microsoft.PowerShell.SecretManagement"
    Set-Content "$folder/Microsoft.PowerShell.SecretManagement.psm1" @'
function Get-Secret {
    [CmdletBinding()]
    param([Parameter(Mandatory)][string] $Name)
    switch ($Name) {
        'engine' { [pscredential]::new('key', (ConvertTo-SecureString 'hidden' -AsPlainText -Force)) }
        'text' { 'hidden' }
        default { Write-Error "The secret $Name was not found." }
    }
}
'@
    $script:formerPath = $env:PSModulePath
    # Nothing listens there.
    $script:store = 's3://bucket/store?endpoint=http://127.0.0.1:1'
}

AfterAll {
    $env:PSModulePath = $formerPath
    Remove-Module Microsoft.PowerShell.SecretManagement -ErrorAction Ignore
    Remove-Module Dfss
}

Describe 'A secret that -Credential names' {
    It 'takes the module that reads secrets' -Skip:([bool] (Get-Module -ListAvailable *.SecretManagement)) {
        { Start-DfssPeer -Store $store -Credential engine -Port 0 } |
            Should -Throw -ErrorId 'SecretModuleMissing,*'
    }

    It 'is found by the path of modules, and gives the credentials' {
        $env:PSModulePath = "$TestDrive/modules" + [System.IO.Path]::PathSeparator + $env:PSModulePath
        # The engine does not answer: the credentials were there, and no error shows them.
        { Start-DfssPeer -Store $store -Credential engine -Port 0 } | Should -Throw -ErrorId 'StoreFailed,*'
        "$($Error[0] | Format-List * -Force | Out-String)" | Should -Not -Match 'hidden'
    }

    It 'is an error where it is <reason>' -ForEach @(
        @{ Name = 'absent'; Reason = 'not there'; Id = 'SecretNotFound,*' }
        @{ Name = 'text'; Reason = 'a text'; Id = 'SecretTypeWrong,*' }
    ) {
        $env:PSModulePath = "$TestDrive/modules" + [System.IO.Path]::PathSeparator + $formerPath
        { Start-DfssPeer -Store $store -Credential $Name -Port 0 } | Should -Throw -ErrorId $Id
        "$($Error[0] | Format-List * -Force | Out-String)" | Should -Not -Match 'hidden'
    }
}
