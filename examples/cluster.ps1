<#
.SYNOPSIS
    A cluster of two users: one makes it and runs its first peer, the other joins by an invitation, sends a file and
    receives it.
.DESCRIPTION
    Both users are on this machine, each a process of its own with a state folder of its own, as if they were on two
    machines. Runs in pwsh 7.6 (after `dotnet build`) and in dfss, unchanged. Takes free ports on loopback and a new
    temporary folder, and leaves neither behind. Any failure ends it with exit code 1.
.EXAMPLE
    dotnet run --project src/Dfss.Shell -- -File examples/cluster.ps1
.EXAMPLE
    pwsh -File examples/cluster.ps1
#>
param(
    # For the script's own use: the part of the other user.
    [switch] $OtherUser
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
if (-not (Get-Command Start-DfssPeer -ErrorAction Ignore)) {
    $manifest = [System.IO.Path]::Combine($PSScriptRoot, '..', 'module', 'Dfss', 'Dfss.psd1')
    Import-Module $(if ($env:EXAMPLE_MODULE) { $env:EXAMPLE_MODULE } else { $manifest })
}

# Shows a command, runs that very command, shows the objects it gives, and gives them.
function Step([scriptblock] $Command) {
    Write-Host "$($env:EXAMPLE_USER)> $("$Command".Trim())"
    $results = @(& $Command)
    if ($results.Count -gt 0) { $results | Out-Host }
    $results
}

function Assert([bool] $Condition, [string] $Otherwise) {
    if (-not $Condition) { throw "The example failed: $Otherwise" }
}

# The other user: knows the invitation, which came in $env:DFSS_INVITATION, and nothing else.
if ($OtherUser) {
    if ($env:EXAMPLE_USER -eq 'eve') {
        $refused = $null
        try { $null = Step { Join-DfssCluster } } catch { $refused = $_ }
        $isUsed = $null -ne $refused -and $refused.FullyQualifiedErrorId -like 'InvitationUsed*'
        Assert $isUsed "the invitation worked twice: $refused"
        Write-Host "$refused`n"
        return
    }

    $folder = [System.IO.Path]::Combine($env:XDG_STATE_HOME, 'files')
    $null = [System.IO.Directory]::CreateDirectory($folder)
    $file = [System.IO.Path]::Combine($folder, 'report.bin')
    $bytes = [byte[]]::new(3MB)
    [System.Random]::new(1).NextBytes($bytes)
    [System.IO.File]::WriteAllBytes($file, $bytes)

    $cluster = (Step { Join-DfssCluster })[0]
    $env:DFSS_INVITATION = $null
    $isAnn = $cluster.Role -eq 'Writer' -and $cluster.Identity -eq 'ann'
    Assert $isAnn "joined as $($cluster.Role) $($cluster.Identity)."
    $sent = (Step { Send-DfssFile $file -Name builds/report.bin })[0]
    Assert ($sent.Length -eq 3MB) "sent $($sent.Length) bytes."
    $received = (Step { Receive-DfssFile builds/report.bin -Destination "$file.back" })[0]
    $same = [System.Linq.Enumerable]::SequenceEqual([byte[]]$bytes, [System.IO.File]::ReadAllBytes($received.FullName))
    Assert $same 'what came back differs from what was sent.'
    $peer = (Step { Get-DfssPeer })[0]
    Assert ("$($peer.Encryption)" -eq 'Tls13') "the peer speaks $($peer.Encryption)."

    Write-Host "# What the invitation does not allow is refused.`n"
    $refused = $null
    try { Send-DfssFile $file -Name other.bin -ErrorAction Stop } catch { $refused = $_ }
    $isRefused = $null -ne $refused -and $refused.FullyQualifiedErrorId -like 'NotPermitted*'
    Assert $isRefused "a name outside of builds/ was not refused: $refused"
    Write-Host "$refused`n"
    return
}

# The process that runs this script, once more for the other user.
function Start-OtherUser([string] $Name, [string] $Invitation) {
    $start = [System.Diagnostics.ProcessStartInfo]::new([System.Environment]::ProcessPath)
    if ([System.IO.Path]::GetFileNameWithoutExtension($start.FileName) -eq 'dotnet') {
        $start.ArgumentList.Add([System.Environment]::GetCommandLineArgs()[0])
    }

    if ($PSHOME -and $Host.Name -ne 'dfss') { $start.ArgumentList.Add('-NoProfile') }
    foreach ($argument in '-File', $PSCommandPath, '-OtherUser') { $start.ArgumentList.Add($argument) }
    $start.Environment['XDG_STATE_HOME'] = [System.IO.Path]::Combine($folder, $Name)
    $start.Environment['DFSS_INVITATION'] = $Invitation
    $start.Environment['EXAMPLE_USER'] = $Name
    $start.Environment['EXAMPLE_MODULE'] = [System.IO.Path]::ChangeExtension((Get-Module Dfss).Path, 'psd1')
    $null = $start.Environment.Remove('DFSS_CLUSTER_PASSPHRASE')
    $process = [System.Diagnostics.Process]::Start($start)
    $process.WaitForExit()
    $process.ExitCode
}

$folder = [System.IO.Directory]::CreateTempSubdirectory('dfss-cluster-').FullName
$before = @{}
foreach ($name in 'XDG_STATE_HOME', 'DFSS_CLUSTER_PASSPHRASE', 'DFSS_CLUSTER', 'DFSS_PEER', 'EXAMPLE_USER') {
    $before[$name] = [System.Environment]::GetEnvironmentVariable($name)
}

$peers = @()
try {
    $env:XDG_STATE_HOME = [System.IO.Path]::Combine($folder, 'boss')
    $env:DFSS_CLUSTER_PASSPHRASE = [guid]::NewGuid()
    $env:DFSS_CLUSTER = $env:DFSS_PEER = $null
    $env:EXAMPLE_USER = 'boss'
    $watch = [System.Diagnostics.Stopwatch]::StartNew()

    Write-Host "`n# One user makes a cluster, and starts the peer that lets others in.`n"
    $null = Step { New-DfssCluster lab }
    $peers += Step { Start-DfssPeer ([System.IO.Path]::Combine($folder, 'store1')) -Port 0 -Issuer -Detached }

    Write-Host "# A second peer joins with an invitation, as on any other machine.`n"
    $store = [System.IO.Path]::Combine($folder, 'store2')
    $null = Step { Join-DfssCluster (New-DfssInvitation -Role Peer) -StorePath $store }
    $peers += Step { Start-DfssPeer $store -Port 0 -Detached }

    Write-Host "# Another user is invited. The invitation is one string, which works once.`n"
    $invitation = New-DfssInvitation -Role Writer -NamePrefix 'builds/*' -Name ann
    $code = Start-OtherUser ann $invitation
    Assert ($code -eq 0) "the other user ended with exit code $code."
    $watch.Stop()

    $listed = @(Step { Get-DfssFileInfo })
    Assert ($listed.Count -eq 1 -and $listed[0].Name -eq 'builds/report.bin') "$($listed.Count) files are listed."
    Assert ($listed[0].StoreIds.Count -eq 2) 'the file is not at both peers of the cluster.'
    Write-Host "# A second use of the same invitation is refused.`n"
    $code = Start-OtherUser eve $invitation
    Assert ($code -eq 0) "the third user ended with exit code $code."
    Write-Host ("The cluster works: from nothing to a file sent and received in {0:n1} s." -f
        $watch.Elapsed.TotalSeconds)
} finally {
    foreach ($peer in $peers) { Stop-DfssPeer -Id $peer.Id -ErrorAction Continue }
    foreach ($name in $before.Keys) { [System.Environment]::SetEnvironmentVariable($name, $before[$name]) }
    [System.IO.Directory]::Delete($folder, $true)
}
