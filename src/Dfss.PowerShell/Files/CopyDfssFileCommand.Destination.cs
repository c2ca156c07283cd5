using System.Diagnostics;
using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <content>-Destination: copies to other peers, to which chunks are moved.</content>
public sealed partial class CopyDfssFileCommand
{
    private DfssClient? destination;
    private StoreCopyOptions copyOptions = StoreCopyOptions.Default;

    /// <summary>The peers that get the files, or the name of a cluster that was joined.</summary>
    [Parameter(HelpMessage = "The peers to copy the files to: host:port, or the name of a joined cluster.")]
    [PeerArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DestinationCompletion))]
    public string[]? Destination { get; set; }

    /// <summary>At how many peers of the destination each chunk is to be.</summary>
    [Parameter(HelpMessage = "At how many peers of -Destination each chunk is to be.")]
    [ValidateRange(1, DfssLimits.MaxHomeMembers)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public int? Replicas { get; set; }

    /// <summary>At how many peers of the destination each chunk must be: 2, or 1 where one copy is made.</summary>
    [Parameter(HelpMessage = "At how many peers of -Destination each chunk must be for a file to be copied.")]
    [ValidateRange(1, DfssLimits.MaxHomeMembers)]
    [PSDefaultValue(Value = SendOptions.DefaultReplicas)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public int? MinimumReplicas { get; set; }

    /// <summary>How many bytes a second are sent to the destination at most, over all files.</summary>
    [Parameter(HelpMessage = "How many bytes a second are sent to -Destination at most, for example 10MB.")]
    [ValidateRange(1, long.MaxValue)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public long? BandwidthLimit { get; set; }

    /// <inheritdoc/>
    private protected override TransferOptions CreateOptions() => base.CreateOptions() with
    {
        ThrottleLimit = Destination is not null && IsBound(nameof(ThrottleLimit))
            ? ThrottleLimit
            : TransferOptions.DefaultThrottleLimit,
        BytesPerSecond = BandwidthLimit,
    };

    /// <inheritdoc/>
    private protected override async ValueTask CleanUpAsync()
    {
        // First the work on the files, which uses the destination.
        await base.CleanUpAsync().ConfigureAwait(false);
        if (destination is not null)
        {
            await destination.DisposeAsync().ConfigureAwait(false);
        }
    }

    Task<bool>? INewNameCmdlet.IsTakenElsewhereAsync(
        StoredFile file, string storedName, CancellationToken cancellationToken) => destination is null
            ? null
            : DfssClient.IsNameTakenAsync(file, destination, storedName, cancellationToken);

    Task? INewNameCmdlet.EnqueueElsewhereAsync(
        StoredFile file, string storedName, string newName, CancellationToken cancellationToken) => destination is null
            ? null
            : Files.EnqueueAsync(
                new FileWork(
                    file.Name, file.Name, file.Record.ContentLength,
                    (progress, token) => CopyToAsync(file, storedName, newName, progress, token))
                {
                    StoredName = file.Record.Name,
                    Home = file.Record.Home,
                },
                cancellationToken);

    private async Task OpenDestinationAsync(CancellationToken cancellationToken)
    {
        if (Destination is not null)
        {
            copyOptions = new StoreCopyOptions
            {
                Force = Force,
                KeepVersions = KeepVersions,
                EarlierVersions = IsBound(nameof(KeepVersions)) ? KeepVersions : null,
                Replicas = Replicas,
                MinimumReplicas = MinimumReplicas,
            };
            destination = await OpenOtherAsync(Destination, cancellationToken).ConfigureAwait(false);
        }
        else if (Array.Find(
            [nameof(Replicas), nameof(MinimumReplicas), nameof(BandwidthLimit)], IsBound) is { } option)
        {
            throw new CmdletException(ErrorRecords.Create(
                "DestinationMissing", ErrorCategory.InvalidArgument, option,
                $"-{option} is given, which is for copies to other peers, and -Destination is not.",
                "Give both, or neither: a copy at the same peers moves no chunk."));
        }
    }

    private async Task<Action> CopyToAsync(
        StoredFile file, string storedName, string newName, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        StoreCopyResult result;
        try
        {
            result = await Client.CopyToAsync(
                file, destination!, storedName, copyOptions, progress, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException exception) when (storedName != newName || exception.IsOfDestination)
        {
            throw ExplainOther(
                exception.Copy(exception.Reason.Replace(storedName, newName, StringComparison.Ordinal)), Destination!);
        }

        StoredFile copy = result.File with { Name = newName };
        if (result.IsUnchanged)
        {
            TakeVerbose(FormattableString.Invariant(
                $"'{newName}' is at its destination already, at version {copy.Record.Version}: nothing was copied."));
        }
        else
        {
            TakeVerbose(FormattableString.Invariant(
                $"'{newName}': {result.CopiedChunks} chunks were sent, {ByteSize.ToText(result.CopiedBytes)}."));
            Files.SayDone("Copied to", copy, started);
        }

        Action write = PassThru
            ? () => WriteObject(new DfssFileInfo(copy) { Skipped = result.IsUnchanged })
            : static () => { };
        return result.IsUnchanged
            ? Files.PassOver(file.Record.ContentLength, write, isUnchanged: true)
            : write;
    }
}
