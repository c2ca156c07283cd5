<#
.SYNOPSIS
    Shows that files survive: five peers, two copies of everything; one peer is lost with its disk, the files are
    repaired, and another one is lost.
.DESCRIPTION
    Runs in pwsh 7.6 (after `dotnet build`) and in dfss, unchanged, so it uses only what both have. Takes free ports on
    loopback and a new temporary folder, and leaves neither behind. Sizes and victims are random each time; the seed is
    printed, and -Seed gives it again. Any failure ends it with exit code 1.
.EXAMPLE
    dotnet run --project src/Dfss.Shell -- -File examples/survival.ps1
.EXAMPLE
    pwsh -File examples/survival.ps1 -Files 20 -Seed 4711
#>
param(
    # How many files are sent.
    [int] $Files = 200,

    # What sizes and victims follow from.
    [int] $Seed = [System.Environment]::TickCount
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
if (-not (Get-Command Start-DfssPeer -ErrorAction Ignore)) {
    Import-Module ([System.IO.Path]::Combine($PSScriptRoot, '..', 'module', 'Dfss', 'Dfss.psd1'))
}

function Assert([bool] $Condition, [string] $Otherwise) {
    if (-not $Condition) { throw "The files have not survived: $Otherwise" }
}

function Get-Sha256([string] $Path) {
    $stream = [System.IO.File]::OpenRead($Path)
    try {
        [System.Convert]::ToHexString([System.Security.Cryptography.SHA256]::HashData($stream))
    } finally {
        $stream.Dispose()
    }
}

# Receives every file into a new folder and compares each with its source.
function Test-Everything([string] $When) {
    $into = [System.IO.Directory]::CreateDirectory([System.IO.Path]::Combine($folder, 'received')).FullName
    $received = @(Get-DfssFileInfo -WarningAction Ignore | Receive-DfssFile -Destination $into -WarningAction Ignore)
    Assert ($received.Count -eq $Files) "$When, $($received.Count) of $Files files were received."
    foreach ($file in $received) {
        $source = [System.IO.Path]::Combine($sources, $file.Name)
        Assert ((Get-Sha256 $file.FullName) -eq (Get-Sha256 $source)) "$When, $($file.Name) has other bytes."
    }

    [System.IO.Directory]::Delete($into, $true)
    Write-Host "${When}: all $Files files are received as they were sent."
}

# Ends a peer's process with SIGKILL.
function Stop-PeerHard($Peer) {
    $process = [System.Diagnostics.Process]::GetProcessById($Peer.ProcessId)
    $process.Kill()
    $process.WaitForExit()
    $process.Dispose()
    Stop-DfssPeer -Id $Peer.Id
}

Write-Host "seed $Seed"
$random = [System.Random]::new($Seed)
$folder = [System.IO.Directory]::CreateTempSubdirectory('dfss-survival-').FullName
$sources = [System.IO.Directory]::CreateDirectory([System.IO.Path]::Combine($folder, 'sources')).FullName
$peers = @()
try {
    foreach ($number in 1..5) {
        $peers += @(Start-DfssPeer -StorePath ([System.IO.Path]::Combine($folder, "store$number")) -Port 0 -Detached)
    }

    $env:DFSS_PEER = $peers.Endpoint -join ','
    foreach ($number in 1..$Files) {
        # Mostly small; every tenth has several chunks, and some nothing at all.
        $isLarge = $number % 10 -eq 0
        $length = if ($isLarge) { $random.Next(1MB, 4MB) } else { $random.Next(0, 2) * $random.Next(0, 200KB) }
        $bytes = [byte[]]::new($length)
        $random.NextBytes($bytes)
        [System.IO.File]::WriteAllBytes([System.IO.Path]::Combine($sources, "file$number.bin"), $bytes)
    }

    $sent = @(Send-DfssFile -Path "$sources/*" -Replicas 2)
    Assert ($sent.Count -eq $Files) "$($sent.Count) of $Files files were sent."
    Write-Host "$Files files are at five peers, two copies of each chunk."

    $first = $random.Next(5)
    foreach ($victim in $first, (($first + $random.Next(1, 5)) % 5)) {
        $peer = $peers[$victim]
        Stop-PeerHard $peer
        Test-Everything "With $($peer.Endpoint) killed"

        [System.IO.Directory]::Delete($peer.StorePath, $true)
        $peers[$victim] = Start-DfssPeer -StorePath $peer.StorePath -Port $peer.Port -Detached
        Test-Everything "With $($peer.Endpoint) wiped"

        $degraded = @(Get-DfssFileInfo -WarningAction Ignore |
            Where-Object { -not (Test-DfssFile -InputObject $_ -WarningAction Ignore) })
        Assert ($degraded.Count -gt 0) 'Test-DfssFile finds nothing missing.'
        $null = @($degraded | Repair-DfssFile -WarningAction Ignore)
        $left = @(Get-DfssFileInfo -WarningAction Ignore |
            Where-Object { -not (Test-DfssFile -InputObject $_ -WarningAction Ignore) })
        Assert ($left.Count -eq 0) "$($left.Count) files are not healthy after the repair."
        Write-Host "Test-DfssFile named $($degraded.Count) files; Repair-DfssFile repaired them."
    }

    Test-Everything 'In the end'
    Write-Host 'The files have survived.'
} finally {
    foreach ($peer in $peers) {
        Stop-DfssPeer -Id $peer.Id -ErrorAction Continue
    }

    [System.IO.Directory]::Delete($folder, $true)
}
