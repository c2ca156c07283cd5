using System.Diagnostics;
using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// Restores the copies of stored files: what is missing or corrupt at their peers is copied from good ones; or moves
/// them to other peers. Several files are repaired at once; results come in the order of the input.
/// </summary>
[Cmdlet(VerbsDiagnostic.Repair, "DfssFile", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(DfssFileRepair), typeof(DfssTransferPlan), typeof(Job))]
public sealed partial class RepairDfssFileCommand : StoredFileCmdlet
{
    // Then a file that has all its copies gives no result either.
    private bool isWhatIf;
    private List<PeerAddress>? moveTo;

    /// <summary>Has the peers hash every copy first.</summary>
    [Parameter(HelpMessage = "Has the peers hash every copy first, so that corrupt ones are found and replaced.")]
    public SwitchParameter Deep { get; set; }

    /// <summary>At how many peers each chunk is to be from now on; without it, as many as before.</summary>
    [Parameter(HelpMessage = "At how many peers each chunk is to be from now on.")]
    [ValidateRange(1, DfssLimits.MaxHomeMembers)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public int? Replicas { get; set; }

    /// <summary>The peers that are to hold the files from now on.</summary>
    [Parameter(HelpMessage = "The peers to move the files to: host:port, several separated by commas.")]
    [PeerArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PeerCompletion))]
    public string[] Move { get; set; } = [];

    /// <summary>How many bytes a second are copied at most, over all files.</summary>
    [Parameter(HelpMessage = "How many bytes a second are copied at most, for example 10MB.")]
    [ValidateRange(1, long.MaxValue)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public long? BandwidthLimit { get; set; }

    /// <summary>Gives what would be copied, as an object for each file, and copies nothing.</summary>
    [Parameter(HelpMessage = "Returns what would be copied, an object for each file; copies nothing.")]
    public SwitchParameter PlanOnly { get; set; }

    /// <summary>Runs the command as a job.</summary>
    [Parameter(HelpMessage = "Runs the command as a job in this process, and returns the job.")]
    public SwitchParameter AsJob { get; set; }

    /// <inheritdoc/>
    private protected override bool TakesEarlierVersions => false;

    /// <inheritdoc/>
    private protected override bool RunsAsJob => AsJob;

    /// <inheritdoc/>
    private protected override string Activity => "Repairing";

    /// <inheritdoc/>
    private protected override TransferOptions CreateOptions() => base.CreateOptions() with
    {
        StateFolder = UserState.Folder,
        BytesPerSecond = BandwidthLimit,
    };

    /// <inheritdoc/>
    private protected override async Task BeginAsync(CancellationToken cancellationToken)
    {
        moveTo = Move.Length > 0 ? NamedPeers.Parse(Move) : null;
        isWhatIf = await InvokeAsync(IsWhatIf).ConfigureAwait(false);
        await base.BeginAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    private protected override Task TakeFileAsync(StoredFile file, CancellationToken cancellationToken) =>
        Files.EnqueueAsync(
            new FileWork(
                file.Name, file.Name, file.Record.ContentLength,
                (progress, token) => RepairAsync(file, progress, token))
            {
                StoredName = file.Record.Name,
                Home = file.Record.Home,
                Description = PlanOnly || isWhatIf ? null : DescribeTransfer(file),
            },
            cancellationToken);

    /// <summary>With the name that the peers have: a hidden one is repaired without its key, and its plain text is
    /// never sent.</summary>
    private TransferDescription DescribeTransfer(StoredFile file)
    {
        TransferDescription description = DescribeTransfer(
            TransferKind.Repair, file.Record.Name, localPath: null, file.Record.ContentLength, file.Record.Home);
        return description with
        {
            Secrets = [.. description.Secrets.Except([nameof(HiddenName), nameof(EncryptionKey)])],
        };
    }

    private async Task<Action> RepairAsync(
        StoredFile file, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        if (PlanOnly)
        {
            return await PlanAsync(file, progress, cancellationToken).ConfigureAwait(false);
        }

        long started = Stopwatch.GetTimestamp();
        bool isWanted = !isWhatIf;
        bool isAsked = false;
        RepairOptions options = CreateRepairOptions() with
        {
            Gate = TransferProgressTee.GateOf(progress),
            Confirm = async (plan, token) =>
            {
                isAsked = true;
                return isWanted = await AskAsync(file.Name, Describe(plan), token).ConfigureAwait(false);
            },
        };
        RepairResult result =
            await Client.RepairAsync(file, options, progress, cancellationToken).ConfigureAwait(false);
        if (!isWanted)
        {
            if (!isAsked)
            {
                // -WhatIf says so too.
                await AskAsync(
                    file.Name, "Change nothing: all its copies are there", cancellationToken).ConfigureAwait(false);
            }

            return () => { };
        }

        Files.SayDone(result.MovedFrom is null ? "Repaired" : "Moved", file, started);
        return () => WriteObject(new DfssFileRepair(result with { File = result.File with { Name = file.Name } }));
    }

    private RepairOptions CreateRepairOptions() => new()
    {
        Deep = Deep,
        Replicas = Replicas > 0 ? Replicas : null,
        MoveTo = moveTo,
    };

    private string Describe(RepairPlan plan)
    {
        int copies = plan.Copies.Values.Sum();
        string peers = string.Join(", ", plan.Copies.Select(peer =>
            FormattableString.Invariant($"{peer.Key.DisplayName} ({peer.Value})")));
        if (plan.MoveTo is { } home)
        {
            string move =
                $"Move from {DfssChunkInfo.AddressesOf(plan.File.Record.Home)} to {DfssChunkInfo.AddressesOf(home)}";
            string what = copies == 0 ? "where all of it is" : FormattableString.Invariant(
                $"with {copies} {(copies == 1 ? "copy" : "copies")} of chunks, ")
                + $"{ByteSize.ToText(plan.Bytes)}, at {peers}";
            return plan.LostChunks == 0 ? $"{move}, {what}" : $"{move}; {DescribeLost(plan)}, so it cannot be moved";
        }

        string copy = copies == 0 ? "Copy nothing" : FormattableString.Invariant(
            $"Make {copies} {(copies == 1 ? "copy" : "copies")} of chunks, {ByteSize.ToText(plan.Bytes)}, at {peers}");
        string change = Replicas > 0 && Replicas != plan.File.Record.Replicas
            ? FormattableString.Invariant($", and ask for {Replicas} copies from now on")
            : string.Empty;
        string lost = plan.LostChunks > 0 ? $"; {DescribeLost(plan)} and cannot be repaired" : string.Empty;
        string votes = plan.WithoutVote.Count > 0
            ? $", and bring {string.Join(", ", plan.WithoutVote.Select(member => member.DisplayName))} up to date"
            : string.Empty;
        string addresses = plan.Readdressed.Count > 0
            ? $", and note the new {(plan.Readdressed.Count == 1 ? "address" : "addresses")} "
                + $"{DfssChunkInfo.AddressesOf(plan.Readdressed)}"
            : string.Empty;
        return copy + votes + addresses + change + lost;
    }

    private static string DescribeLost(RepairPlan plan)
    {
        string chunks = plan.LostChunks == 1 ? "1 chunk" : FormattableString.Invariant($"{plan.LostChunks} chunks");
        long[] earlier = [.. plan.LostVersions.Where(version => version != plan.File.Record.Version)];
        string of = earlier.Length == 0 ? string.Empty
            : $" of {(plan.LostVersions.Count == 1 ? "version" : "versions")} "
                + $"{string.Join(" and ", plan.LostVersions)}";
        return $"{chunks}{of} {(plan.LostChunks == 1 ? "has" : "have")} no copy";
    }
}
