namespace Dfss.Transfer;

/// <content>What transfers would move, and how fast they may.</content>
public sealed partial class DfssClient
{
    /// <summary>
    /// How many bytes of chunks a second are moved at most, over all files, each copy counted; null for no limit. A
    /// change holds at once, also for transfers that run.
    /// </summary>
    public long? BytesPerSecond
    {
        get => limit.BytesPerSecond;
        set => limit.BytesPerSecond = value;
    }

    /// <summary>
    /// What <see cref="SendAsync(string, string, SendOptions, IProgress{TransferProgress}?, CancellationToken)"/> would
    /// move: the file is read and hashed, and its peers are asked which of the chunks they have. An encrypted file is
    /// not read: all its chunks would be new ones.
    /// </summary>
    /// <exception cref="DfssException">NoMajority, PeerUnreachable, TooFewReplicas, SourceUnreadable, SourceChanged,
    /// ...</exception>
    public Task<TransferPlan> PlanSendAsync(
        string sourcePath,
        string name,
        SendOptions options,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new FileSender(finder, directory, buffers, journals, Pace(gate: null), Options).PlanAsync(
            sourcePath, name, options, progress, cancellationToken);
    }

    /// <summary>What <see cref="ReceiveAsync"/> would move: the peers are asked which of the chunks they have. The
    /// folder of the destination need not exist.</summary>
    /// <exception cref="DfssException">PeerUnreachable, ...</exception>
    public async Task<TransferPlan> PlanReceiveAsync(
        StoredFile file,
        string destinationPath,
        ReceiveOptions options,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(options);
        FileHealth health = await Tester.TestAsync(
            file, deep: false, progress, cancellationToken).ConfigureAwait(false);
        long length = file.Record.ContentLength;
        long kept = options.Restart ? 0 : ReceivePlanner.CountKept(destinationPath, file.Record);
        string? lost = health.LostChunks == 0 ? null : FormattableString.Invariant(
            $"{health.LostChunks} of {health.Chunks.Count} chunks are at no peer that answered.");
        return new TransferPlan(length, length - kept, kept, health.File.PresentReplicas ?? 0)
        {
            Peers = [.. health.Members.Where(member => member.IsUp)
                .Select(member => new PeerShare(member.Member, Bytes: 0))],
            Problem = ReceivePlanner.FindProblem(destinationPath, options) ?? health.ManifestProblem ?? lost,
        };
    }
}
