#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# Copy-DfssItem with sessions to other processes of pwsh: out-of-process ones, and over ssh where an sshd is there.

BeforeDiscovery {
    $sshd = @('/usr/sbin/sshd', '/usr/bin/sshd').Where({ Test-Path $_ }, 'First')[0]
    $ssh = Get-Command ssh, ssh-keygen -CommandType Application -ErrorAction Ignore
    $noSsh = $null -eq $sshd -or @($ssh).Count -lt 2
}

BeforeAll {
    . (Join-Path $PSScriptRoot Suite.ps1)

    # A session to a process of its own, which the caller ends with Remove-ProcessSession.
    function New-ProcessSession {
        $process = [System.Management.Automation.Runspaces.PowerShellProcessInstance]::new()
        $process.Process.StartInfo.Environment['TMPDIR'] =
            (New-Item -ItemType Directory (Join-Path $TestDrive (New-Guid))).FullName
        $runspace = [runspacefactory]::CreateOutOfProcessRunspace($null, $process)
        $runspace.Open()
        $session = [System.Management.Automation.Runspaces.PSSession]::Create($runspace, 'test', $null)
        $session | Add-Member ProcessId (Invoke-Command -Session $session { $PID })
        $session
    }

    # The engine ends only a process that it has started by itself.
    function Remove-ProcessSession($Session) {
        Remove-PSSession $Session
        Stop-Process -Id $Session.ProcessId -Force -ErrorAction Ignore
    }

    function New-RandomFile([string] $Path, [int] $Length) {
        $null = New-Item -ItemType Directory (Split-Path $Path) -Force
        $bytes = [byte[]]::new($Length)
        [Random]::new($Length).NextBytes($bytes)
        [IO.File]::WriteAllBytes($Path, $bytes)
    }

    # What a copy could leave at the other side: variables, functions, modules, files in the temporary folder, and
    # sockets that listen. Its code stays in memory.
    function Get-State($Session) {
        Invoke-Command -Session $Session {
            (Get-Variable -Scope Global).Name | Where-Object { $_ -notin 'Error', '?', '^', '$', 'LASTEXITCODE' }
            (Get-ChildItem function:).Name
            (Get-Module).Name
            [IO.Directory]::GetFileSystemEntries([IO.Path]::GetTempPath())
            if ($IsLinux) {
                $own = (Get-ChildItem "/proc/$PID/fd" | ForEach-Object Target) -match '^socket:' -replace '\D'
                foreach ($line in '/proc/net/tcp', '/proc/net/tcp6' | ForEach-Object { [IO.File]::ReadAllLines($_) }) {
                    $fields = -split $line
                    if ($fields[3] -eq '0A' -and $fields[9] -in $own) { "listens at $($fields[1])" }
                }
            }
        }
    }

    function Get-Tree([string] $Path) {
        Get-ChildItem $Path -Recurse -Force | ForEach-Object {
            $name = [IO.Path]::GetRelativePath($Path, $_.FullName)
            $hash = $_.PSIsContainer ? '' : (Get-FileHash -LiteralPath $_.FullName).Hash
            $_.PSIsContainer ? "$name/" : "$name $hash $($_.LastWriteTimeUtc.Ticks)"
        } | Sort-Object
    }
}

AfterAll {
    Remove-Module Dfss
}

Describe 'Copy-DfssItem' {
    BeforeAll {
        $script:session = New-ProcessSession
        $script:source = Join-Path $TestDrive source
        New-RandomFile "$source/large.bin" 5MB
        New-RandomFile "$source/sub/odd [1] `$name.txt" 1000
        New-RandomFile "$source/sub/.hidden" 10
        New-RandomFile "$source/empty.txt" 0
        $null = New-Item -ItemType Directory "$source/none"
        $null = New-Item -ItemType SymbolicLink "$source/link" -Target "$source/sub"
        # Once, so that what the other side itself loads for the first time is there before.
        $null = Get-State $session
        $script:before = Get-State $session
    }

    AfterAll {
        Remove-ProcessSession $session
    }

    BeforeEach {
        $script:target = New-Item -ItemType Directory (Join-Path $TestDrive (New-Guid))
        Invoke-Command -Session $session { Set-Location $using:target }
    }

    It 'copies a tree <Way>, <Switches.Keys>' -ForEach @(
        @{ Way = 'to'; Switches = @{} }
        @{ Way = 'to'; Switches = @{ ThroughSession = $true } }
        @{ Way = 'from'; Switches = @{} }
        @{ Way = 'from'; Switches = @{ ThroughSession = $true } }
    ) {
        $sides = $Way -eq 'to' ? @{ ToSession = $session } : @{ FromSession = $session }
        $copies = Copy-DfssItem $source -Destination "$target/copy" -Recurse -Force -PassThru @sides @Switches
        $expected = Get-Tree $source | Where-Object { $_ -ne 'link/' -and $_ -notlike 'link *' }
        Get-Tree "$target/copy" | Should -Be $expected
        $copies.Count | Should -Be 4
        $copies.State | Should -Be (, 'Copied' * 4)
        ($copies.Route -eq 'Session').Count | Should -Be ($Switches.Count ? 4 : 0)
        Get-State $session | Should -Be $before
        $again = 'large.bin', 'empty.txt', 'sub' | ForEach-Object { "$source/$_" }
        Copy-DfssItem $again -Destination "$target/copy" -Recurse -Force -PassThru @sides @Switches |
            ForEach-Object State | Sort-Object -Unique | Should -Be 'Unchanged'
    }

    It 'takes relative paths of each side, wildcards and the pipeline' {
        Push-Location $source
        Copy-DfssItem ./*.bin, empty.txt -ToSession $session -Destination ./new/
        Get-ChildItem sub/* | Copy-DfssItem -ToSession $session -Destination new
        Copy-DfssItem -LiteralPath 'sub/odd [1] $name.txt' -ToSession $session -Destination renamed.txt
        (Get-ChildItem "$target/new" -Force).Name | Should -Be 'empty.txt', 'large.bin', 'odd [1] $name.txt'
        "$target/renamed.txt" | Should -Exist
        Pop-Location
        Push-Location $target
        'new/*.bin', 'renamed.txt' | Copy-DfssItem -FromSession $session -Destination back/
        (Get-ChildItem back).Name | Should -Be 'large.bin', 'renamed.txt'
        Pop-Location
    }

    It 'selects by -Filter, -Include and -Exclude' {
        Copy-DfssItem $source -ToSession $session -Destination a -Recurse -Include *.txt
        Get-ChildItem "$target/a" -Recurse -File -Name | Sort-Object | Should -Be 'empty.txt', 'sub/odd [1] $name.txt'
        Copy-DfssItem $source -ToSession $session -Destination b -Recurse -Exclude sub, *.bin
        Get-ChildItem "$target/b" -Name | Sort-Object | Should -Be 'empty.txt', 'none'
        Copy-DfssItem $source -FromSession $session -Destination "$target/c" -Recurse -Filter *.bin
        Get-ChildItem "$target/c" -Recurse -Name | Should -Be 'large.bin'
    }

    It 'does what the recipe of the cookbook says' {
        $cookbook = (Get-Content (Join-Path $PSScriptRoot ../../docs/cookbook.md) -Raw) -replace "`r`n", "`n"
        $recipe = ($cookbook -split "\n## ").Where({ $_ -like 'Copy to a remote session*' })[0]
        $blocks = [regex]::Matches($recipe, '(?ms)^```powershell pwsh\n(?<command>.*?)^```$')
        $blocks.Count | Should -Be 2
        $here = New-Item -ItemType Directory (Join-Path $target here)
        New-RandomFile "$here/report.pdf" 3000
        Push-Location $here
        foreach ($block in $blocks) { & ([scriptblock]::Create($block.Groups['command'].Value)) }
        Pop-Location
        foreach ($copy in "$target/inbox/report.pdf", "$here/fetched/report.pdf") {
            (Get-FileHash $copy).Hash | Should -Be (Get-FileHash "$here/report.pdf").Hash
        }
    }

    It 'changes nothing with -WhatIf' {
        Copy-DfssItem $source -ToSession $session -Recurse -WhatIf
        Copy-DfssItem "$source/*" -FromSession $session -Destination "$target/x/" -WhatIf
        Get-ChildItem $target | Should -BeNullOrEmpty
    }

    It 'reports what cannot be copied, and copies the rest' {
        $null = New-Item -ItemType Directory "$target/large.bin"
        Copy-DfssItem "$source/large.bin", "$source/empty.txt", "$source/sub", "$source/gone" -ToSession $session `
            -ErrorAction SilentlyContinue -ErrorVariable failed
        $failed.FullyQualifiedErrorId -replace ',.*' | Sort-Object |
            Should -Be 'DestinationExists', 'PathIsFolder', 'PathNotFound'
        "$target/empty.txt" | Should -Exist
        { Copy-DfssItem "$source/large.bin", "$source/empty.txt" -ToSession $session -Destination one } |
            Should -Throw -ErrorId 'DestinationNotFolder*'
        Copy-DfssItem nowhere -FromSession $session -ErrorAction SilentlyContinue -ErrorVariable failed
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'PathNotFound*'
        Get-State $session | Should -Be $before
    }

    It 'loads its code once into the other process, for all copies, and never unloads it' {
        Copy-DfssItem "$source/empty.txt" -ToSession $session -Destination one.txt
        Copy-DfssItem "$source/empty.txt" -ToSession $session -Destination two.txt
        $contexts = @(Invoke-Command -Session $session {
            [System.Runtime.Loader.AssemblyLoadContext]::All | Where-Object Name -Like 'Dfss copy*' | ForEach-Object {
                @{
                    IsHeld = [AppDomain]::CurrentDomain.GetData($_.Name) -eq $_
                    Assemblies = $_.Assemblies.ForEach({ $_.GetName().Name })
                }
            }
        })
        $contexts.Count | Should -Be 1
        # Else the runtime frees its code while threads of the process run.
        $contexts[0].IsHeld | Should -BeTrue
        $contexts[0].Assemblies | Sort-Object | Should -Be @(
            'Dfss.Core', 'MessagePack', 'MessagePack.Annotations', 'Microsoft.NET.StringTools')
    }

    It 'copies where the session has strict mode' {
        Invoke-Command -Session $session { Set-StrictMode -Version Latest }
        try { Copy-DfssItem "$source/empty.txt" -ToSession $session -Destination strict.txt }
        finally { Invoke-Command -Session $session { Set-StrictMode -Off } }
        "$target/strict.txt" | Should -Exist
    }

    It 'sends code for every platform' {
        # With machine code for one platform it would be three times as much.
        $command = (Get-Command Copy-DfssItem).ImplementingType
        $bytes = $command.Assembly.GetType('Dfss.Commands.CarriedCode').GetProperty(
            'Bytes', [System.Reflection.BindingFlags] 'Static, NonPublic')
        $bytes.GetValue($null).Length | Should -BeLessThan 1.5MB
    }

    It 'refuses a second source of one destination' {
        New-RandomFile "$TestDrive/two/a/x.log" 10
        New-RandomFile "$TestDrive/two/b/x.log" 20
        "$TestDrive/two/a/x.log", "$TestDrive/two/b/x.log" | Copy-DfssItem -ToSession $session -Destination all/ `
            -ErrorAction SilentlyContinue -ErrorVariable failed
        $failed.FullyQualifiedErrorId | Should -BeLike 'DestinationExists*'
        (Get-Item "$target/all/x.log").Length | Should -Be 10
        { Copy-DfssItem "$TestDrive/two/a/x.log", "$TestDrive/two/gone" -ToSession $session -Destination one `
                -ErrorAction SilentlyContinue } | Should -Throw -ErrorId 'DestinationNotFolder*'
        "$target/one" | Should -Not -Exist
    }

    It 'keeps a private folder private' -Skip:$IsWindows {
        New-RandomFile "$TestDrive/private/below/file" 10
        [IO.File]::SetUnixFileMode("$TestDrive/private", 'UserRead, UserWrite, UserExecute')
        foreach ($name in 'all', 'some') {
            $include = $name -eq 'some' ? @{ Include = 'file' } : @{}
            Copy-DfssItem "$TestDrive/private" -ToSession $session -Destination $name -Recurse @include
            "$target/$name/below/file" | Should -Exist
            [IO.File]::GetUnixFileMode("$target/$name") | Should -Be 'UserExecute, UserWrite, UserRead'
        }
    }

    It 'refuses a session that is closed' {
        $closed = New-ProcessSession
        Remove-ProcessSession $closed
        { Copy-DfssItem "$source/empty.txt" -ToSession $closed } | Should -Throw -ErrorId 'SessionNotOpen*'
    }

    Context 'in the middle of a large file' {
        BeforeAll {
            $script:huge = Join-Path $TestDrive huge.bin
            New-RandomFile $huge 5MB
            $stream = [IO.File]::OpenWrite($huge)
            $stream.SetLength(1500MB)
            $stream.Dispose()

            # Starts a copy in a runspace of its own, and returns when bytes of the file have arrived.
            function Start-Copy($Session, [hashtable] $Switches) {
                $shell = [powershell]::Create()
                $null = $shell.AddScript({
                    param($manifest, $session, $source, $target, $switches)
                    Import-Module $manifest
                    $ErrorActionPreference = 'Stop'
                    Copy-DfssItem $source -ToSession $session -Destination $target @switches
                })
                foreach ($argument in $manifest, $Session, $huge, "$target", $Switches) {
                    $null = $shell.AddArgument($argument)
                }

                $running = $shell.BeginInvoke()
                while (-not ($shell.Streams.Progress.ReadAll().PercentComplete -gt 0)) {
                    if ($running.IsCompleted) { $shell.EndInvoke($running); throw 'The copy has ended before.' }
                    $null = $running.AsyncWaitHandle.WaitOne(5)
                }

                $shell, $running
            }
        }

        It 'stops on Ctrl+C at both sides, and goes on when it is run again <Name>' -ForEach @(
            @{ Name = 'directly'; Switches = @{} }
            @{ Name = 'through the session'; Switches = @{ ThroughSession = $true } }
        ) {
            $shell, $running = Start-Copy $session $Switches
            $shell.Stop()
            $shell.Dispose()
            "$target/huge.bin.dfss-part" | Should -Exist
            "$target/huge.bin" | Should -Not -Exist
            Get-State $session | Should -Be $before
            $copy = Copy-DfssItem $huge -ToSession $session -Destination $target -PassThru
            $copy.State | Should -Be 'Resumed'
            $copy.PresentBytes | Should -BeGreaterThan 0
            (Get-FileHash "$target/huge.bin").Hash | Should -Be (Get-FileHash $huge).Hash
            "$target/huge.bin.dfss-part" | Should -Not -Exist
        }

        It 'goes on after the other side was killed' {
            $killed = New-ProcessSession
            Invoke-Command -Session $killed { Set-Location $using:target }
            $shell, $running = Start-Copy $killed @{}
            Stop-Process -Id $killed.ProcessId -Force
            { $shell.EndInvoke($running) } | Should -Throw
            $shell.Streams.Error + $shell.InvocationStateInfo.Reason.ErrorRecord |
                ForEach-Object FullyQualifiedErrorId | Should -Match '^(PeerUnreachable|TimedOut)'
            $shell.Streams.Error + $shell.InvocationStateInfo.Reason.ErrorRecord |
                ForEach-Object { $_.Exception.Message } | Should -Not -Match '\\u000A'
            $shell.Dispose()
            "$target/huge.bin.dfss-part" | Should -Exist
            $copy = Copy-DfssItem $huge -ToSession $session -Destination $target -PassThru
            $copy.State | Should -Be 'Resumed'
            $copy | Out-String | Should -Match "Resumed +1.5 GB +$([regex]::Escape($copy.Route)) "
            (Get-FileHash "$target/huge.bin").Hash | Should -Be (Get-FileHash $huge).Hash
        }
    }

    It 'is compared with Copy-Item' {
        # Prints both; docs/performance.md has the figures. Nothing depends on the time.
        New-RandomFile "$TestDrive/compared/file.bin" 100MB
        foreach ($number in 1..1000) { New-RandomFile "$TestDrive/compared/many/$number.bin" 4KB }
        foreach ($item in 'file.bin', 'many') {
            $ours = Measure-Command {
                Copy-DfssItem "$TestDrive/compared/$item" -ToSession $session -Destination "$target/ours-$item" -Recurse
            }
            $theirs = Measure-Command {
                Copy-Item "$TestDrive/compared/$item" -ToSession $session -Destination "$target/theirs-$item" -Recurse
            }
            Write-Host ('{0}: Copy-DfssItem {1:0.0} s, Copy-Item {2:0.0} s, {3:0.0} times as fast' -f $item,
                $ours.TotalSeconds, $theirs.TotalSeconds, ($theirs / $ours))
        }
        (Get-Tree "$target/ours-many") -replace ' \d+$' | Should -Be ((Get-Tree "$target/theirs-many") -replace ' \d+$')
    }
}

Describe 'Copy-DfssItem over ssh' -Skip:$noSsh {
    BeforeAll {
        $program = @('/usr/sbin/sshd', '/usr/bin/sshd').Where({ Test-Path $_ }, 'First')[0]
        $script:sshdFolder = New-Item -ItemType Directory (Join-Path $TestDrive sshd)
        foreach ($key in 'host', 'user') { ssh-keygen -q -t ed25519 -N '' -f "$sshdFolder/$key" }
        Copy-Item "$sshdFolder/user.pub" "$sshdFolder/authorized_keys"
        $listener = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0)
        $listener.Start()
        $port = $listener.LocalEndpoint.Port
        $listener.Stop()
        Set-Content "$sshdFolder/config" @(
            "Port $port", 'ListenAddress 127.0.0.1', "HostKey $sshdFolder/host"
            "AuthorizedKeysFile $sshdFolder/authorized_keys", 'StrictModes no', 'UsePAM no', "PidFile $sshdFolder/pid"
            'PermitRootLogin yes', "SetEnv DOTNET_ROOT=$env:DOTNET_ROOT"
            "Subsystem powershell $pwsh -sshs -NoLogo -NoProfile"
        )
        $null = New-Item -ItemType Directory /run/sshd -Force -ErrorAction Ignore
        $script:server = Start-Process $program "-D -f $sshdFolder/config -E $sshdFolder/log" -PassThru
        $until = [datetime]::UtcNow.AddSeconds(20)
        do {
            $client = [System.Net.Sockets.TcpClient]::new()
            try { $client.Connect('127.0.0.1', $port); $isUp = $true } catch { $isUp = $false }
            $client.Dispose()
        } until ($isUp -or $server.HasExited -or [datetime]::UtcNow -gt $until)
        $script:session = New-PSSession -HostName 127.0.0.1 -Port $port -UserName ([Environment]::UserName) `
            -KeyFilePath "$sshdFolder/user" -Options @{
                StrictHostKeyChecking = 'no'; UserKnownHostsFile = "$sshdFolder/known"; IdentitiesOnly = 'yes'
            } -ErrorAction Stop
    }

    AfterAll {
        if ($session) { Remove-PSSession $session }
        if ($server) { Stop-Process -InputObject $server }
    }

    It 'copies there and back' {
        New-RandomFile "$TestDrive/ssh/large.bin" 5MB
        $copy = Copy-DfssItem "$TestDrive/ssh/large.bin" -ToSession $session -Destination "$TestDrive/over/" -PassThru
        $copy.Route | Should -Not -Be 'Session'
        Copy-DfssItem "$TestDrive/over/large.bin" -FromSession $session -Destination "$TestDrive/back.bin" `
            -ThroughSession
        (Get-FileHash "$TestDrive/back.bin").Hash | Should -Be (Get-FileHash "$TestDrive/ssh/large.bin").Hash
    }
}
