<#
.SYNOPSIS
    Shows the main job on real files: three peers on disk, a send, a crash, a receive, a comparison.
.DESCRIPTION
    Runs in pwsh 7.6 (after `dotnet build`) and in dfss, unchanged, so it uses only what both have. Takes free ports on
    loopback and a new temporary folder, and leaves neither behind. Any failure ends it with exit code 1.
.EXAMPLE
    dotnet run --project src/Dfss.Shell -- -File examples/quickstart.ps1
.EXAMPLE
    pwsh -File examples/quickstart.ps1
#>
param(
    # Keeps the temporary folder: stores, received files and the peers' logs.
    [switch] $Keep
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
if (-not (Get-Command Start-DfssPeer -ErrorAction Ignore)) {
    Import-Module ([System.IO.Path]::Combine($PSScriptRoot, '..', 'module', 'Dfss', 'Dfss.psd1'))
}

# Shows a command, runs that very command, shows the first objects it gives, and gives them all.
function Step([scriptblock] $Command, [int] $First = 6) {
    Write-Host "PS> $("$Command".Trim())"
    $results = @(& $Command)
    if ($results.Count -gt 0) {
        $results[0..([System.Math]::Min($First, $results.Count) - 1)] | Out-Host
    }

    if ($results.Count -gt $First) {
        Write-Host "... and $($results.Count - $First) more`n"
    }

    $results
}

function Assert([bool] $Condition, [string] $Otherwise) {
    if (-not $Condition) { throw "The quickstart failed: $Otherwise" }
}

function Get-Sum([object[]] $Files) {
    $sum = 0L
    foreach ($file in $Files) { $sum += $file.Length }
    $sum
}

function Get-Rate([long] $Bytes, [System.Diagnostics.Stopwatch] $Watch) {
    $seconds = $Watch.Elapsed.TotalSeconds
    '{0:n0} MiB in {1:n2} s, {2:n0} MiB/s' -f ($Bytes / 1MB), $seconds, ($Bytes / 1MB / $seconds)
}

function Get-Sha256([string] $Path) {
    $stream = [System.IO.File]::OpenRead($Path)
    try {
        [System.Convert]::ToHexString([System.Security.Cryptography.SHA256]::HashData($stream))
    } finally {
        $stream.Dispose()
    }
}

$folder = [System.IO.Directory]::CreateTempSubdirectory('dfss-quickstart-').FullName
$received = [System.IO.Directory]::CreateDirectory([System.IO.Path]::Combine($folder, 'received')).FullName
$stores = foreach ($number in 1..3) { [System.IO.Path]::Combine($folder, "store$number") }
$runtime = [System.Runtime.InteropServices.RuntimeEnvironment]::GetRuntimeDirectory()
$peers = @()
try {
    Write-Host "`n# Three peers, each a process of its own with a store on disk.`n"
    foreach ($store in $stores) { $peers += @(Start-DfssPeer -StorePath $store -Port 0 -Detached) }
    $peers | Out-Host
    $env:DFSS_PEER = $peers.Endpoint -join ','
    Write-Host "DFSS_PEER=$($env:DFSS_PEER): from here on commands need no -Peer.`n"

    Write-Host "# Real files: the .NET runtime's own, and a large one made of them.`n"
    $large = [System.IO.Path]::Combine($folder, 'large.bin')
    $output = [System.IO.File]::Create($large)
    try {
        while ($output.Length -lt 80MB) {
            foreach ($path in [System.IO.Directory]::GetFiles($runtime, 'System.*.dll')) {
                $output.Write([System.IO.File]::ReadAllBytes($path))
            }
        }
    } finally { $output.Dispose() }

    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    $sent = Step { Send-DfssFile -Path "$runtime/System.*.dll" }
    $sent += Step { Send-DfssFile -Path $large }
    $watch.Stop()
    Assert ((Get-Sum $sent) -gt 64MB) "only $(Get-Sum $sent) bytes were sent."
    Write-Host "Sent $($sent.Count) files: $(Get-Rate (Get-Sum $sent) $watch). On disk at the peers when it returned.`n"

    Write-Host "# What is there, and who has it.`n"
    $listed = Step { Get-DfssFileInfo }
    Assert ($listed.Count -eq $sent.Count) "$($sent.Count) files were sent, $($listed.Count) are listed."
    $null = Step { Get-DfssFileInfo System.Text* }
    $null = Step { Get-DfssPeer }

    Write-Host "# One peer is killed (SIGKILL), and started again on its store.`n"
    $victim = $peers[1]
    $process = [System.Diagnostics.Process]::GetProcessById($victim.ProcessId)
    $process.Kill()
    $process.WaitForExit()
    $process.Dispose()
    $null = Step { Get-DfssPeer }
    Stop-DfssPeer -Id $victim.Id
    $peers[1] = (Step { Start-DfssPeer -StorePath $victim.StorePath -Port $victim.Port -Detached })[0]
    Assert ($peers[1].StoreId -eq $victim.StoreId) 'the restarted peer has another store id.'

    Write-Host "# Everything comes back, from all peers at once, every chunk verified.`n"
    $watch.Restart()
    $files = Step { Get-DfssFileInfo | Receive-DfssFile -Destination $received }
    $watch.Stop()
    Write-Host "Received $($files.Count) files: $(Get-Rate (Get-Sum $files) $watch).`n"

    Assert ($files.Count -eq $sent.Count) "$($sent.Count) files were sent, $($files.Count) received."
    foreach ($file in $files) {
        $original = if ($file.Name -eq 'large.bin') { $large } else { [System.IO.Path]::Combine($runtime, $file.Name) }
        Assert ((Get-Sha256 $original) -eq (Get-Sha256 $file.FullName)) "$($file.Name) differs from its original."
    }

    Write-Host "All $($files.Count) have the SHA-256 of their originals.`n"

    Write-Host "# One byte of a copy is changed: where does it differ from what is stored?`n"
    $copy = [System.IO.Path]::Combine($received, 'large.bin')
    $null = Step { Compare-DfssFile -Path $copy }
    $stream = [System.IO.File]::Open($copy, 'Open', 'ReadWrite')
    try {
        $stream.Position = 50MB
        $byte = $stream.ReadByte()
        $stream.Position = 50MB
        $stream.WriteByte($byte -bxor 1)
    } finally { $stream.Dispose() }

    $comparison = (Step { Compare-DfssFile -Path $copy })[0]
    Assert (-not $comparison.IsEqual) 'the changed byte was not noticed.'
    Write-Host "It differs in the bytes $($comparison.Differences -join ', ').`n"
    Write-Host 'The quickstart has passed.'
} finally {
    foreach ($peer in $peers) {
        Stop-DfssPeer -Id $peer.Id -ErrorAction Continue
    }

    if ($Keep) { Write-Host "Kept: $folder" } else { [System.IO.Directory]::Delete($folder, $true) }
}
