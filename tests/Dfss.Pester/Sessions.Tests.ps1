#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# Invoke-Command -Session: another machine, as far as objects, streams and secrets go. The session is a process of this
# machine, so that neither SSH nor WinRM is needed, with a user profile of its own.

BeforeAll {
    . (Join-Path $PSScriptRoot Suite.ps1)
    $script:before = $env:XDG_STATE_HOME, $env:DFSS_CLUSTER_PASSPHRASE
    $env:XDG_STATE_HOME = "$TestDrive/boss"
    $env:DFSS_CLUSTER_PASSPHRASE = 'Xe7;quite-secret'
    $null = New-DfssCluster lab
    $script:issuer = Start-DfssPeer "$TestDrive/issuer" -Port 0 -Issuer
    $env:DFSS_CLUSTER_PASSPHRASE = $null
    Set-Content "$TestDrive/one.txt" 'one' -NoNewline

    $script:runspace = [runspacefactory]::CreateOutOfProcessRunspace($null)
    $runspace.Open()
    $script:session = [System.Management.Automation.Runspaces.PSSession]::Create($runspace, 'Process', $null)
    Invoke-Command -Session $session -ArgumentList $manifest, "$TestDrive" {
        param($manifest, $folder)
        $env:XDG_STATE_HOME = "$folder/ann"
        Import-Module $manifest
        Set-Location -LiteralPath $folder
    }
}

AfterAll {
    Remove-PSSession $session
    $runspace.Dispose()
    $issuer | Stop-DfssPeer
    $env:XDG_STATE_HOME, $env:DFSS_CLUSTER_PASSPHRASE = $before
    Remove-Module Dfss
}

Describe 'In a session of another machine' {
    It 'a cluster is joined by an invitation from here, and no stream shows it' {
        $invitation = New-DfssInvitation -Role Writer -Name ann
        $all = Invoke-Command -Session $session { Join-DfssCluster $using:invitation -Verbose -Debug } *>&1
        $joined = $all | Where-Object { $_.pstypenames -contains 'Deserialized.Dfss.DfssClusterInfo' }
        "$($joined.Role) $($joined.Identity)" | Should -Be 'Writer ann'
        ($all | Out-String -Width 20000) + ($all | Format-List * -Force | Out-String -Width 20000) |
            Should -Not -Match ([regex]::Escape($invitation.Substring($invitation.Length - 40)))
    }

    It 'an invitation is taken as a SecureString, and from the environment' {
        $secret = ConvertTo-SecureString (New-DfssInvitation -Role Reader) -AsPlainText -Force
        (Invoke-Command -Session $session { Join-DfssCluster $using:secret -Cluster second }).Name | Should -Be 'second'
        $invitation = New-DfssInvitation -Role Reader
        (Invoke-Command -Session $session {
            $env:DFSS_INVITATION = $using:invitation
            try { Join-DfssCluster -Cluster third } finally { $env:DFSS_INVITATION = $null }
        }).Name | Should -Be 'third'
    }

    It 'files are sent by name alone, and what comes back is shown and piped on here' {
        $sent = Invoke-Command -Session $session { Get-Item one.txt | Send-DfssFile -Cluster lab }
        $sent.pstypenames | Should -Contain 'Deserialized.Dfss.DfssFileInfo'
        ($sent | Format-Table | Out-String -Width 200) |
            Should -Match '1\s+\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\s+3 B\s+1\s+1/1\s+one\.txt'
        $back = $sent | Receive-DfssFile -Destination "$TestDrive/back/"
        Get-Content $back | Should -Be 'one'
        (Invoke-Command -Session $session { $using:sent | Test-DfssFile -Cluster lab }) | Should -BeTrue
    }

    It 'a peer that came from here is a peer to ask there' {
        (Invoke-Command -Session $session { Get-DfssPeer -Peer $using:issuer -Cluster lab }).StoreId |
            Should -Be $issuer.StoreId
    }

    It 'errors arrive with their ids and what to do' {
        $failed = @()
        $none = { Get-DfssFileInfo none.txt -Cluster lab }
        Invoke-Command -Session $session $none -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'FileNotFound,*'
        $failed[0].ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'a member that was revoked here is refused there at once' {
        Revoke-DfssCertificate ann -Confirm:$false
        $failed = @()
        $all = { Get-DfssFileInfo -Cluster lab }
        Invoke-Command -Session $session $all -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'CertificateRevoked,*'
    }
}
