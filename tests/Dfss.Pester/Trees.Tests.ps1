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
}
