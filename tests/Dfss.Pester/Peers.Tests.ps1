#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# Peers that outlive their session, and where their addresses come from.

BeforeAll {
    . (Join-Path $PSScriptRoot Suite.ps1)
    $script:peer = Start-DfssPeer -InMemory -Port 0
}

AfterAll {
    Remove-Module Dfss
}

Describe 'The peers' {
    It 'come from $env:DFSS_PEER where -Peer is missing' {
        $env:DFSS_PEER = "$($peer.Endpoint),"
        try {
            { Get-DfssFileInfo } | Should -Not -Throw
        }
        finally {
            Remove-Item env:DFSS_PEER
        }

        Invoke-Isolated "Import-Module '$manifest'; try { Get-DfssFileInfo } catch { `$_.FullyQualifiedErrorId }" |
            Should -BeLike 'PeerMissing,*'
    }

    It 'are those of this session where nothing names others' {
        $path = Join-Path $TestDrive own.txt
        Set-Content $path 'own'
        $sent = Send-DfssFile $path
        $sent.Peers | Should -Be (Get-DfssPeer).Endpoint
        $sent | Remove-DfssFile -Confirm:$false
    }

    It 'are those that Send-DfssFile uses where $env:DFSS_PEER names them' {
        $other = Start-DfssPeer -InMemory -Port 0
        $env:DFSS_PEER = $other.Endpoint
        try {
            (Get-DfssPeer)[0].Endpoint | Should -Be $other.Endpoint
            (Get-DfssPeer).Endpoint | Should -Contain $peer.Endpoint
        }
        finally {
            Remove-Item env:DFSS_PEER
            $other | Stop-DfssPeer
        }
    }

    It 'are peers where they are piped to Get-DfssFileInfo' {
        $path = Join-Path $TestDrive piped.txt
        Set-Content $path 'piped'
        $null = Send-DfssFile $path -Peer $peer
        ($peer | Get-DfssFileInfo).Name | Should -Be 'piped.txt'
        ($peer | Get-DfssFileInfo none*) | Should -BeNullOrEmpty
        Remove-DfssFile piped.txt -Peer $peer -Confirm:$false
    }

    It 'are stopped by their address' {
        $other = Start-DfssPeer -InMemory -Port 0
        (Stop-DfssPeer $other.Endpoint -PassThru).Id | Should -Be $other.Id
    }

    It 'run detached with a quote in the path, survive the session that started them, and keep what they hold' {
        $store = Join-Path $TestDrive "it's [1]"
        Set-Content (Join-Path $TestDrive kept) 'kept'
        $path = $store -replace "'", "''"
        $started = Invoke-Isolated "Import-Module '$manifest'
            (Start-DfssPeer -Detached -Port 0 '$path') | ConvertTo-Json" |
            ConvertFrom-Json
        try {
            (Get-DfssPeer -Peer $started.Endpoint).ProcessId | Should -Be $started.ProcessId
            Send-DfssFile (Join-Path $TestDrive kept) -Peer $started.Endpoint | Should -Not -BeNullOrEmpty
        }
        finally {
            Stop-Process -Id $started.ProcessId
        }

        Wait-Process -Id $started.ProcessId -ErrorAction Ignore
        $again = Start-DfssPeer $store -Detached -Port 0
        $again.StoreId | Should -Be $started.StoreId
        (Get-DfssFileInfo -Peer $again).Name | Should -Be 'kept'
        $again | Stop-DfssPeer
        Get-Process -Id $again.ProcessId -ErrorAction Ignore | Should -BeNullOrEmpty
    }

    It 'say why they do not start, also when detached' {
        { Start-DfssPeer -InMemory -Detached -Port $peer.Port } | Should -Throw -ErrorId 'AddressUnavailable,*'
    }
}
