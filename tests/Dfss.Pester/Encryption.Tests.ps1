#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# Encrypted files, as a user of pwsh has them: keys in files, in SecureStrings and out of the pipeline.

BeforeAll {
    . (Join-Path $PSScriptRoot Suite.ps1)
    $script:peer = Start-DfssPeer -InMemory -Port 0
    $script:PSDefaultParameterValues = @{ '*-DfssFile*:Peer' = $peer.Endpoint }
    $script:key = New-DfssEncryptionKey "$TestDrive/files.key"
    Set-Content "$TestDrive/one.txt" 'one' -NoNewline
}

AfterAll {
    $peer | Stop-DfssPeer
    Remove-Module Dfss
}

Describe 'An encrypted file' {
    It 'goes round with the key of a file' {
        Get-ChildItem "$TestDrive/one.txt" | Send-DfssFile -EncryptionKey "$TestDrive/files.key" |
            Select-Object -ExpandProperty IsEncrypted |
            Should -BeTrue
        $back = Get-DfssFileInfo one.txt |
            Receive-DfssFile -Destination "$TestDrive/back/" -EncryptionKey "$TestDrive/files.key"
        Get-Content $back | Should -Be 'one'
    }

    It 'is read with a SecureString, as a vault gives it' {
        $secret = ConvertTo-SecureString (Get-Content "$TestDrive/files.key") -AsPlainText -Force
        Receive-DfssFile one.txt -Destination "$TestDrive/secure.txt" -EncryptionKey $secret
        Get-Content "$TestDrive/secure.txt" | Should -Be 'one'
    }

    It 'is not read without' {
        { Receive-DfssFile one.txt -Destination "$TestDrive/none.txt" -ErrorAction Stop } |
            Should -Throw -ErrorId 'KeyRequired,*'
        "$TestDrive/none.txt" | Should -Not -Exist
    }

    It 'shows which recipients can read it' {
        (Get-DfssFileInfo one.txt).Recipients | Should -Be $key.KeyId
        (Get-DfssFileInfo one.txt | Format-List | Out-String) | Should -Match $key.KeyId
    }

    It 'gets other recipients in a pipeline' {
        $other = New-DfssEncryptionKey
        Get-DfssFileInfo one.txt | Add-DfssFileRecipient -EncryptionKey $key -RecipientKey $other -PassThru |
            Remove-DfssFileRecipient -KeyId $key.KeyId -Confirm:$false
        { Receive-DfssFile one.txt -Destination "$TestDrive/none.txt" -EncryptionKey $key -ErrorAction Stop } |
            Should -Throw -ErrorId 'KeyWrong,*'
        Receive-DfssFile one.txt -Destination "$TestDrive/other.txt" -EncryptionKey $other
        Get-Content "$TestDrive/other.txt" | Should -Be 'one'
    }
}

Describe 'A hidden name' {
    BeforeAll {
        $script:hidden = @{ HiddenName = $true; EncryptionKey = "$TestDrive/files.key" }
        $script:sent = Get-Item "$TestDrive/one.txt" | Send-DfssFile -Name 'plans/2027.txt' @hidden
    }

    It 'is not what the peers have' {
        $sent.Name | Should -BeExactly 'plans/2027.txt'
        $sent.StoredName | Should -BeLike '~1~*'
        (Get-DfssFileInfo).Name | Should -Contain $sent.StoredName
        (Get-DfssFileInfo).Name | Should -Not -Contain 'plans/2027.txt'
        ($sent | Format-List | Out-String -Width 200) | Should -Match 'StoredName\s*: ~1~'
    }

    It 'is found by patterns and goes through pipelines' {
        $back = Get-DfssFileInfo 'plans/*' @hidden |
            Receive-DfssFile -Destination "$TestDrive/hidden/" -EncryptionKey "$TestDrive/files.key"
        $back.FullName | Should -BeLike '*2027.txt'
        Get-Content $back | Should -Be 'one'
        $sent | Select-Object Name, StoredName | Test-DfssFile | Should -BeTrue
        (Rename-DfssFile plans/2027.txt plans/2028.txt @hidden -PassThru).Name | Should -Be 'plans/2028.txt'
        Get-DfssFileInfo *2028* @hidden | Remove-DfssFile -Confirm:$false
        Get-DfssFileInfo * @hidden | Should -BeNullOrEmpty
    }

    It 'is not given away by a command that lacks the switch' {
        { Get-DfssFileInfo plans/2027.txt -EncryptionKey "$TestDrive/files.key" } |
            Should -Throw -ErrorId 'HiddenNameMissing,*'
    }
}
