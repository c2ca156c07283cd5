using Xunit;

namespace Dfss.Tests;

/// <summary>The operators of Should without Pester, which the bare engine cannot run: as Pester calls them.</summary>
[Collection(ModuleSession.OneProcess)]
public sealed class OperatorTests : IDisposable
{
    private readonly ModuleSession session = new();

    public OperatorTests() => session.Run(
        $$"""
        $operators = @{}
        function Add-ShouldOperator($Name, $Test) { $operators[$Name] = $Test }
        # The bare engine has none.
        function Select-Object($First) { $input }
        . '{{Path.Combine(ModuleSession.Folder, "Dfss.Should.ps1")}}'
        $cluster = New-DfssTestCluster 1
        'text' | Set-DfssContent file -Peer $cluster -WarningAction Ignore
        $before = $env:DFSS_PEER
        $env:DFSS_PEER = $cluster
        """);

    public void Dispose()
    {
        session.Run("$env:DFSS_PEER = $before; $cluster.Dispose()");
        session.Dispose();
    }

    [Fact]
    public void A_path_is_of_a_drive_that_the_scope_of_the_assertion_has()
    {
        // The bare engine has no New-PSDrive.
        string result = session.Run(
            """
            & {
                $state = $ExecutionContext.SessionState
                $null = $state.Drive.New(
                    [System.Management.Automation.PSDriveInfo]::new(
                        'Scoped', $state.Provider.GetOne('Dfss'), '', '', $null), 'Local')
                foreach ($assertion in 'Scoped:/file', 'Scoped:/none') {
                    try {
                        $found = & $operators.HaveDfssReplica $assertion 1 -CallerSessionState $state
                        "$($found.Succeeded) $($found.FailureMessage)"
                    } catch {
                        "$_"
                    }
                }

                "left: $options$command"
            }
            """)
            .Select(item => item.ToString())
            .Aggregate((one, other) => $"{one}|{other}");

        Assert.StartsWith("True ", result, StringComparison.Ordinal);
        Assert.Contains("'none'", result, StringComparison.Ordinal);
        Assert.DoesNotContain("InvokeScript", result, StringComparison.Ordinal);
        Assert.EndsWith("|left: ", result, StringComparison.Ordinal);
    }
}
