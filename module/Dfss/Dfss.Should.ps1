# Operators for Pester's Should, 5.0 and later: Should -BeDfssIntact, Should -HaveDfssReplica. Dfss.psm1 runs this where
# Pester is loaded. Each operator stands for itself: Pester keeps the first one of a name, also when the module is
# imported again, and this file's scope may be gone then.

$beIntact = {
    param($ActualValue, [switch] $Negate, [string] $Because, $Peer, $CallerSessionState)
    $options = @{ Deep = $true; PassThru = $true; ErrorAction = 'Stop'; WarningAction = 'SilentlyContinue' }
    if ($Peer) { $options.Peer = $Peer }
    if (@($ActualValue).Count -ne 1) { throw 'Give one file: pipe several to Should, which then tests each.' }
    if ($ActualValue -is [string]) { $options.LiteralName = $ActualValue } else { $options.InputObject = $ActualValue }
    $health = Dfss\Test-DfssFile @options
    $isIntact = $health.IsHealthy -and $health.BadChunks.Count -eq 0
    $reason = if ($Because) { " because $($Because -replace '^because\s+')," }
    $found = if ($isIntact) {
        "all $($health.Replicas) copies of its $($health.Chunks) chunks are good."
    } else {
        $chunks = $health.BadChunks | Select-Object -First 10 | ForEach-Object { "$($_.Problem)." }
        @($health.Problem; $chunks) -ne '' -join ' '
    }
    [pscustomobject]@{
        Succeeded      = $isIntact -ne $Negate
        FailureMessage = "Expected '$($health.Name)'$(if ($Negate) { ' not' }) to be intact,$reason but: $found"
    }
}

$haveReplica = {
    param(
        $ActualValue, [ValidateRange(1, 64)] [int] $Replicas = 1, [switch] $Negate, [string] $Because, $Peer,
        $CallerSessionState
    )
    $options = @{ Deep = $true; PassThru = $true; ErrorAction = 'Stop'; WarningAction = 'SilentlyContinue' }
    if ($Peer) { $options.Peer = $Peer }
    if (@($ActualValue).Count -ne 1) { throw 'Give one file: pipe several to Should, which then tests each.' }
    if ($ActualValue -is [string]) { $options.LiteralName = $ActualValue } else { $options.InputObject = $ActualValue }
    $health = Dfss\Test-DfssFile @options
    $reason = if ($Because) { " because $($Because -replace '^because\s+')," }
    $where = @($health.BadChunks | Select-Object -First 10 | ForEach-Object { "$($_.Problem)." }) -join ' '
    [pscustomobject]@{
        Succeeded      = ($health.PresentReplicas -ge $Replicas) -ne $Negate
        FailureMessage = "Expected '$($health.Name)' to have $(if ($Negate) { 'fewer than' } else { 'at least' }) " +
            "$Replicas good copies of each chunk,$reason but it has $($health.PresentReplicas). $where".TrimEnd()
    }
}

Add-ShouldOperator -Name BeDfssIntact -Test $beIntact
Add-ShouldOperator -Name HaveDfssReplica -Test $haveReplica
