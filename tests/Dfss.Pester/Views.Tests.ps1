#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# How our objects look, and what other cmdlets make of them.

BeforeAll {
    . (Join-Path $PSScriptRoot Suite.ps1)
    $script:rendering = $PSStyle.OutputRendering
    $PSStyle.OutputRendering = 'PlainText'
    $script:peer = Start-DfssPeer -InMemory -Port 0
    $script:folder = New-Item -ItemType Directory (Join-Path $TestDrive (New-Guid))
    $names = 'small [1].bin', 'a name of forty characters, which is long', 'large.bin'
    $lengths = 10, 1536, 3MB
    foreach ($i in 0..2) {
        [IO.File]::WriteAllBytes((Join-Path $folder $names[$i]), [byte[]]::new($lengths[$i]))
    }

    $script:files = Get-ChildItem -LiteralPath $folder -File | Send-DfssFile -Peer $peer | Sort-Object Length
    $changed = Join-Path $folder large.bin
    $bytes = [byte[]]::new(3MB)
    $bytes[2MB] = 1
    [IO.File]::WriteAllBytes($changed, $bytes)
    $script:comparisons = Get-ChildItem -LiteralPath $folder -File | Compare-DfssFile -Peer $peer | Sort-Object Length
    $script:range = $comparisons[-1].Differences[0]
    $script:optimization = Optimize-DfssStore -Peer $peer -Confirm:$false
    $script:objects = @{
        file = $files[0]; peer = (Get-DfssPeer)[0]; comparison = $comparisons[-1]; range = $range
        optimization = $optimization
    }
}

AfterAll {
    $PSStyle.OutputRendering = $rendering
    Remove-Module Dfss
}

Describe 'A table of files' {
    It 'fits <_> columns and cuts off no name' -ForEach 80, 120 {
        $lines = ($files | Format-Table | Out-String -Width $_) -split '\r?\n'
        ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual $_
        $text = ($lines | ForEach-Object Trim) -join ' '
        $text | Should -Match 'small \[1\]\.bin'
        $text | Should -Match 'large\.bin'
        $text | Should -Not -Match '…'
        foreach ($size in '10 B', '1\.5 KB', '3\.0 MB') {
            $text | Should -Match "\d\d:\d\d:\d\d +$size "
        }
    }

    It 'aligns sizes to the right' {
        $ends = ($files | Format-Table | Out-String -Width 120) -split '\r?\n' | Select-String '\d (?:B|KB|MB)(?= )' |
            ForEach-Object { $_.Matches[0].Index + $_.Matches[0].Length }
        $ends.Count | Should -Be 3
        $ends | Select-Object -Unique | Should -HaveCount 1
    }

    It 'is grouped by what the user says' {
        $files | Format-Table -GroupBy Replicas | Out-String -Width 120 | Should -Match 'Replicas: 1'
    }
}

Describe 'A table of peers and of comparisons' {
    It 'fits <_> columns' -ForEach 80, 120 {
        foreach ($table in (Get-DfssPeer | Format-Table), ($comparisons | Format-Table), ($range | Format-Table),
            ($optimization | Format-Table)) {
            $lines = ($table | Out-String -Width $_) -split '\r?\n'
            ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual $_
            $lines -join '' | Should -Not -Match '…'
        }

        Get-DfssPeer | Format-Table | Out-String -Width $_ | Should -Match "Session +Running +$($peer.Endpoint)"
        $comparisons | Format-Table | Out-String -Width $_ | Should -Match 'False +3\.0 MB +3\.0 MB +1\.0 MB large\.bin'
        $range | Format-Table | Out-String -Width $_ | Should -Match '2097152 +1048576 +1\.0 MB'
        $optimization | Format-Table | Out-String -Width $_ | Should -Match "$($peer.Endpoint) +0 +0 B +\d+ +0 +0"
    }
}

Describe 'A list' {
    It 'of a <_> says all in <name>' -ForEach @(
        @{ name = 'file'; expected = 'Name +: small', 'Length +: 10 \(10 B\)', 'FileId +: [0-9a-f]{20}',
            'IsCurrent +: True' }
        @{ name = 'peer'; expected = 'Endpoints +: \{localhost:\d+', 'StoreId +: [0-9a-f]{32}', 'ProcessId +: \d+',
            'Scrub +: Resting' }
        @{ name = 'comparison'; expected = 'LocalLength +: 3145728 \(3\.0 MB\)', 'Differences +: \{2097152-3145727\}' }
        @{ name = 'range'; expected = 'Offset +: 2097152', 'Length +: 1048576 \(1\.0 MB\)' }
        @{ name = 'optimization'; expected = 'DeletedBytes +: 0 \(0 B\)', 'Files +: 3', 'UndecidedNames +: 0' }
    ) {
        $text = $objects[$name] | Format-List | Out-String -Width 80
        foreach ($pattern in $expected) {
            $text | Should -Match $pattern
        }
    }
}

Describe 'A wide view' {
    It 'of a <name> shows <expected>' -ForEach @(
        @{ name = 'file'; expected = 'small [1].bin' }
        @{ name = 'peer'; expected = 'localhost:' }
        @{ name = 'comparison'; expected = 'large.bin' }
        @{ name = 'range'; expected = '2097152-3145727' }
        @{ name = 'optimization'; expected = 'localhost:' }
    ) {
        $objects[$name] | Format-Wide | Out-String -Width 80 | Should -Match ([regex]::Escape($expected))
    }
}

Describe 'All properties' {
    It 'of a <_> are shown by Format-Table * and Format-List *' -ForEach @(
        'file', 'peer', 'comparison', 'range', 'optimization'
    ) {
        $text = $objects[$_] | Format-List * | Out-String -Width 300
        foreach ($property in $objects[$_].psobject.Properties.Name) {
            $text | Should -Match "(?m)^$property +:"
        }

        { $objects[$_] | Format-Table * | Out-String -Width 300 } | Should -Not -Throw
    }

    It 'that the types name exist on a <_>' -ForEach 'file', 'peer', 'comparison', 'range', 'optimization' {
        $sets = $objects[$_].PSStandardMembers
        foreach ($set in 'DefaultDisplayPropertySet', 'DefaultKeyPropertySet') {
            $sets.$set.ReferencedPropertyNames | Should -Not -BeNullOrEmpty
            $sets.$set.ReferencedPropertyNames | Should -BeIn $objects[$_].psobject.Properties.Name
        }
    }
}

Describe 'Other cmdlets' {
    It 'sort, group, measure and filter' {
        ($files | Sort-Object Length -Descending)[0].Name | Should -Be 'large.bin'
        ($files | Measure-Object Length -Sum).Sum | Should -Be (10 + 1536 + 3MB)
        ($files | Group-Object { [IO.Path]::GetExtension($_.Name) }).Count | Should -Be 2
        ($comparisons | Group-Object IsEqual | Sort-Object Name | ForEach-Object Count) | Should -Be 1, 2
        ($files | Where-Object Length -GT 1MB).Name | Should -Be 'large.bin'
        ($files + $files | Sort-Object Name -Unique).Count | Should -Be 3
    }

    It 'take received files and compared ones, brackets and all, from another drive too' {
        Push-Location Env:
        try {
            ($files | Receive-DfssFile -Destination (Join-Path $folder out/) | Get-FileHash).Count | Should -Be 3
            ($comparisons | Get-FileHash).Path | Should -Be $comparisons.LocalPath
            ($comparisons | Get-Item).FullName | Should -Be $comparisons.FullName
        }
        finally {
            Pop-Location
        }
    }

    It 'write JSON without an object in it, and read it again' {
        foreach ($name in $objects.Keys) {
            $json = $objects[$name] | ConvertTo-Json -WarningVariable warnings -WarningAction SilentlyContinue
            $warnings | Should -BeNullOrEmpty
            $json | Should -Not -Match 'Stream|Assembly|Dfss\.'
        }

        $copy = $files[0] | ConvertTo-Json | ConvertFrom-Json
        $copy.Name, $copy.Length, $copy.Peers[0] | Should -Be $files[0].Name, $files[0].Length, $peer.Endpoint
    }

    It 'write CSV that names the peers, from which a file is received again' {
        $csv = Join-Path $folder list.csv
        $files[2] | Export-Csv $csv
        $row = Import-Csv $csv
        $row.Peers | Should -Be $peer.Endpoint
        ($row | Receive-DfssFile -Peer $row.Peers -Destination (Join-Path $folder csv/)).Length | Should -Be 3MB
    }

    It 'write CLIXML, which shows as before; received from it with -Peer, or from the peers of this session' {
        $xml = Join-Path $folder list.xml
        $files[2] | Export-Clixml $xml
        $copy = Import-Clixml $xml
        $copy | Format-Table | Out-String -Width 120 | Should -Match '3\.0 MB +3 +1/1 large\.bin'
        ($copy | Receive-DfssFile -Peer $copy.Peers -Destination (Join-Path $folder xml/)).Length | Should -Be 3MB
        ($copy | Receive-DfssFile -Destination (Join-Path $folder own/)).Length | Should -Be 3MB
    }
}

Describe 'In another culture' {
    It 'sizes and dates stay the same in <_>' -ForEach 'tr-TR', 'de-DE', 'ar-SA', 'fa-IR' {
        $before = [cultureinfo]::CurrentCulture
        $expected = $files | Format-Table | Out-String -Width 120
        try {
            [cultureinfo]::CurrentCulture = $_
            $files | Format-Table | Out-String -Width 120 | Should -Be $expected
            $files | Format-List Name, Version | Out-String | Should -Match 'large'
        }
        finally {
            [cultureinfo]::CurrentCulture = $before
        }
    }
}
