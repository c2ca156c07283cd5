#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# One pipeline with ours and PowerShell's own cmdlets: what only real PowerShell shows.

BeforeAll {
    . (Join-Path $PSScriptRoot Suite.ps1)
    $script:peer = Start-DfssPeer -InMemory -Port 0
}

AfterAll {
    Remove-Module Dfss
}

Describe 'The pipeline' {
    BeforeEach {
        Push-Location (New-Item -ItemType Directory (Join-Path $TestDrive (New-Guid)))
        $null = New-Item -ItemType Directory in, out
    }

    AfterEach {
        Pop-Location
        Get-DfssFileInfo -Peer $peer | Should -Not -BeNullOrEmpty
    }

    It 'takes files of Get-ChildItem, brackets and spaces and all, and gives files for the next command' {
        Set-Content -LiteralPath 'in/[1] ü b.txt' 'one'
        Set-Content -LiteralPath 'in/c.txt' 'two'
        $hashes = Get-ChildItem in -File | Send-DfssFile -Peer $peer -Force | Receive-DfssFile -Destination out |
            Get-FileHash | Sort-Object Path
        $hashes.Count | Should -Be 2
        $hashes.Hash | Should -Be (Get-ChildItem in | Sort-Object FullName | Get-FileHash).Hash
    }

    It 'keeps folders in names with -RelativeTo' {
        $null = New-Item -ItemType Directory in/a, in/b
        Set-Content in/a/x 'ax'
        Set-Content in/b/x 'bx'
        (Get-ChildItem in -File -Recurse | Send-DfssFile -Peer $peer -RelativeTo in).Name | Sort-Object |
            Should -Be 'a/x', 'b/x'
        Receive-DfssFile 'a/x', 'b/x' -Peer $peer -Destination out | Get-Content | Sort-Object | Should -Be 'ax', 'bx'
    }

    It 'takes names and paths of Import-Csv' {
        Set-Content in/d 'd'
        Set-Content list.csv 'Path,Name', 'in/d,from csv'
        (Import-Csv list.csv | Send-DfssFile -Peer $peer).Name | Should -Be 'from csv'
    }

    It 'moves files to the peers that another command gives' {
        Set-Content in/m 'm'
        $null = Send-DfssFile in/m -Name moved -Peer $peer
        $new = 1..2 | ForEach-Object { Start-DfssPeer -InMemory -Port 0 }
        try {
            $told = Get-DfssFileInfo moved -Peer $peer | Repair-DfssFile -Move $new -WhatIf
            $told | Should -BeNullOrEmpty
            $moved = Get-DfssFileInfo moved -Peer $peer | Repair-DfssFile -Move $new
            $moved.MovedFrom | Should -Be $peer.Endpoint
            $moved.Peers | Sort-Object | Should -Be ($new.Endpoint | Sort-Object)
            foreach ($one in @($peer) + $new) {
                Receive-DfssFile moved -Peer $one -Destination out -Force | Get-Content | Should -Be 'm'
            }
        }
        finally {
            Remove-DfssFile moved -Peer $new -Confirm:$false
            $new | Stop-DfssPeer
        }
    }

    It 'receives from a PSDrive to a PSDrive' {
        $null = New-PSDrive here FileSystem $PWD -Scope Global
        try {
            Set-Content in/e 'e'
            $file = Send-DfssFile here:/in/e -Peer $peer | Receive-DfssFile -Destination here:/out
            $file.FullName | Should -Be (Join-Path $PWD out e)
        }
        finally {
            Remove-PSDrive here
        }
    }

    It 'ends early for Select-Object -First' {
        1..30 | ForEach-Object { Set-Content "in/first$_" $_ }
        @(Send-DfssFile in/first* -Peer $peer -Force | Select-Object -First 1).Count | Should -Be 1
    }

    It 'ends for -ErrorAction Stop with the error id of the file' {
        Set-Content in/f 'f'
        { Send-DfssFile in/none, in/f -Peer $peer -ErrorAction Stop } | Should -Throw -ErrorId 'PathNotFound,*'
    }

    It 'goes on after one bad file otherwise' {
        Set-Content in/g 'g'
        $sent = Send-DfssFile in/none, in/g -Peer $peer -ErrorAction SilentlyContinue -ErrorVariable failed
        $sent.Name | Should -Be 'g'
        $failed.FullyQualifiedErrorId | Should -BeLike 'PathNotFound,*'
    }
}

Describe 'The next command' {
    BeforeAll {
        $script:folder = New-Item -ItemType Directory (Join-Path $TestDrive next)
        foreach ($name in 'a.txt', 'b.txt', 'c.log') { Set-Content (Join-Path $folder $name) ($name * 100) }
        $script:sent = Get-ChildItem $folder -File | Send-DfssFile -Peer $peer -Force
        $archived = New-Item -ItemType Directory (Join-Path $TestDrive archived)
        Set-Content -LiteralPath (Join-Path $archived 'in [it].txt') 'unpacked'
        $script:archive = Join-Path $TestDrive 'photos [1].zip'
        [System.IO.Compression.ZipFile]::CreateFromDirectory($archived, $archive)
        $null = Send-DfssFile -LiteralPath $archive -Peer $peer -Force
    }

    BeforeEach {
        $script:out = New-Item -ItemType Directory (Join-Path $TestDrive (New-Guid))
    }

    It 'unpacks what was received: Expand-Archive' {
        if (-not (Get-Command Expand-Archive -ErrorAction Ignore)) {
            Set-ItResult -Skipped -Because 'this pwsh has no module Microsoft.PowerShell.Archive'
        }

        Receive-DfssFile 'photos `[1`].zip' -Peer $peer -Destination "$out/" |
            Expand-Archive -DestinationPath $out/unpacked
        Get-Content -LiteralPath "$out/unpacked/in [it].txt" | Should -Be 'unpacked'
    }

    It 'unpacks what was received: ZipFile' {
        Receive-DfssFile -LiteralName 'photos [1].zip' -Peer $peer -Destination "$out/" |
            ForEach-Object { [System.IO.Compression.ZipFile]::ExtractToDirectory($_.FullName, "$out/unpacked") }
        Get-Content -LiteralPath "$out/unpacked/in [it].txt" | Should -Be 'unpacked'
    }

    It 'hashes, filters, groups, sorts and measures' {
        $received = Get-DfssFileInfo *.txt, *.log -Peer $peer | Where-Object Name -In $sent.Name |
            Receive-DfssFile -Peer $peer -Destination "$out/"
        ($received | Get-FileHash | Sort-Object Path).Hash |
            Should -Be (Get-ChildItem $folder | Sort-Object FullName | Get-FileHash).Hash
        ($received | Where-Object Extension -EQ .log).Name | Should -Be 'c.log'
        ($received | Group-Object Extension -NoElement | Sort-Object Name | ForEach-Object Count) | Should -Be 1, 2
        ($received | Sort-Object Name -Descending)[0].Name | Should -Be 'c.log'
        ($received | Measure-Object Length -Sum).Sum | Should -Be ($sent | Measure-Object Length -Sum).Sum
    }

    It 'is Import-Csv of what Export-Csv wrote' {
        $sent | Where-Object Name -Like *.txt | Select-Object Name | Export-Csv $out/list.csv
        (Import-Csv $out/list.csv | Receive-DfssFile -Peer $peer -Destination "$out/").Name |
            Should -Be 'a.txt', 'b.txt'
    }

    It 'is reached through Tee-Object and -OutVariable, which hold the same' {
        $names = Send-DfssFile $folder/*.txt -Peer $peer -Force -OutVariable kept | Tee-Object -Variable teed |
            ForEach-Object Name
        $names | Should -Be 'a.txt', 'b.txt'
        $kept.Name | Should -Be $names
        $teed.Name | Should -Be $names
    }

    It 'is Out-File and a redirection, without colours or progress in the file' {
        Get-DfssFileInfo a.txt -Peer $peer > $out/redirected.txt
        Get-DfssFileInfo a.txt -Peer $peer | Out-File $out/written.txt
        Get-Content $out/redirected.txt -Raw | Should -Be (Get-Content $out/written.txt -Raw)
        Get-Content $out/redirected.txt -Raw | Should -Match '(?s)^\s*Version.*a\.txt\s*$'
    }

    It 'gets errors where they are redirected to, one record each' {
        $all = Send-DfssFile $folder/none, $folder/a.txt -Peer $peer -Force 2>&1
        $all[0] | Should -BeOfType System.Management.Automation.ErrorRecord
        $all[1].Name | Should -Be 'a.txt'
        Send-DfssFile $folder/none -Peer $peer 2> $out/errors.txt
        Get-Content $out/errors.txt -Raw | Should -Match 'none'
    }

    It 'runs in parallel and in a job' {
        $address = $peer.Endpoint
        $names = $sent.Name | ForEach-Object -Parallel {
            Import-Module $using:manifest
            (Receive-DfssFile $_ -Peer $using:address -Destination "$using:out/").Name
        }
        $names | Sort-Object | Should -Be 'a.txt', 'b.txt', 'c.log'
        $job = Start-Job { Import-Module $using:manifest; (Get-DfssFileInfo a.txt -Peer $using:address).Name }
        $job | Receive-Job -Wait -AutoRemoveJob | Should -Be 'a.txt'
    }
}

Describe 'A transcript' {
    It 'has what was shown and no progress' {
        $path = Join-Path $TestDrive transcript.txt
        $file = Join-Path $TestDrive shown.txt
        Set-Content $file 'shown'
        $null = Invoke-Isolated "Import-Module '$manifest'
            `$null = Start-Transcript '$path'
            `$peer = Start-DfssPeer -InMemory -Port 0
            Send-DfssFile '$file' -Peer `$peer | Out-Host; `$null = Stop-Transcript"
        $text = Get-Content $path -Raw
        $text | Should -Match '[67] B\s+1\s+1/1\s+shown\.txt'
        $text | Should -Not -Match "`e\["
    }
}
