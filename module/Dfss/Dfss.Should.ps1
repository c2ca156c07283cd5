# Operators for Pester's Should, 5.0 and later: Should -BeDfssIntact, Should -HaveDfssReplica. Dfss.psm1 runs this where
# Pester is loaded. Each operator stands for itself, as a closure: Pester keeps the first one of a name, also when the
# module is imported again, and this file's scope may be gone then.

# The health of the file that is asserted about, with -Problem where the value is none: an assertion that fails.
$getHealth = {
    param($ActualValue, $Peer, $CallerSessionState)
    $options = @{ Deep = $true; PassThru = $true; ErrorAction = 'Stop'; WarningAction = 'SilentlyContinue' }
    if ($Peer) { $options.Peer = $Peer }
    $values = @($ActualValue)
    if ($null -eq $ActualValue -or $values.Count -eq 0) { return 'Expected stored files, but got none.' }
    if ($values.Count -gt 1) {
        return "Expected one stored file, but got $($values.Count) objects: pipe them to Should, which then tests each."
    }

    $value = $values[0]
    if ($value -is [string] -and $value.Trim()) {
        # A name, or a path of a drive, which only -Name takes.
        if ($value -notmatch '^([^:/\\]+:|\.{1,2}([/\\]|$))') {
            $options.LiteralName = $value
            return Dfss\Test-DfssFile @options
        }

        # Where the assertion stands: a drive of its scope, or of its module, is not seen from here. Bound to no session
        # state, the script runs in the one that is given.
        $options.Name = [System.Management.Automation.WildcardPattern]::Escape($value)
        $there = [scriptblock]::Create(
            '& { param($command, $options) try { & $command @options } catch { $_ } } $args[0] $args[1]')
        $health = @($CallerSessionState.InvokeCommand.InvokeScript(
                $CallerSessionState, $there, (Get-Command Dfss\Test-DfssFile), $options))[0]
        if ($health -is [System.Management.Automation.ErrorRecord]) { throw $health }
        return $health
    }

    if ($value.PSTypeNames -contains 'Dfss.DfssFileInfo') { return Dfss\Test-DfssFile -InputObject $value @options }
    # Of another session, or of a job.
    if ($value.PSTypeNames -contains 'Deserialized.Dfss.DfssFileInfo') { return $value | Dfss\Test-DfssFile @options }
    $found = if ($null -eq $value) { 'nothing' }
        elseif ($value -is [string]) { 'an empty string' }
        else { "'$value' of the type $($value.GetType().Name)" }
    "Expected a stored file or its name, but got $found."
}

$beIntact = {
    param($ActualValue, [switch] $Negate, [string] $Because, $Peer, $CallerSessionState)
    $health = & $getHealth $ActualValue $Peer $CallerSessionState
    if ($health -is [string]) { return [pscustomobject]@{ Succeeded = $false; FailureMessage = $health } }
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
}.GetNewClosure()

$haveReplica = {
    param($ActualValue, $Replicas = 1, [switch] $Negate, [string] $Because, $Peer, $CallerSessionState)
    $wanted = $Replicas -as [int]
    if ($wanted -lt 1 -or $wanted -gt 64) {
        return [pscustomobject]@{
            Succeeded      = $false
            FailureMessage = "Expected a number of copies, 1 to 64, but -HaveDfssReplica got '$Replicas'."
        }
    }

    $health = & $getHealth $ActualValue $Peer $CallerSessionState
    if ($health -is [string]) { return [pscustomobject]@{ Succeeded = $false; FailureMessage = $health } }
    $reason = if ($Because) { " because $($Because -replace '^because\s+')," }
    $where = @($health.BadChunks | Select-Object -First 10 | ForEach-Object { "$($_.Problem)." }) -join ' '
    [pscustomobject]@{
        Succeeded      = ($health.PresentReplicas -ge $wanted) -ne $Negate
        FailureMessage = "Expected '$($health.Name)' to have $(if ($Negate) { 'fewer than' } else { 'at least' }) " +
            "$wanted good copies of each chunk,$reason but it has $($health.PresentReplicas). $where".TrimEnd()
    }
}.GetNewClosure()

Add-ShouldOperator -Name BeDfssIntact -Test $beIntact
Add-ShouldOperator -Name HaveDfssReplica -Test $haveReplica
