using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// Makes health checks of peers and of their files, and says what to do: an object for each result, the good ones too.
/// </summary>
[Cmdlet(VerbsCommon.Get, "DfssHealth")]
[OutputType(typeof(DfssHealthResult))]
public sealed class GetDfssHealthCommand : ClientCmdlet
{
    /// <summary>The peers to check.</summary>
    [Parameter(Position = 0, HelpMessage =
        "The peers: host:port, or objects of Get-DfssPeer. Default: $env:DFSS_PEER, the cluster's, or this session's.")]
    [PeerArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PeerCompletion))]
    public override string[]? Peer { get; set; }

    /// <summary>The checks to make; all without it.</summary>
    [Parameter(Position = 1, HelpMessage = "The checks to make. Default: all.")]
    [ValidateNotNullOrEmpty]
    [ValidateSet(
        HealthChecks.PeerDown, HealthChecks.UnderReplicated, HealthChecks.ChunkMissing, HealthChecks.ScrubLate,
        HealthChecks.CollectionLate, HealthChecks.DiskFilling, HealthChecks.CertificateEnding, HealthChecks.ClockSkew,
        HealthChecks.VersionMixed, HealthChecks.TaskFailing, HealthChecks.StoreReadOnly)]
    public string[] Check { get; set; } = [.. HealthChecks.All];

    /// <summary>At most so many files are tested, a random sample of them; 0: all.</summary>
    [Parameter(HelpMessage = "How many files are tested at most, a random sample; 0: all.")]
    [ValidateRange(0, int.MaxValue)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public int FileLimit { get; set; } = HealthOptions.DefaultFileLimit;

    /// <inheritdoc/>
    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<HealthResult> results = await Client.GetHealthAsync(
            new HealthOptions { Checks = Check, FileLimit = FileLimit }, cancellationToken).ConfigureAwait(false);
        foreach (HealthResult result in results)
        {
            await WriteObjectAsync(new DfssHealthResult(result)).ConfigureAwait(false);
        }
    }
}
