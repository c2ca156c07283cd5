using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>Has peers tidy up their stores now: names that sends left undecided are decided, and chunks that no file
/// needs are deleted. Peers delete such chunks by themselves too, a day after they were last asked for.</summary>
[Cmdlet(VerbsCommon.Optimize, "DfssStore", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(DfssStoreOptimization))]
public sealed class OptimizeDfssStoreCommand : ClientCmdlet
{
    /// <summary>The peers whose stores are tidied up.</summary>
    [Parameter(Position = 0, HelpMessage =
        "The peers: host:port, or objects of Get-DfssPeer. Default: $env:DFSS_PEER, the cluster's, or this session's.")]
    [PeerArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PeerCompletion))]
    public override string[]? Peer { get; set; }

    /// <summary>How long a chunk that no file needs is kept after it was last put or asked for.</summary>
    [Parameter(
        Position = 1, HelpMessage = "How long chunks that no file needs are kept after they were last asked for.")]
    [NotNegative]
    [ArgumentCompleter(typeof(NoCompletion))]
    public TimeSpan GracePeriod { get; set; } = OptimizeOptions.Default.GracePeriod;

    /// <inheritdoc/>
    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        foreach (PeerAddress address in Client.Peers)
        {
            try
            {
                await OptimizeAsync(address, cancellationToken).ConfigureAwait(false);
            }
            catch (DfssException exception)
            {
                await WriteErrorAsync(ErrorRecords.Create(exception, address.ToString())).ConfigureAwait(false);
            }
        }
    }

    private async Task OptimizeAsync(PeerAddress address, CancellationToken cancellationToken)
    {
        var options = new OptimizeOptions { GracePeriod = GracePeriod };
        // Asked first in any case: the confirmation shows what would be deleted.
        OptimizeResult plan = await Client.OptimizeAsync(
            address, options with { WhatIf = true }, cancellationToken).ConfigureAwait(false);
        if (plan is { ChunksDeleted: 0, UndecidedNames: 0 })
        {
            // There is nothing to confirm; WhatIf does not ask, and reports it in its own way.
            if (!await InvokeAsync(IsWhatIf).ConfigureAwait(false)
                || await ShouldProcessAsync(
                    address.ToString(), "Delete nothing: every chunk is needed").ConfigureAwait(false))
            {
                await WriteVerboseAsync($"{address}: there is nothing to delete.").ConfigureAwait(false);
                await WriteObjectAsync(new DfssStoreOptimization(address, plan)).ConfigureAwait(false);
            }

            return;
        }

        if (!await ShouldProcessAsync(address.ToString(), Describe(plan)).ConfigureAwait(false))
        {
            return;
        }

        OptimizeResult result = await Client.OptimizeAsync(address, options, cancellationToken).ConfigureAwait(false);
        await WriteObjectAsync(new DfssStoreOptimization(address, result)).ConfigureAwait(false);
    }

    private static string Describe(OptimizeResult plan)
    {
        string names = plan.UndecidedNames switch
        {
            0 => string.Empty,
            1 => ", and decide a name that a send has left undecided",
            _ => FormattableString.Invariant(
                $", and decide {plan.UndecidedNames} names that sends have left undecided"),
        };
        string chunks = plan.ChunksDeleted switch
        {
            0 => "no chunk yet",
            1 => $"1 chunk, {ByteSize.ToText(plan.BytesDeleted)}",
            _ => FormattableString.Invariant($"{plan.ChunksDeleted} chunks, {ByteSize.ToText(plan.BytesDeleted)}"),
        };
        return $"Delete {chunks}{names}";
    }
}
