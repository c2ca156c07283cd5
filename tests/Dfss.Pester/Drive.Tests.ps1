#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# A drive of stored files, by PowerShell's own commands, which the bare engine lacks.

BeforeAll {
    . (Join-Path $PSScriptRoot Suite.ps1)
    $script:peer = Start-DfssPeer -InMemory -Port 0
    $script:other = Start-DfssPeer -InMemory -Port 0

    function Get-StoredName { @(Get-DfssFileInfo -Peer $peer | ForEach-Object Name) }
    function Get-Completion([string] $Line) { (TabExpansion2 $Line $Line.Length).CompletionMatches.CompletionText }
}

AfterAll {
    Remove-Module Dfss
}

Describe 'A drive of stored files' {
    BeforeEach {
        $null = New-PSDrive -Name Dfss1 -PSProvider Dfss -Root '' -Peer $peer -Scope Global
        Push-Location (New-Item -ItemType Directory (Join-Path $TestDrive (New-Guid)))
    }

    AfterEach {
        Pop-Location
        Get-DfssFileInfo -Peer $peer | Remove-DfssFile -Force
        Get-PSDrive -PSProvider Dfss | Remove-PSDrive -Force
    }

    It 'has the parameters of the other commands, and none that New-PSDrive has' {
        $parameters = (Get-Command New-PSDrive -ArgumentList Dfss1, Dfss).Parameters
        foreach ($name in 'Peer', 'Cluster', 'Certificate', 'CertificatePassword', 'TrustedAuthority', 'RevocationList',
            'AllowTls12') {
            $parameters[$name].IsDynamic | Should -BeTrue -Because $name
        }

        $parameters['Credential'].IsDynamic | Should -BeFalse
        { New-PSDrive -Name X -PSProvider Dfss -Root '' -Peer 'a:b:c' -ErrorAction Stop } |
            Should -Throw -ErrorId 'PeerAddressInvalid,*'
        { New-PSDrive -Name X -PSProvider Dfss -Root '../x' -Peer $peer -ErrorAction Stop } |
            Should -Throw -ErrorId 'InvalidName,*'
    }

    It 'is listed as a disk is' {
        foreach ($name in 'a.txt', 'b/c.txt', 'b/d.jpg', 'b/e/f.txt') { Set-Content "Dfss1:/$name" $name }
        (Get-ChildItem Dfss1:).PSChildName | Should -Be 'a.txt', 'b'
        (Get-ChildItem Dfss1: -Recurse).PSChildName | Should -Be 'a.txt', 'b', 'c.txt', 'd.jpg', 'e', 'f.txt'
        (Get-ChildItem Dfss1: -Recurse -Depth 1).PSChildName | Should -Be 'a.txt', 'b', 'c.txt', 'd.jpg', 'e'
        (Get-ChildItem Dfss1: -Recurse -Include *.txt).PSChildName | Should -Be 'a.txt', 'c.txt', 'f.txt'
        (Get-ChildItem Dfss1: -Recurse -Filter *.jpg).PSChildName | Should -Be 'd.jpg'
        (Get-ChildItem Dfss1:/b -Exclude *.txt).PSChildName | Should -Be 'd.jpg', 'e'
        Get-ChildItem Dfss1: -Name | Should -Be 'a.txt', 'b'
        (Get-Item Dfss1:/*/*.txt).Name | Should -Be 'b/c.txt'
        Test-Path Dfss1:/b -PathType Container | Should -BeTrue
        Test-Path Dfss1:/a.txt -PathType Leaf | Should -BeTrue
        Test-Path Dfss1:/A.txt | Should -BeFalse
        Get-ChildItem Dfss1: | Out-String | Should -Match '(?s)a\.txt.*b/'
        Join-Path Dfss1: b | Should -Be "Dfss1:$([IO.Path]::DirectorySeparatorChar)b"
    }

    It 'has a location' {
        'x' | Set-Content Dfss1:/b/c/d
        Set-Location Dfss1:/b
        (Get-ChildItem).PSChildName | Should -Be 'c'
        Get-Content ./c/d | Should -Be 'x'
        Set-Location c
        (Resolve-Path ../c/d).Path -replace '\\', '/' | Should -Be 'Dfss1:/b/c/d'
        (Resolve-Path d -Relative) -replace '\\', '/' | Should -Be './d'
        Set-Location ../../../..
        $PWD.Path -replace '\\', '/' | Should -Be 'Dfss1:/'
    }

    It 'takes content, and gives it' {
        'one', 'two' | Set-Content Dfss1:/a
        Get-Content Dfss1:/a | Should -Be 'one', 'two'
        Get-Content Dfss1:/a -TotalCount 1 | Should -Be 'one'
        Get-Content Dfss1:/a -Raw | Should -Be "one$([Environment]::NewLine)two$([Environment]::NewLine)"
        Set-Content Dfss1:/a ([byte[]](1, 0, 255)) -AsByteStream
        Get-Content Dfss1:/a -AsByteStream | Should -Be 1, 0, 255
        # The version before is the earlier one that is kept, and not an empty one.
        (Get-Item Dfss1:/a).Versions | ForEach-Object Length | Should -Be 3, (6 + 2 * [Environment]::NewLine.Length)
        Set-Content Dfss1:/a 'no' -WhatIf
        { 'more' | Add-Content Dfss1:/a -ErrorAction Stop } | Should -Throw '*replaced as a whole*'
        Get-Content Dfss1:/a -AsByteStream | Should -Be 1, 0, 255
        Clear-Content Dfss1:/a
        (Get-Item Dfss1:/a).Length | Should -Be 0
        'late' | Set-Content -LiteralPath 'Dfss1:/new/[1]'
        Get-Content 'Dfss1:/new/`[1`]' | Should -Be 'late'
    }

    It 'removes, renames, copies and moves what its paths name, and no local file' {
        'local' | Set-Content a
        foreach ($name in 'a', 'b/c', 'b/d') { Set-Content "Dfss1:/$name" $name }
        Get-ChildItem Dfss1: | Remove-Item -Recurse -WhatIf
        Copy-Item Dfss1:/b Dfss1:/e -Recurse
        Move-Item Dfss1:/a Dfss1:/f/
        Rename-Item Dfss1:/e g
        Get-StoredName | Should -Be 'b/c', 'b/d', 'f/a', 'g/c', 'g/d'
        { Copy-Item Dfss1:/b/c Dfss1:/g -ErrorAction Stop } | Should -Throw -ErrorId 'FileExists,*'
        Copy-Item Dfss1:/b/c Dfss1:/g -Force
        { Copy-Item Dfss1:/b/c $TestDrive -ErrorAction Stop } | Should -Throw '*same provider*'
        { New-Item Dfss1:/x -ItemType Directory -ErrorAction Stop } | Should -Throw -ErrorId 'FolderNotStored,*'
        Get-ChildItem Dfss1:/b | Remove-Item
        Get-ChildItem Dfss1: | Remove-Item -Recurse
        Get-StoredName | Should -BeNullOrEmpty
        Get-Content a | Should -Be 'local'
    }

    It 'changes only what -Filter names' {
        foreach ($name in 'p/a.jpg', 'p/q/b.jpg', 'p/c.tmp', 'p/q/d.tmp') { Set-Content "Dfss1:/$name" $name }
        Copy-Item Dfss1:/p Dfss1:/n -Recurse -Filter *.jpg
        Remove-Item Dfss1:/p -Recurse -Filter *.tmp
        Get-StoredName | Should -Be 'n/a.jpg', 'n/q/b.jpg', 'p/a.jpg', 'p/q/b.jpg'
        Remove-Item Dfss1:/* -Recurse -Include p -ErrorAction Stop
    }

    It 'keeps the earlier version, and the options, where its items are piped' {
        Set-Content Dfss1:/a 'first' -NoNewline
        Set-Content Dfss1:/b 'other' -NoNewline
        Get-Item Dfss1:/a | Set-Content -Value ([byte[]](1, 0, 255, 10)) -AsByteStream
        (Get-Item Dfss1:/a).Versions | ForEach-Object Length | Should -Be 4, 5
        Get-Item Dfss1:/a | Get-Content -AsByteStream | Should -Be 1, 0, 255, 10
        Set-Content ./log, Dfss1:/b 'second' -NoNewline
        (Get-Item Dfss1:/b).Versions | ForEach-Object Length | Should -Be 6, 5
        Get-Item Dfss1:/b | Set-Content -Value "x`ny" -NoNewline -Encoding utf32
        Get-Item Dfss1:/b | Get-Content -Raw -Encoding utf32 | Should -BeExactly "x`ny"
        { Get-Item Dfss1:/b | Get-Content -Delimiter x -ErrorAction Stop } |
            Should -Throw -ErrorId 'OptionNotOfDrive,*'
    }

    It 'keeps a file whose Set-Content is stopped<options>' -ForEach @(
        @{ options = ''; paths = 'X:/a' }
        @{ options = ', of two'; paths = 'X:/a, X:/b' }
        @{ options = ', with -PassThru'; paths = 'X:/a -PassThru' }) {
        $runspace = [PowerShell]::Create()
        $null = $runspace.AddScript("
            Import-Module '$manifest'
            `$null = New-PSDrive -Name X -PSProvider Dfss -Root '' -Peer $($peer.Endpoint)
            Set-Content X:/a, X:/b 'whole' -NoNewline
            `$written = 0
            & {
                while (`$true) {
                    'part'
                    if (++`$written -eq 100) { Write-Information now -InformationAction Continue }
                }
            } | Set-Content $paths")
        $running = $runspace.BeginInvoke()
        while ($runspace.Streams.Information.Count -eq 0 -and -not $running.IsCompleted) {
            $null = $running.AsyncWaitHandle.WaitOne(50)
        }

        $runspace.Stop()
        $runspace.InvocationStateInfo.State | Should -Be 'Stopped'
        $runspace.Dispose()
        foreach ($name in 'a', 'b') {
            Get-DfssContent $name -Raw -Peer $peer | Should -BeExactly 'whole'
        }
    }

    It 'leads to each name by its items' {
        $names = 'a[1].txt', 'a*b', '-lead', 'trail.', 'q?x', '~tilde', 'c:d', 'd::e', 'back`tick', "quo'te",
            'dollar$x', '#hash', 'semi;c', 'comma,d', 'ü€', '..x', 'x..'
        foreach ($name in $names) {
            $name | Set-DfssContent $name -NoNewline -Peer $peer
            $name | Set-DfssContent "in $name/$name" -NoNewline -Peer $peer
        }

        $files = @(Get-ChildItem Dfss1: -Recurse | Where-Object { -not $_.PSIsContainer })
        $files.Count | Should -Be (2 * $names.Count)
        foreach ($file in $files) { $file | Get-Content | Should -BeExactly ($file.Name -split '/')[-1] }
        foreach ($name in $names | Where-Object { $_ -ne 'd::e' }) {
            Get-Content -LiteralPath "Dfss1:/$name" | Should -BeExactly $name
            Get-Content "Dfss1:/in $([WildcardPattern]::Escape("$name/$name"))" | Should -BeExactly $name
        }

        $files | Remove-Item
        Get-StoredName | Should -BeNullOrEmpty
    }

    It 'is where files are sent to and received from' {
        $null = New-Item -ItemType Directory tree/sub
        'x' | Set-Content tree/sub/file
        $null = Send-DfssFile ./tree -Recurse -Prefix Dfss1:\photos
        Get-StoredName | Should -Be 'photos/sub/file'
        $null = Receive-DfssFile Dfss1:\photos\* -Destination ./back -RelativeTo Dfss1:/photos
        Get-Content back/sub/file | Should -Be 'x'
        { Remove-DfssFile Dfss1:/photos/sub/file -Peer $other -ErrorAction Stop } |
            Should -Throw -ErrorId 'OptionNotOfDrive,*'
        Get-ChildItem Dfss1:/photos/sub | Receive-DfssFile -Destination ./flat -Flatten | ForEach-Object Name |
            Should -Be 'file'
    }

    It 'is completed' {
        foreach ($name in 'photos/a b', 'photos/c', 'Photo') { Set-Content "Dfss1:/$name" x }
        $separator = [IO.Path]::DirectorySeparatorChar

        # A completion waits 100 ms for a listing and shows what there is then.
        $watch = [Diagnostics.Stopwatch]::StartNew()
        do { $found = Get-Completion 'Get-Content Dfss1:/ph' }
        until ($found.Count -eq 2 -or $watch.Elapsed.TotalSeconds -gt 30)
        $found.Count | Should -Be 2
        $found | Should -Contain "Dfss1:${separator}photos"
        Get-Completion 'Get-Content Dfss1:/photos/' |
            Should -Be "'Dfss1:${separator}photos${separator}a b'", "Dfss1:${separator}photos${separator}c"
    }

    It 'has items whose names Rename-Item takes' {
        foreach ($name in 'n/a.txt', 'n/b.txt', 'n/s.txt/c', 'top.txt') { Set-Content "Dfss1:/$name" $name }
        (Get-ChildItem Dfss1:).Name | Should -Be 'n/', 'top.txt'
        Get-ChildItem Dfss1:/n | Rename-Item -NewName { $_.Name -replace 't.txt$|.txt(/?)$', '.md$1' }
        Get-ChildItem Dfss1: | Where-Object Name -EQ 'top.txt' |
            Rename-Item -NewName { $_.PSChildName -replace 'top', 'first' }
        Get-StoredName | Should -Be 'first.txt', 'n/a.md', 'n/b.md', 'n/s.md/c'
        foreach ($name in 'm/a.md', 'Dfss1:/n/c.md', 'Dfss1:c.md', '../c.md') {
            { Rename-Item Dfss1:/n/a.md $name -ErrorAction Stop } |
                Should -Throw -ErrorId 'InvalidName,*' -Because $name
        }

        { Rename-Item Dfss1:/n/a.md b.md -ErrorAction Stop } | Should -Throw -ErrorId 'FileExists,*'
        { Rename-Item Dfss1:/n first.txt -ErrorAction Stop } | Should -Throw -ErrorId 'FileExists,*'
        Get-StoredName | Should -Be 'first.txt', 'n/a.md', 'n/b.md', 'n/s.md/c'
    }

    It 'takes no option of a disk' {
        foreach ($name in 'a', 'b/c') { Set-Content "Dfss1:/$name" $name }
        'local' | Set-Content local
        foreach ($list in { 'Dfss1:/' | Get-ChildItem -File -ErrorAction Stop },
            { Get-ChildItem ., Dfss1:/ -File -ErrorAction Stop },
            { 'Dfss1:/' | Get-ChildItem -Directory -Name -ErrorAction Stop },
            { 'Dfss1:/*' | Get-ChildItem -Attributes Directory -ErrorAction Stop },
            { 'Dfss1:/a' | Test-Path -OlderThan 2000-01-01 -ErrorAction Stop }) {
            $list | Should -Throw -ErrorId 'OptionNotOfDrive,*' -Because $list
        }

        { Get-ChildItem Dfss1: -File -ErrorAction Stop } | Should -Throw -ErrorId 'NamedParameterNotFound,*'
        Push-Location Dfss1:
        { (Get-Location -Stack).Path | Get-ChildItem -File -ErrorAction Stop } |
            Should -Throw -ErrorId 'NamedParameterNotFound,*'
        Pop-Location
        'Dfss1:/' | Get-ChildItem -File -ErrorAction SilentlyContinue | Remove-Item -Recurse
        Get-StoredName | Should -Be 'a', 'b/c'
        Get-Item Dfss1:/* | Get-Content -Raw -ErrorAction SilentlyContinue | Should -Match '^a'
    }

    It 'goes on after an error of one path, as -ErrorAction says' {
        Set-Content Dfss1:/a x
        New-Item Dfss1:/a, Dfss1:/b -Value y -ErrorAction SilentlyContinue -ErrorVariable failed | Should -HaveCount 1
        $failed.FullyQualifiedErrorId | Should -BeLike 'FileExists,*'
        Remove-Item Dfss1:/none, Dfss1:/a -ErrorAction SilentlyContinue
        Get-StoredName | Should -Be 'b'
    }

    It 'has paths that the commands for stored files complete' {
        foreach ($name in 'album/a', 'alone') { Set-Content "Dfss1:/$name" x }

        # A completion offers what was listed within the last half minute.
        $null = Get-ChildItem Dfss1:
        Get-Completion 'Receive-DfssFile Dfss1:/al' | Should -Be 'Dfss1:/album', 'Dfss1:/alone'
        Get-Completion 'Send-DfssFile x -Prefix Dfss1:/a' | Should -Be 'Dfss1:/album'
    }

    It 'has no root on another drive' {
        { New-PSDrive -Name X -PSProvider Dfss -Root Dfss1:/album -Peer $peer -ErrorAction Stop } |
            Should -Throw -ErrorId 'InvalidName,*'
    }

    It 'is there for a function of a module that has made it' {
        $module = New-Module -ScriptBlock {
            param($peer)
            function Use-Drive {
                $null = New-PSDrive -Name Own -PSProvider Dfss -Root '' -Peer $peer -Scope Local
                Set-Content Own:/a x
                Get-ChildItem Own: | ForEach-Object Name
                Get-Item Own:/a | Remove-Item
            }
        } -ArgumentList $peer
        & $module { Use-Drive } | Should -Be 'a'
        Get-StoredName | Should -BeNullOrEmpty
    }

    It 'ends with its module' {
        Invoke-Isolated "
            Import-Module '$manifest'
            `$peer = Start-DfssPeer -InMemory -Port 0
            `$null = New-PSDrive -Name X -PSProvider Dfss -Root '' -Peer `$peer
            Set-Content X:/a x
            Remove-Module Dfss
            [bool] (Get-PSDrive X -ErrorAction Ignore)
            [bool] (Get-PSProvider Dfss -ErrorAction Ignore)
            Import-Module '$manifest'
            @(Get-PSProvider Dfss).Count" | Should -Be 'False', 'False', '1'
    }
}

Describe 'A drive whose peer does not answer' {
    AfterEach {
        Get-PSDrive -PSProvider Dfss | Remove-PSDrive -Force
        Get-DfssFileInfo -Peer $peer | Remove-DfssFile -Force
    }

    Context 'and stands still' -Skip:$IsWindows {
        BeforeEach {
            $start = [Diagnostics.ProcessStartInfo]::new($pwsh)
            foreach ($argument in '-NoProfile', '-NonInteractive', '-Command', "
                Import-Module '$manifest'
                `"`$((Start-DfssPeer -InMemory -Port 0).Endpoint) `$PID`"
                Start-Sleep 300") {
                $start.ArgumentList.Add($argument)
            }

            $start.RedirectStandardOutput = $true
            $process = [Diagnostics.Process]::Start($start)
            $endpoint, $id = $process.StandardOutput.ReadLine() -split ' '
        }

        AfterEach {
            $process.Kill()
            $process.WaitForExit()
            $process.Dispose()
        }

        It 'says that the peer does not answer, and names it' {
            $null = New-PSDrive -Name Y -PSProvider Dfss -Root '' -Peer $endpoint
            $null = New-PSDrive -Name Z -PSProvider Dfss -Root '' -Peer $endpoint
            Set-Content Y:/a x
            & /bin/kill -STOP $id
            $failed = $null
            try {
                Get-ChildItem Z: -WarningVariable warned -WarningAction SilentlyContinue -ErrorAction Stop
            } catch {
                $failed = $_
            }

            $failed.FullyQualifiedErrorId | Should -BeLike 'TimedOut,*'
            $warned | Where-Object { $_ -like "'Z:*': *$endpoint*" } | Should -Not -BeNullOrEmpty
            Get-Completion 'Get-Content Z:/' | Should -BeNullOrEmpty
        }

        It 'shows what the other peer lists, and changes no folder' {
            & /bin/kill -STOP $id
            'x' | Set-DfssContent u/a -Peer $peer
            $null = New-PSDrive -Name U -PSProvider Dfss -Root '' -Peer $peer.Endpoint, $endpoint
            (Get-ChildItem U:/u -WarningVariable warned -WarningAction SilentlyContinue -ErrorAction Stop).Name |
                Should -Be 'u/a'
            $warned | Where-Object { $_ -like "'U:*': *may be more than is listed*$endpoint*" } |
                Should -Not -BeNullOrEmpty
            { Remove-Item U:/u -Recurse -ErrorAction Stop } | Should -Throw -ErrorId 'ListingIncomplete,*'
            Get-DfssContent u/a -Peer $peer | Should -Be 'x'
        }

        It 'is stopped by Ctrl+C' {
            & /bin/kill -STOP $id

            # A pipeline in a runspace of its own, as soon as it says that it waits.
            $runspace = [PowerShell]::Create()
            try {
                $null = $runspace.AddScript("
                    Import-Module '$manifest'
                    `$null = New-PSDrive -Name Z -PSProvider Dfss -Root '' -Peer $endpoint
                    Get-ChildItem Z:")
                $running = $runspace.BeginInvoke()
                while ($runspace.Streams.Progress.Count -eq 0 -and -not $running.IsCompleted) {
                    $null = $running.AsyncWaitHandle.WaitOne(50)
                }

                $runspace.Stop()
                $runspace.InvocationStateInfo.State | Should -Be 'Stopped'
            } finally {
                $runspace.Dispose()
            }
        }
    }

    It 'is an error at once where nothing listens' {
        $null = New-PSDrive -Name W -PSProvider Dfss -Root '' -Peer localhost:1
        { Get-ChildItem W: -ErrorAction Stop } | Should -Throw -ErrorId 'PeerUnreachable,*'
        Test-Path W:/a -ErrorVariable failed -ErrorAction SilentlyContinue | Should -BeFalse
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'PeerUnreachable,*'
        try { Test-Path W:/a -ErrorAction Stop } catch { $null = $_ }
        { Test-Path W:/a -ErrorAction Stop } | Should -Throw -ErrorId 'PeerUnreachable,*'
        { Set-Content W:/a x -ErrorAction Stop } | Should -Throw -ErrorId 'PeerUnreachable,*'
    }

    It 'changes no folder of which not all is known' {
        foreach ($name in 'f/a', 'g') { 'x' | Set-DfssContent $name -Peer $peer }
        $null = New-PSDrive -Name V -PSProvider Dfss -Root '' -Peer $peer, $other, localhost:1
        foreach ($change in { Copy-Item V:/f V:/n -Recurse -ErrorAction Stop },
            { Remove-Item V:/f -Recurse -ErrorAction Stop }, { Rename-Item V:/f n -ErrorAction Stop },
            { Move-Item V:/f V:/n/ -ErrorAction Stop }) {
            $change | Should -Throw -ErrorId 'ListingIncomplete,*' -Because $change
        }

        Get-StoredName | Should -Be 'f/a', 'g'

        # A warning that ends the command comes before the change, each time.
        foreach ($attempt in 1, 2) {
            { Rename-Item V:/g h -WarningAction Stop } | Should -Throw -ErrorId 'ActionPreferenceStop,*'
            Get-StoredName | Should -Be 'f/a', 'g'
        }

        Rename-Item V:/g h -WarningVariable warned -WarningAction SilentlyContinue
        $warned | Where-Object { $_ -like '*localhost:1*' } | Should -Not -BeNullOrEmpty
        Get-StoredName | Should -Be 'f/a', 'h'
    }
}
