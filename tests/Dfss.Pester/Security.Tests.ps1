#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# Peers and commands with certificates: of an authority of one's own, made here, and of a cluster.

BeforeAll {
    . (Join-Path $PSScriptRoot Suite.ps1)
    $script:now = [System.DateTimeOffset]::UtcNow

    # A certificate with its key: an authority's, where no issuer is given.
    function New-TestCertificate([string] $Name, [string] $Use, $Issuer) {
        $curve = [System.Security.Cryptography.ECCurve+NamedCurves]::nistP256
        $key = [System.Security.Cryptography.ECDsa]::Create($curve)
        $request = [System.Security.Cryptography.X509Certificates.CertificateRequest]::new(
            "CN=$Name", $key, [System.Security.Cryptography.HashAlgorithmName]::SHA256)
        if (-not $Issuer) {
            $request.CertificateExtensions.Add(
                [System.Security.Cryptography.X509Certificates.X509BasicConstraintsExtension]::new($true, $false, 0,
                    $true))
            return $request.CreateSelfSigned($now.AddDays(-2), $now.AddDays(9))
        }

        $uses = [System.Security.Cryptography.OidCollection]::new()
        $null = $uses.Add([System.Security.Cryptography.Oid]::new($Use))
        $request.CertificateExtensions.Add(
            [System.Security.Cryptography.X509Certificates.X509EnhancedKeyUsageExtension]::new($uses, $false))
        $names = [System.Security.Cryptography.X509Certificates.SubjectAlternativeNameBuilder]::new()
        $names.AddDnsName('localhost')
        $request.CertificateExtensions.Add($names.Build($false))
        $serial = [byte[]](64, 1, 2, (Get-Random -Maximum 255), (Get-Random -Maximum 255))
        $issued = $request.Create($Issuer, $now.AddDays(-1), $now.AddDays(8), $serial)
        [System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions]::CopyWithPrivateKey($issued, $key)
    }

    $script:ca = New-TestCertificate 'Example CA'
    $script:ann = New-TestCertificate 'ann' '1.3.6.1.5.5.7.3.2' $ca
    $script:password = ConvertTo-SecureString 'Xe7;quite-secret' -AsPlainText -Force
    $peerCertificate = New-TestCertificate 'peer' '1.3.6.1.5.5.7.3.1' $ca
    [System.IO.File]::WriteAllBytes("$TestDrive/peer.pfx", $peerCertificate.Export('Pkcs12', 'Xe7;quite-secret'))
    [System.IO.File]::WriteAllBytes("$TestDrive/ann.pfx", $ann.Export('Pkcs12'))
    Set-Content "$TestDrive/ca.pem" $ca.ExportCertificatePem()
    Set-Content "$TestDrive/roles.json" '[ { "subject": "CN=ann", "role": "writer" } ]'
    Set-Content "$TestDrive/one.txt" 'one'
    $script:peer = Start-DfssPeer "$TestDrive/store" -Port 0 -Detached `
        -Certificate "$TestDrive/peer.pfx" -CertificatePassword $password `
        -TrustedAuthority "$TestDrive/ca.pem" -RoleFile "$TestDrive/roles.json"
}

AfterAll {
    $peer | Stop-DfssPeer
    Remove-Module Dfss
}

Describe 'A peer with a certificate' {
    It 'serves a user with a certificate and a role, given by $PSDefaultParameterValues' {
        $PSDefaultParameterValues = @{
            '*-Dfss*:Certificate' = "$TestDrive/ann.pfx"
            '*-Dfss*:TrustedAuthority' = "$TestDrive/ca.pem"
        }
        Get-ChildItem "$TestDrive/one.txt" | Send-DfssFile -Peer $peer | Should -Not -BeNullOrEmpty
        $back = Get-DfssFileInfo -Peer $peer | Receive-DfssFile -Destination "$TestDrive/back/"
        Get-Content $back | Should -Be 'one'
    }

    It 'takes certificates as objects, and files from the pipeline' {
        $asked = Get-DfssPeer -Peer $peer -Certificate $ann -TrustedAuthority $ca
        $asked.Identity | Should -Be 'peer'
        $asked.Encryption | Should -Be 'Tls13'
        $own = Get-Item "$TestDrive/ann.pfx"
        (Get-DfssFileInfo -Peer $peer -Certificate $own -TrustedAuthority (Get-Item "$TestDrive/ca.pem")) |
            Should -Not -BeNullOrEmpty
    }

    It 'gives a user without a certificate the advice to get one' {
        { Get-DfssFileInfo -Peer $peer } | Should -Throw -ErrorId 'TlsRequired,*'
        { Get-DfssFileInfo -Peer $peer -Certificate $ann } | Should -Throw -ErrorId 'AuthorityMissing,*'
        { Get-DfssFileInfo -Peer $peer -Certificate "$TestDrive/peer.pfx" -TrustedAuthority $ca } |
            Should -Throw -ErrorId 'CertificatePasswordWrong,*'
    }

    It 'keeps its key off the command line and out of the environment' -Skip:(-not $IsLinux) {
        $seen = [System.IO.File]::ReadAllText("/proc/$($peer.ProcessId)/cmdline") +
            [System.IO.File]::ReadAllText("/proc/$($peer.ProcessId)/environ")
        $seen | Should -BeLike '*-IdentityPipe*'
        $seen | Should -Not -BeLike '*quite-secret*'
    }

    It 'is needed beyond loopback' {
        { Start-DfssPeer -InMemory -Port 0 -Address 0.0.0.0 } | Should -Throw -ErrorId 'InvalidArgument,*'
    }
}

Describe 'A cluster' {
    BeforeAll {
        $script:before = $env:XDG_STATE_HOME, $env:DFSS_CLUSTER_PASSPHRASE
        $env:XDG_STATE_HOME = "$TestDrive/boss"
        $env:DFSS_CLUSTER_PASSPHRASE = 'Xe7;quite-secret'
        $script:cluster = New-DfssCluster lab
        $script:issuer = Start-DfssPeer "$TestDrive/issuer" -Port 0 -Issuer -Detached
    }

    AfterAll {
        $issuer | Stop-DfssPeer
        $env:XDG_STATE_HOME, $env:DFSS_CLUSTER_PASSPHRASE = $before
    }

    It 'is shown as a table and a list, without a secret' {
        $cluster | Out-String | Should -Match 'Admin\s+\S+\s+\d{4}-\d\d-\d\d\s+lab'
        $text = $cluster | Format-List * | Out-String
        $text | Should -Match 'IsIssuer\s*: True'
        $text | Should -Not -Match 'quite-secret|PRIVATE'
    }

    It 'is joined by an invitation that went through a process as one string, and works by itself from then on' {
        $invitation = New-DfssInvitation -Role Writer -Name ann
        $invitation | Should -BeOfType [string]
        $job = Start-Job -ArgumentList $manifest, $invitation, "$TestDrive/ann", "$TestDrive/one.txt" {
            param($manifest, $invitation, $state, $file)
            $env:XDG_STATE_HOME = $state
            Import-Module $manifest
            Join-DfssCluster $invitation
            Get-Item $file | Send-DfssFile
            (Receive-DfssFile one.txt -Destination "$state/back/").FullName
        }
        $joined, $sent, $back = $job | Receive-Job -Wait -AutoRemoveJob -ErrorAction Stop
        "$($joined.Role)" | Should -Be 'Writer'
        $sent.Name | Should -Be 'one.txt'
        Get-Content $back | Should -Be 'one'
        (Get-DfssFileInfo).Name | Should -Be 'one.txt'
    }

    It 'has its passphrase and its invitations on no command line, in no environment and no log' -Skip:(-not $IsLinux) {
        $invitation = New-DfssInvitation -Role Reader
        { Join-DfssCluster $invitation -Cluster second -WarningAction Stop } | Should -Not -Throw
        { Join-DfssCluster $invitation -Cluster third } | Should -Throw -ErrorId 'InvitationUsed,*'
        [System.IO.Directory]::Delete("$TestDrive/boss/dfss/clusters/second", $true)
        $command = [System.IO.File]::ReadAllText("/proc/$($issuer.ProcessId)/cmdline")
        $command | Should -BeLike '*-IdentityPipe*'
        $log = Get-Content "$TestDrive/issuer/peer.log" -Raw
        $log | Should -BeLike '*join failed*'
        foreach ($text in $command, $log) {
            $text | Should -Not -BeLike '*quite-secret*'
            $text.Contains($invitation.Substring($invitation.Length - 40)) | Should -BeFalse
        }
    }
}
