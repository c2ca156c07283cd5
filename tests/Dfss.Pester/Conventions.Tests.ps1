#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# The conventions of cmdlets that only real PowerShell shows: what other commands give, remoting, preferences,
# discovery. docs/conventions.md says which test here shows which rule.

BeforeDiscovery {
    . (Join-Path $PSScriptRoot Suite.ps1)
    $script:commands = Get-Command -Module Dfss | ForEach-Object { @{ command = $_.Name } }
}

BeforeAll {
    . (Join-Path $PSScriptRoot Suite.ps1)
    $script:peer = Start-DfssPeer -InMemory -Port 0
}

AfterAll {
    Remove-Module Dfss
}

Describe 'What other commands give' {
    BeforeEach {
        Push-Location (New-Item -ItemType Directory (Join-Path $TestDrive (New-Guid)))
        $null = New-Item -ItemType Directory a, b, out
        Set-Content a/x 'ax'
        Set-Content b/x 'bx'
        Set-Content -LiteralPath '[1].txt' 'brackets'
        Set-Content 1.txt 'one'
        $PSDefaultParameterValues['*-Dfss*:Peer'] = $peer
        $script:prefix = (New-Guid).ToString('n')
    }

    AfterEach {
        Pop-Location
        $PSDefaultParameterValues.Remove('*-Dfss*:Peer')
    }

    It 'binds Import-Csv by Path and Name' {
        Set-Content list.csv 'Path,Name', "a/x,$prefix/one", "b/x,$prefix/two"
        (Import-Csv list.csv | Send-DfssFile).Name | Should -Be "$prefix/one", "$prefix/two"
    }

    It 'binds objects with PSPath, with and without a name' {
        Get-Item -LiteralPath '[1].txt' | Select-Object PSPath | Send-DfssFile -Force | ForEach-Object Length |
            Should -Be (Get-Item -LiteralPath '[1].txt').Length
        Get-Item a/x | Select-Object PSPath, @{ Name = 'Name'; Expression = { "$prefix/named" } } | Send-DfssFile |
            ForEach-Object Name | Should -Be "$prefix/named"
    }

    It 'takes FileInfo as the argument of -Path and of -InputObject' {
        (Send-DfssFile (Get-Item 1.txt) -Force).Name | Should -Be '1.txt'
        (Send-DfssFile -InputObject (Get-Item -LiteralPath '[1].txt', 1.txt) -Force).Name |
            Should -Be '[1].txt', '1.txt'
    }

    It 'does not take the name of a FileInfo for the stored name' {
        $sent = Get-ChildItem a, b -File | Send-DfssFile -RelativeTo . -Force
        $sent.Name | Should -Be 'a/x', 'b/x'
    }

    It 'takes files that came out of a job' {
        $files = Start-Job { Get-ChildItem a, b -File } -WorkingDirectory $PWD | Receive-Job -Wait -AutoRemoveJob
        $files[0].PSTypeNames | Should -Contain 'Deserialized.System.IO.FileInfo'
        ($files | Send-DfssFile -RelativeTo . -Force).Name | Should -Be 'a/x', 'b/x'
    }

    It 'passes over the folders of Get-ChildItem, and verbose says so' {
        $log = Join-Path $TestDrive "$prefix.txt"
        $sent = Get-ChildItem -Recurse | Send-DfssFile -RelativeTo . -Prefix $prefix -Verbose 4> $log
        $names = foreach ($name in '1.txt', '[1].txt', 'a/x', 'b/x') { "$prefix/$name" }
        $sent.Name | Sort-Object | Should -Be ($names | Sort-Object)
        @(Get-Content $log | Where-Object { $_ -like '*is a folder, and is passed over.' }).Count | Should -Be 3
        $null = Send-DfssFile a -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed.FullyQualifiedErrorId | Should -Be 'PathIsFolder,Dfss.Commands.SendDfssFileCommand'
    }

    It 'refuses items of other providers by what they are' {
        $null = Get-Item env:PATH | Send-DfssFile -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed.FullyQualifiedErrorId | Should -BeLike 'PathNotOfFileSystem,*'
    }

    It 'finds ~ and drives in both directions' {
        $provider = Get-PSProvider FileSystem
        $before = $provider.Home
        $provider.Home = "$PWD"
        $null = New-PSDrive conv FileSystem $PWD -Scope Global
        try {
            Send-DfssFile ~/a/x -Name "$prefix/x" | Receive-DfssFile -Destination ~/out/home | ForEach-Object FullName |
                Should -Be (Join-Path $PWD out home)
            Get-DfssFileInfo "$prefix/x" | Receive-DfssFile -Destination conv:/out/drive | ForEach-Object FullName |
                Should -Be (Join-Path $PWD out drive)
            (Compare-DfssFile conv:/b/x "$prefix/x").IsEqual | Should -BeFalse
        }
        finally {
            Remove-PSDrive conv
            $provider.Home = $before
        }
    }

    It 'goes from a comparison to the next command by the file it names' {
        $null = Send-DfssFile -LiteralPath '[1].txt' -Name "$prefix/[1]"
        Set-Content -LiteralPath '[1].txt' 'changed'
        Compare-DfssFile -LiteralPath '[1].txt' -Name "$prefix/[1]" | Where-Object { -not $_.IsEqual } |
            Send-DfssFile -Force | ForEach-Object Version | Should -Be 2
        (Compare-DfssFile -LiteralPath '[1].txt' -Name "$prefix/[1]" | Get-FileHash).Hash |
            Should -Be (Get-FileHash -LiteralPath '[1].txt').Hash
    }

    It 'splats' {
        $send = @{ Path = 'a/x', '1.txt'; Force = $true; ChunkSize = '1MB'; ThrottleLimit = 2; Peer = $peer }
        @(Send-DfssFile @send).Count | Should -Be 2
    }

    It 'keeps the streams apart' {
        $output = Send-DfssFile 1.txt -Force -Verbose -Debug 4> verbose.txt 5> debug.txt 6> information.txt
        @($output).Count | Should -Be 1
        $output | Should -BeOfType Dfss.DfssFileInfo
        $sent = @(Get-Content verbose.txt | Where-Object { $_ -like 'Sent *' })
        $sent.Count | Should -Be 1
        $sent[0] | Should -Match "^Sent '.*1\.txt' as '1\.txt' version \d+: .* in .* s, peers "
        Get-Content debug.txt | Select-Object -First 1 | Should -Match ' B out: ok, '
        Get-Content information.txt | Should -Match '^Sending: 1 file, '
    }

    It 'obeys $ErrorActionPreference, and Ignore leaves no trace' {
        { $ErrorActionPreference = 'Stop'; Send-DfssFile none.txt } | Should -Throw -ErrorId 'PathNotFound,*'
        $global:Error.Clear()
        Send-DfssFile none.txt -ErrorAction Ignore
        $global:Error.Count | Should -Be 0
    }
}

Describe 'Peers' {
    It 'that came out of a job can be asked, and are not stopped by their number' {
        $text = [System.Management.Automation.PSSerializer]::Serialize($peer)
        $copy = [System.Management.Automation.PSSerializer]::Deserialize($text)
        (Get-DfssPeer -Peer $copy).StoreId | Should -Be $peer.StoreId
        { $copy | Stop-DfssPeer -ErrorAction Stop } | Should -Throw '*is of another session*'
        (Get-DfssPeer -Id $peer.Id).State | Should -Be 'Running'
    }

    It 'are offered while the user types, those of $env:DFSS_PEER too, without a request' {
        $listener = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0)
        $listener.Start()
        $env:DFSS_PEER = "$($listener.LocalEndpoint)"
        try {
            foreach ($line in 'Send-DfssFile x -Peer ', 'Get-DfssFileInfo -Peer ') {
                $offered = (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText
                $offered | Should -Contain $peer.Endpoint
                $offered | Should -Contain $env:DFSS_PEER
            }

            foreach ($line in 'Receive-DfssFile ', 'Get-DfssFileInfo -LiteralName ',
                'Optimize-DfssStore -GracePeriod ') {
                (TabExpansion2 $line $line.Length).CompletionMatches.Count | Should -Be 0
            }

            $listener.Pending() | Should -BeFalse
        }
        finally {
            Remove-Item env:DFSS_PEER
            $listener.Stop()
        }
    }
}

Describe 'What PowerShell finds in <command>' -ForEach $commands {
    BeforeAll {
        # By name: what was found at discovery is of an import that is gone, and Pester 6 does not end when it shows
        # such an object.
        $script:found = Get-Command $command
    }

    It 'is an approved verb' {
        (Get-Verb).Verb | Should -Contain $found.Verb
    }

    It 'is declared output and an unambiguous syntax' {
        $found.OutputType.Count | Should -BeGreaterThan 0
        $found.DefaultParameterSet ?? '__AllParameterSets' | Should -BeIn $found.ParameterSets.Name
    }
}

Describe 'The manifest' {
    BeforeAll {
        $script:info = Test-ModuleManifest $manifest
    }

    It 'says what the gallery asks for' {
        $info.CompatiblePSEditions | Should -Be 'Core'
        $info.PowerShellVersion | Should -Be '7.6'
        $info.Tags | Should -Contain 'PSEdition_Core'
        $info.LicenseUri | Should -Not -BeNullOrEmpty
        $info.ReleaseNotes | Should -Match ([regex]::Escape($info.Version))
        $info.Description, $info.Author, $info.Copyright | Should -Not -BeNullOrEmpty
    }

    It 'finds the commands by name alone, without loading the module' {
        $folder = Split-Path (Split-Path $info.Path)
        $script = "`$env:PSModulePath = '$folder'; (Get-Command Send-DfssF*).Source; (Get-Module).Name -contains 'Dfss'"
        Invoke-Isolated $script | Should -Be 'Dfss', 'False'
    }
}
