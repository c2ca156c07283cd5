#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# Commands that end early in real PowerShell: what is downstream wants no more, or the command is stopped while its peer
# stands still. Afterwards there is no connection and no file that was not finished.

BeforeAll {
    . (Join-Path $PSScriptRoot Suite.ps1)
    $script:peer = Start-DfssPeer -InMemory -Port 0 -Address 127.0.0.1
    $script:folder = Join-Path $TestDrive early
    $null = New-Item -ItemType Directory $folder, "$folder/in", "$folder/out"
    Push-Location $folder
    1..40 | ForEach-Object { Set-Content "in/$_" "file $_" }
    $script:content = [byte[]]::new(8MB)
    [Random]::new(1).NextBytes($content)
    [IO.File]::WriteAllBytes("$folder/in/large", $content)
    $null = Get-ChildItem in -File | Send-DfssFile -Peer $peer

    # One connection is that of the question itself.
    $script:waitUntilAlone = {
        $deadline = [DateTime]::UtcNow.AddSeconds(60)
        while ((Get-DfssPeer -Peer $peer).Connections -gt 1) {
            if ([DateTime]::UtcNow -gt $deadline) { throw 'A connection stays open.' }
        }
    }
}

AfterAll {
    Pop-Location
    Remove-Module Dfss
}

Describe 'A pipeline that ends early' {
    BeforeEach { Remove-Item "$folder/out/*" -Force }

    AfterEach {
        & $waitUntilAlone
        # Of a file that was begun, what came may be kept; no other file is.
        Get-ChildItem out -Force -Filter '*.dfss-part' | ForEach-Object Name | Should -BeIn $null, 'large.dfss-part'
    }

    It 'gives <Name> its one result with Select-Object -First 1' -ForEach @(
        @{ Name = 'Send-DfssFile'; Command = { Get-ChildItem in -File | Send-DfssFile -Peer $peer -Force } }
        @{ Name = 'Receive-DfssFile'; Command = { Receive-DfssFile * -Peer $peer -Destination out } }
        @{ Name = 'Compare-DfssFile'; Command = { Get-ChildItem in -File | Compare-DfssFile -Peer $peer } }
        @{ Name = 'Get-DfssFileInfo'; Command = { Get-DfssFileInfo -Peer $peer } }
    ) {
        @(& $Command | Select-Object -First 1).Count | Should -Be 1
    }

    It 'ends with break' {
        foreach ($once in 1) {
            Receive-DfssFile * -Peer $peer -Destination out | ForEach-Object { break }
            throw 'not reached'
        }
    }

    It 'ends with throw, and what was thrown comes out' {
        { Receive-DfssFile * -Peer $peer -Destination out | ForEach-Object { throw 'enough' } } | Should -Throw 'enough'
    }

    It 'ends at the first error with -ErrorAction Stop' {
        Set-Content out/1 'in the way'
        { Receive-DfssFile 1, large -Peer $peer -Destination out -ErrorAction Stop } |
            Should -Throw -ErrorId 'DestinationExists*'
    }

    It 'keeps a peer that Select-Object -First 1 has taken' {
        $taken = Start-DfssPeer -InMemory -Port 0 | Select-Object -First 1
        (Get-DfssPeer).Id | Should -Contain $taken.Id
        Stop-DfssPeer $taken.Id
    }
}

Describe 'A command that is stopped' {
    BeforeAll {
        # Accepts, and never says a word.
        $script:silent = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
        $silent.Start()
        $script:silentPeer = "127.0.0.1:$($silent.LocalEndpoint.Port)"
    }

    AfterAll { $silent.Stop() }

    It 'ends within a second while a silent peer is asked by <Text>' -ForEach @(
        @{ Text = 'Send-DfssFile in/large -Peer PEER' }
        @{ Text = 'Receive-DfssFile large -Peer PEER -Destination out' }
        @{ Text = 'Compare-DfssFile in/large -Peer PEER' }
        @{ Text = 'Get-DfssFileInfo -Peer PEER' }
        @{ Text = 'Get-DfssPeer -Peer PEER' }
    ) {
        $shell = [PowerShell]::Create()
        try {
            $null = $shell.AddScript("Set-Location '$folder'; Import-Module '$manifest'; " +
                $Text.Replace('PEER', $silentPeer))
            $running = $shell.BeginInvoke()
            $accepting = $silent.AcceptSocketAsync()
            $accepting.Wait(60000) | Should -BeTrue
            $socket = $accepting.Result
            $watch = [Diagnostics.Stopwatch]::StartNew()
            $shell.Stop()
            $took = $watch.Elapsed.TotalSeconds
            { $shell.EndInvoke($running) } | Should -Throw
            # The promise is a second; what fails is ten, as a loaded machine may stand still for seconds.
            if ($took -gt 1) { Write-Warning "Not within a second: it took $took s." }
            $took | Should -BeLessThan 10
            # Reading hello first, then the end: the connection is gone.
            $socket.ReceiveTimeout = 60000
            try { while ($socket.Receive([byte[]]::new(4096)) -gt 0) { } }
            catch [Net.Sockets.SocketException] { $_.Exception.SocketErrorCode | Should -Be 'ConnectionReset' }
            $socket.Dispose()
        } finally {
            $shell.Dispose()
        }
    }

    It 'ends as a job of Stop-Job, and its peer with it' {
        $job = Start-Job {
            Import-Module $using:manifest
            Start-DfssPeer -InMemory -Port 0 -Address 127.0.0.1 -Wait
        }
        try {
            $deadline = [DateTime]::UtcNow.AddSeconds(60)
            while (-not ($started = Receive-Job $job -Keep -ErrorAction Stop)) {
                if ($job.State -ne 'Running' -or [DateTime]::UtcNow -gt $deadline) {
                    throw "No peer came: the job is $($job.State)."
                }
                $null = Wait-Job $job -Timeout 1
            }

            Stop-Job $job
        } finally {
            Remove-Job $job -Force
        }

        { Get-DfssFileInfo -Peer $started.Endpoint -ErrorAction Stop } | Should -Throw -ErrorId 'PeerUnreachable*'
    }
}
