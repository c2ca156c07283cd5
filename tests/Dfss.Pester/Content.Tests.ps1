#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.7' }

# Content without a local file, beside what PowerShell's own Get-Content and Set-Content do, and with programs.

BeforeAll {
    . (Join-Path $PSScriptRoot Suite.ps1)
    $script:peer = Start-DfssPeer -InMemory -Port 0
    $PSDefaultParameterValues['*-Dfss*:Peer'] = $peer
}

AfterAll {
    $PSDefaultParameterValues.Remove('*-Dfss*:Peer')
    Remove-Module Dfss
}

Describe 'The content of a stored file' {
    BeforeEach {
        Push-Location (New-Item -ItemType Directory (Join-Path $TestDrive (New-Guid)))
        $script:name = (New-Guid).ToString('n')
    }

    AfterEach {
        Pop-Location
    }

    It 'is what Get-Content gives of the local file' -ForEach @(
        @{ options = @{ } }
        @{ options = @{ Raw = $true } }
        @{ options = @{ Tail = 2 } }
        @{ options = @{ TotalCount = 2 } }
        @{ options = @{ AsByteStream = $true } }
        @{ options = @{ AsByteStream = $true; TotalCount = 3 } }
        @{ options = @{ AsByteStream = $true; Tail = 3 } }
        @{ options = @{ Encoding = 'unicode' } }
    ) {
        foreach ($encoding in 'utf8', 'utf8BOM', 'unicode', 'utf32') {
            foreach ($text in "a`r`nü €`n`nlast", "one`n", '') {
                $text | Set-Content local -Encoding $encoding -NoNewline
                $null = Send-DfssFile local -Name $name -Force
                $expected = @(Get-Content local @options)
                $actual = @(Get-DfssContent $name @options)
                if ($options.Raw -and $text -eq '') { $expected = @('') }
                $actual.Count | Should -Be $expected.Count -Because "$encoding $text"
                $actual -join '|' | Should -BeExactly ($expected -join '|') -Because "$encoding $text"
            }
        }
    }

    It 'ends at once for Select-Object -First' {
        [IO.File]::WriteAllBytes("$PWD/local", [byte[]]::new(5MB))
        $null = Send-DfssFile local -Name $name
        @(Get-DfssContent $name -AsByteStream | Select-Object -First 3).Count | Should -Be 3
        @(Get-DfssContent $name -AsByteStream -Raw | Select-Object -First 1)[0].Length | Should -Be 64KB
    }

    It 'gives a program the bytes of a file' -Skip:$IsWindows {
        $bytes = [byte[]]::new(300KB)
        [Random]::new(1).NextBytes($bytes)
        [IO.File]::WriteAllBytes("$PWD/local", $bytes)
        $null = Send-DfssFile local -Name $name
        Get-DfssContent $name -AsByteStream -Raw | & /bin/sh -c 'cat > whole'
        Get-DfssContent $name -AsByteStream -Count 1000 | & /bin/sh -c 'cat > part'
        (Get-FileHash whole).Hash | Should -Be (Get-FileHash local).Hash
        [IO.File]::ReadAllBytes("$PWD/part") -join ' ' | Should -Be ($bytes[0..999] -join ' ')
    }

    It 'is opened as an archive, and hashed as a stream' {
        'text of the entry' | Set-Content entry.txt -NoNewline
        Compress-Archive entry.txt a.zip
        $null = Send-DfssFile a.zip -Name $name
        $stream = Open-DfssFile $name
        (Get-FileHash -InputStream $stream).Hash | Should -Be (Get-FileHash a.zip).Hash
        $stream.Dispose()
        $archive = [System.IO.Compression.ZipArchive]::new((Open-DfssFile $name))
        $reader = [IO.StreamReader]::new($archive.GetEntry('entry.txt').Open())
        $reader.ReadToEnd() | Should -Be 'text of the entry'
        $archive.Dispose()
    }
}
