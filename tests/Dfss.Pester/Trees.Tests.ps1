#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# Whole folders: sent, received and compared beside what PowerShell's own commands do with them.

BeforeAll {
    . (Join-Path $PSScriptRoot Suite.ps1)
    $script:peer = Start-DfssPeer -InMemory -Port 0
}

AfterAll {
    Remove-Module Dfss
}

Describe 'A folder' {
    BeforeEach {
        Push-Location (New-Item -ItemType Directory (Join-Path $TestDrive (New-Guid)))
        $PSDefaultParameterValues['*-Dfss*:Peer'] = $peer
        $files = 'a.jpg', 'b.tmp', '2025/a.jpg', '2025/.hidden', '.cache/x.jpg', '[1] ü/e.txt'
        foreach ($path in $files) {
            $file = [IO.FileInfo]::new((Join-Path $PWD tree $path))
            $file.Directory.Create()
            [IO.File]::WriteAllText($file.FullName, "tree/$path")
        }

        $null = New-Item -ItemType Directory tree/empty
        if (-not $IsWindows) {
            (Get-ChildItem tree -Recurse -Force | Where-Object Name -Match '^\.').Count | Should -Be 2
        }

        $script:prefix = (New-Guid).ToString('n')
    }

    AfterEach {
        Pop-Location
        $PSDefaultParameterValues.Remove('*-Dfss*:Peer')
    }

    It 'sends what Get-ChildItem -Recurse finds, under the same names' -ForEach @(
        @{ filter = @{ } }
        @{ filter = @{ Include = '*.jpg' } }
        @{ filter = @{ Include = '*.jpg', '*.txt'; Exclude = 'e*' } }
        @{ filter = @{ Force = $true } }
        @{ filter = @{ Force = $true; Exclude = '*.tmp' } }
    ) {
        $expected = Get-ChildItem tree -Recurse -File @filter |
            ForEach-Object { "$prefix/" + [IO.Path]::GetRelativePath("$PWD/tree", $_.FullName).Replace('\', '/') }
        $sent = Send-DfssFile tree -Recurse -Prefix $prefix @filter
        $sent.Name | Sort-Object | Should -Be ($expected | Sort-Object)
    }

    It 'sends the same from the pipeline' {
        $direct = Send-DfssFile ./tree -Recurse -Prefix "$prefix/1"
        $piped = Get-ChildItem ./tree -Recurse | Send-DfssFile -RelativeTo ./tree -Prefix "$prefix/2"
        ($piped.Name -replace '/2/', '/1/' | Sort-Object) | Should -Be ($direct.Name | Sort-Object)
    }

    It 'keeps its own name, as with Copy-Item -Recurse' {
        Rename-Item tree $prefix
        (Send-DfssFile $prefix -Recurse).Name | Should -Contain "$prefix/2025/a.jpg"
        Copy-Item $prefix (New-Item -ItemType Directory copy) -Recurse
        "copy/$prefix/2025/a.jpg" | Should -Exist
    }

    It 'comes back below another folder' {
        $null = Send-DfssFile tree -Recurse -Force -Prefix $prefix
        $received = Receive-DfssFile "$prefix/*" -Destination ./back -RelativeTo $prefix
        $received.Count | Should -Be 6
        foreach ($file in Get-ChildItem tree -Recurse -File -Force) {
            $copy = Join-Path back ([IO.Path]::GetRelativePath("$PWD/tree", $file.FullName))
            (Get-FileHash -LiteralPath $copy).Hash | Should -Be (Get-FileHash -LiteralPath $file.FullName).Hash
            (Get-Item -LiteralPath $copy -Force).LastWriteTimeUtc | Should -Be $file.LastWriteTimeUtc
        }

        'back/empty' | Should -Not -Exist
    }

    It 'is refused as a whole where two files would be one' {
        $null = Send-DfssFile tree -Recurse -Prefix $prefix
        $receive = @{ Destination = './flat'; Flatten = $true }
        $null = Receive-DfssFile "$prefix/*" @receive -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'DestinationExists,*'
        './flat' | Should -Not -Exist
        $received = Receive-DfssFile "$prefix/2025/*", "$prefix/b.tmp" -Destination ./flat -Flatten
        $received.Name | Should -Be 'a.jpg', 'b.tmp'
    }

    It 'is sent again only where it has changed' {
        $null = Send-DfssFile tree -Recurse -Prefix $prefix
        Set-Content tree/b.tmp 'changed'
        $second = Send-DfssFile tree -Recurse -Prefix $prefix -SkipUnchanged -Force
        ($second | Where-Object -Not Skipped).Name | Should -Be "$prefix/b.tmp"
        (Get-Item tree/a.jpg).LastWriteTime = '2020-01-01'
        (Send-DfssFile tree -Recurse -Prefix $prefix -Checksum | Where-Object -Not Skipped) | Should -BeNullOrEmpty
    }

    It 'is compared with the store' {
        $null = Send-DfssFile tree -Recurse -Prefix $prefix
        Set-Content tree/b.tmp 'changed'
        Remove-Item tree/a.jpg
        Set-Content tree/new 'new'
        $groups = Compare-DfssFile tree -Recurse -Prefix $prefix | Group-Object State -AsHashTable -AsString
        $groups['Different'].Name | Should -Be "$prefix/b.tmp"
        $groups['OnlyThere'].Name | Should -Be "$prefix/a.jpg"
        $groups['OnlyHere'].Name | Should -Be "$prefix/new"
        $groups['Same'].Count | Should -Be 2
        $table = Compare-DfssFile tree -Recurse -Prefix $prefix | Format-Table | Out-String -Width 120
        $table | Should -Match "(?m)^OnlyThere +10 B +10 B $prefix/a.jpg"
    }

    It 'is mirrored in both directions' {
        $mirror = @{ Mirror = $true; SkipUnchanged = $true; Confirm = $false }
        $null = Send-DfssFile tree -Recurse -Prefix $prefix
        $null = Receive-DfssFile "$prefix/*" -Destination ./back -RelativeTo $prefix
        Remove-Item tree/2025 -Recurse -Force
        Set-Content tree/new 'new'
        (Send-DfssFile tree -Recurse -Prefix $prefix @mirror | Where-Object -Not Skipped).Name |
            Should -Be "$prefix/new"
        $expected = (Get-ChildItem tree -Recurse -File).Name | Sort-Object
        ((Get-DfssFileInfo "$prefix/*").Name | Split-Path -Leaf | Sort-Object) | Should -Be $expected
        $null = Receive-DfssFile "$prefix/*" -Destination ./back -RelativeTo $prefix @mirror
        ((Get-ChildItem back -Recurse -File).Name | Sort-Object) | Should -Be $expected
        'back/2025' | Should -Not -Exist
    }
}
