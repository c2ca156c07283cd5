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
        $stream = Open-DfssFile $name | Select-Object -First 1
        $stream.Length | Should -Be (Get-Item a.zip).Length
        $stream.Dispose()
        $archive = [System.IO.Compression.ZipArchive]::new((Open-DfssFile $name))
        $reader = [IO.StreamReader]::new($archive.GetEntry('entry.txt').Open())
        $reader.ReadToEnd() | Should -Be 'text of the entry'
        $archive.Dispose()
    }

    It 'is stored as Set-Content writes it' -ForEach @(
        @{ options = @{ } }
        @{ options = @{ NoNewline = $true } }
        @{ options = @{ Encoding = 'utf8BOM' } }
        @{ options = @{ Encoding = 'unicode' } }
        @{ options = @{ Encoding = 'utf32' } }
        @{ options = @{ Encoding = 'ascii' } }
        @{ options = @{ Encoding = 1252 } }
    ) {
        $inputs = 'a', 'ü €', $null, '', 1.5, ([datetime] '2025-01-02 03:04:05'), (Get-Item .), @{ a = 1 },
            ([pscustomobject] @{ b = 2 }), @('c', 'd')
        foreach ($values in $inputs, @('one')) {
            $values | Set-Content local @options
            $values | Set-DfssContent $name -Force @options
            $null = Receive-DfssFile $name -Destination stored -Force
            (Get-FileHash stored).Hash | Should -Be (Get-FileHash local).Hash -Because (Get-Content local -Raw)
        }
    }

    It 'is the bytes of a program that its stream gives' -Skip:$IsWindows {
        $start = [Diagnostics.ProcessStartInfo]::new('/bin/sh')
        $start.ArgumentList.Add('-c')
        $start.ArgumentList.Add("head -c 300000 /dev/zero; printf '\377\r'")
        $start.RedirectStandardOutput = $true
        $process = [Diagnostics.Process]::Start($start)
        Set-DfssContent $name -InputStream $process.StandardOutput.BaseStream
        $process.WaitForExit()
        (Get-DfssContent $name -AsByteStream -Offset 299999) -join ' ' | Should -Be '0 255 13'
    }

    It 'is never the text of a program in place of its bytes, unsaid' -Skip:$IsWindows {
        'old' | Set-DfssContent $name
        { & /bin/sh -c "printf '\377\001\r\n'" | Set-DfssContent $name -AsByteStream -Force } |
            Should -Throw -ErrorId 'ContentNotBytes,*'
        { & /bin/sh -c "printf '65\n'" | Set-DfssContent $name -AsByteStream -Force } |
            Should -Throw -ErrorId 'ContentNotBytes,*'
        Get-DfssContent $name | Should -Be 'old'
        & /bin/sh -c "printf '\377\001\r\n'" | Set-DfssContent $name -Force -WarningVariable lost -WarningAction Ignore
        $lost | Should -BeLike '*-InputStream*'
        & /bin/sh -c 'echo text' | Set-DfssContent $name -Force -WarningVariable none
        $none | Should -BeNullOrEmpty
    }

    It 'is the bytes of a program that go through a named pipe' -Skip:$IsWindows {
        & mkfifo fifo
        $writer = Start-Process /bin/sh -ArgumentList '-c', "`"printf '\377\001\r\n' > fifo`"" -PassThru
        $stream = [IO.File]::OpenRead((Join-Path $PWD fifo))
        Set-DfssContent $name -InputStream $stream
        $stream.Dispose()
        $writer.WaitForExit()
        (Get-DfssContent $name -AsByteStream) -join ' ' | Should -Be '255 1 13 10'
    }

    It 'goes through the pipeline from stored files to another' {
        'one', 'two' | Set-DfssContent "$name-1"
        'three' | Set-DfssContent "$name-2"
        Get-DfssContent "$name-*" | Set-DfssContent $name
        Get-DfssContent $name | Should -Be 'one', 'two', 'three'
    }

    It 'stays as it was where the pipeline fails' {
        'old' | Set-DfssContent $name
        { Get-Content missing -ErrorAction Ignore | Set-DfssContent $name -Force } |
            Should -Throw -ErrorId 'ContentEmpty,*'
        { 1..10 | ForEach-Object { if ($_ -eq 5) { throw 'on purpose' }; $_ } | Set-DfssContent $name -Force } |
            Should -Throw 'on purpose'
        'new' | Set-DfssContent $name -Force -WhatIf
        Get-DfssContent $name | Should -Be 'old'
    }
}
