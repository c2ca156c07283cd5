namespace Dfss.Transfer;

/// <content>What transfers would move.</content>
public sealed partial class DfssClient
{
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
        return new FileSender(finder, directory, buffers, journals, limit, Options).PlanAsync(
            sourcePath, name, options, progress, cancellationToken);
    }

    /// <summary>What <see cref="ReceiveAsync"/> would move: the peers are asked which of the chunks they have. The
    /// folder of the destination need not exist.</summary>
    /// <exception cref="DfssException">PeerUnreachable, ...</exception>
    public Task<TransferPlan> PlanReceiveAsync(
        StoredFile file,
        string destinationPath,
        ReceiveOptions options,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(options);
        return new ReceivePlanner(Tester).PlanAsync(file, destinationPath, options, progress, cancellationToken);
    }
}
