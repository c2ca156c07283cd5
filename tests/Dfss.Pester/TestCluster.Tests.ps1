#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# New-DfssTestCluster with peers in their own processes, and the operators of Should: what users have for tests of their
# own scripts.

BeforeAll {
    . (Join-Path $PSScriptRoot Suite.ps1)
    Push-Location $TestDrive
    $bytes = [byte[]]::new(300KB)
    [System.Random]::new(1).NextBytes($bytes)
    [System.IO.File]::WriteAllBytes((Join-Path $TestDrive file), $bytes)

    # The message of an assertion that fails; nothing for one that holds.
    function Get-FailureMessage([scriptblock] $Assertion) {
        try { $null = & $Assertion } catch { $_.Exception.Message }
    }
}

AfterAll {
    Pop-Location
    Remove-Module Dfss
}

Describe 'A test cluster' {
    BeforeAll {
        $script:cluster = New-DfssTestCluster -Peers 2
        $script:sent = Send-DfssFile file -Peer $cluster -ChunkSize 128KB
        $script:holder = $cluster.Peers.Where({ $_.Endpoint -eq $sent.Peers[0] })[0]
    }

    BeforeEach {
        $cluster.Heal()
        $null = Repair-DfssFile file -Peer $cluster
    }

    AfterAll {
        $cluster | Remove-DfssTestCluster
    }

    It 'has files that are intact, by name and as objects' {
        'file' | Should -BeDfssIntact -Peer $cluster
        $sent | Should -BeDfssIntact
        Get-DfssFileInfo file -Peer $cluster | Should -HaveDfssReplica 2
        'file' | Should -HaveDfssReplica 1 -Peer $cluster
        'file' | Should -Not -HaveDfssReplica 3 -Peer $cluster
    }

    It 'says which chunk is corrupt at which peer' {
        $holder.Corrupt = $true
        $message = Get-FailureMessage { $sent | Should -BeDfssIntact -Because 'the disk is new' }
        $message | Should -BeLike "Expected 'file' to be intact, because the disk is new, but: *"
        $message | Should -BeLike "*chunk 1: corrupt at $($holder.Endpoint).*"
        # Set aside by that test, and so missing now.
        Get-FailureMessage { $sent | Should -HaveDfssReplica 2 -Because 'because of the policy' } | Should -Be (
            "Expected 'file' to have at least 2 good copies of each chunk, because of the policy, but it has 1. " +
            (@(0..2 | ForEach-Object { "chunk ${_}: missing at $($holder.Endpoint)." }) +
            "the manifest: missing at $($holder.Endpoint)." -join ' '))
        $sent | Should -Not -BeDfssIntact
        $sent | Should -HaveDfssReplica 1
    }

    It 'says what was found where the opposite was expected' {
        Get-FailureMessage { $sent | Should -Not -BeDfssIntact } | Should -Be (
            "Expected 'file' not to be intact, but: all 2 copies of its 3 chunks are good.")
        Get-FailureMessage { $sent | Should -Not -HaveDfssReplica 2 -Because 'it is scratch' } | Should -Be (
            "Expected 'file' to have fewer than 2 good copies of each chunk, because it is scratch, but it has 2.")
    }

    It 'fails for a name that no peer has, with -Not too' {
        Get-FailureMessage { 'none' | Should -BeDfssIntact -Peer $cluster } | Should -BeLike "*'none'*"
        Get-FailureMessage { 'none' | Should -Not -BeDfssIntact -Peer $cluster } | Should -BeLike "*'none'*"
        Get-FailureMessage { 'n*' | Should -Not -HaveDfssReplica 1 -Peer $cluster } | Should -BeLike "*'n`**"
    }

    It 'fails for what is no stored file, with -Not too: <Name>' -ForEach @(
        @{ Name = 'null'; Value = { $null }; Message = 'Expected stored files, but got none.' }
        @{ Name = 'no object'; Value = { @() }; Message = 'Expected stored files, but got none.' }
        @{ Name = 'a number'; Value = { 5 }; Message = "Expected a stored file or its name, but got '5' of the type *" }
        @{ Name = 'no name'; Value = { '' }; Message = 'Expected a stored file or its name, but got an empty *' }
        @{ Name = 'a peer'; Value = { $holder }; Message = 'Expected a stored file or its name, but got *' }
    ) {
        Get-FailureMessage { & $Value | Should -BeDfssIntact -Peer $cluster } | Should -BeLike $Message
        Get-FailureMessage { & $Value | Should -Not -BeDfssIntact -Peer $cluster } | Should -BeLike $Message
        Get-FailureMessage { & $Value | Should -HaveDfssReplica 1 -Peer $cluster } | Should -BeLike $Message
        Get-FailureMessage { & $Value | Should -Not -HaveDfssReplica 1 -Peer $cluster } | Should -BeLike $Message
    }

    It 'fails for several files at once, and for no number of copies' {
        Get-FailureMessage { Should -ActualValue $sent, $sent -BeDfssIntact } |
            Should -Be 'Expected one stored file, but got 2 objects: pipe them to Should, which then tests each.'
        foreach ($number in 0, 65, 'many') {
            Get-FailureMessage { $sent | Should -HaveDfssReplica $number } |
                Should -Be "Expected a number of copies, 1 to 64, but -HaveDfssReplica got '$number'."
        }
    }

    It 'takes paths of a drive, and objects of another process' {
        # Of this block's scope alone, as a test makes one.
        $null = New-PSDrive -Name Tested -PSProvider Dfss -Root '' -Peer $cluster
        'Tested:/file' | Should -BeDfssIntact
        'Tested:/file' | Should -HaveDfssReplica 2
        Get-FailureMessage { 'Tested:/none' | Should -BeDfssIntact } | Should -BeLike "*'none'*"
        Get-FailureMessage { 'Tested:/none' | Should -Not -BeDfssIntact } | Should -Not -BeLike '*InvokeScript*'
        & {
            $null = New-PSDrive -Name Inner -PSProvider Dfss -Root '' -Peer $cluster
            'Inner:/file' | Should -BeDfssIntact
        }
        Push-Location Tested:/
        try { './file' | Should -BeDfssIntact } finally { Pop-Location }

        [System.Management.Automation.PSSerializer]::Deserialize(
            [System.Management.Automation.PSSerializer]::Serialize($sent)) | Should -BeDfssIntact -Peer $cluster
    }

    It 'is what a script finds in $env:DFSS_PEER' {
        $before = $env:DFSS_PEER
        try {
            $env:DFSS_PEER = $cluster
            (Get-DfssFileInfo).Name | Should -Contain 'file'
        } finally {
            $env:DFSS_PEER = $before
        }
    }

    It 'is shown with its faults' {
        $holder.DropEvery = 5
        $cluster.Peers | Format-Table | Out-String | Should -Match "(?m)^$($holder.Endpoint) +None +0 +5 +0 False"
        $cluster | Out-String | Should -Match "(?m)^ +2 False +$($cluster.Peers[0].Endpoint)"
    }
}

Describe 'The operators' {
    It 'are there after the module was imported again' {
        Invoke-Isolated @"
Import-Module Pester -RequiredVersion $((Get-Module Pester).Version)
Import-Module '$manifest'
Import-Module '$manifest' -Force
Remove-Module Dfss
Import-Module '$manifest'
`$cluster = New-DfssTestCluster 1
`$sent = Send-DfssFile '$TestDrive/file' -Peer `$cluster -Replicas 1
`$sent | Should -BeDfssIntact
'file' | Should -HaveDfssReplica 1 -Peer `$cluster
"`$(Get-Module Dfss)"
"@ | Should -Be 'Dfss'
    }

    It 'are not there without Pester, and nothing is said' {
        Invoke-Isolated "Import-Module '$manifest'; (Get-Module Pester).Count" | Should -Be 0
    }
}

Describe 'Peers in their own processes' {
    BeforeAll {
        function Test-Port([int] $Port) {
            $client = [System.Net.Sockets.TcpClient]::new()
            try {
                $client.Connect('127.0.0.1', $Port)
                $true
            } catch [System.Net.Sockets.SocketException] {
                $false
            } finally {
                $client.Dispose()
            }
        }
    }

    It 'have the same faults' {
        $cluster = New-DfssTestCluster -Peers 2 -SeparateProcess -OnDisk
        try {
            $cluster.Peers.ProcessId | Should -Not -Contain $PID
            $sent = Send-DfssFile file -Peer $cluster
            $sent | Should -BeDfssIntact
            $cluster.Peers[1].Corrupt = $true
            $sent | Should -Not -BeDfssIntact
            $cluster.Peers[1].Full = $true
            $message = Get-FailureMessage { Send-DfssFile file -Name b -Peer $cluster.Peers[1] -Replicas 1 -EA Stop }
            $message | Should -BeLike '*full*'
            $folder = Split-Path $cluster.Peers[0].StorePath
            $folder | Should -Exist
        } finally {
            $cluster | Remove-DfssTestCluster
        }

        $folder | Should -Not -Exist
        Get-Process -Id $cluster.Peers.ProcessId -ErrorAction Ignore | Should -BeNullOrEmpty
        { $cluster.Peers[0].Full = $true } | Should -Throw '*has stopped.*'
    }

    It 'have certificates with -Tls, which $env:DFSS_CLUSTER names' {
        $before = $env:DFSS_CLUSTER
        $cluster = New-DfssTestCluster -Peers 2 -SeparateProcess -Tls
        try {
            Get-FailureMessage { Send-DfssFile file -Peer $cluster -Cluster '' -ErrorAction Stop } |
                Should -BeLike '*TLS*'
            $env:DFSS_CLUSTER = $cluster.Cluster
            $sent = Send-DfssFile file
            $sent | Should -BeDfssIntact
            (Get-DfssPeer -Peer $cluster).Encryption | Should -Be Tls13, Tls13
            # In another process too, such as a script's, or a job's.
            Invoke-Isolated "Import-Module '$manifest'; (Get-DfssFileInfo).Name" | Should -Be file
            $cluster.Peers[1].Corrupt = $true
            $sent | Should -Not -BeDfssIntact
        } finally {
            $env:DFSS_CLUSTER = $before
            $cluster | Remove-DfssTestCluster
        }

        $cluster.Cluster | Should -Not -Exist
        Get-Process -Id $cluster.Peers.ProcessId -ErrorAction Ignore | Should -BeNullOrEmpty
    }

    It 'end when one of them does not answer a change in time' -Skip:$IsWindows {
        $cluster = New-DfssTestCluster -Peers 1 -SeparateProcess
        try {
            $id = $cluster.Peers[0].ProcessId
            kill -STOP $id
            { $cluster.Peers[0].Full = $true } | Should -Throw '*did not answer*'
            kill -CONT $id
            # Its late answer is not taken for that of this change.
            { $cluster.Peers[0].Corrupt = $true } | Should -Throw '*has stopped.*'
        } finally {
            $cluster | Remove-DfssTestCluster
        }

        Get-Process -Id $id -ErrorAction Ignore | Should -BeNullOrEmpty
    }

    It 'end when the process that made them is killed' {
        $start = [System.Diagnostics.ProcessStartInfo]::new($pwsh)
        $start.RedirectStandardOutput = $true
        '-NoProfile', '-NonInteractive', '-Command',
        "Import-Module '$manifest'; `$PID; (New-DfssTestCluster 1 -SeparateProcess).Peers[0].Port; Wait-Event none" |
            ForEach-Object { $start.ArgumentList.Add($_) }
        $process = [System.Diagnostics.Process]::Start($start)
        # Not $process.Kill(): where pwsh is a .NET tool, that is the process that started it.
        $made = Get-Process -Id $process.StandardOutput.ReadLine()
        $port = [int]$process.StandardOutput.ReadLine()
        Test-Port $port | Should -BeTrue
        $made.Kill()
        # The peer's process sees the end of its pipe a moment later.
        $watch = [System.Diagnostics.Stopwatch]::StartNew()
        while ((Test-Port $port) -and $watch.Elapsed.TotalSeconds -lt 60) { }
        Test-Port $port | Should -BeFalse
    }

    It 'end with the process that made them' {
        $id = Invoke-Isolated "Import-Module '$manifest'; (New-DfssTestCluster 1 -SeparateProcess).Peers[0].ProcessId"
        Get-Process -Id $id -ErrorAction Ignore | Should -BeNullOrEmpty
    }
}
