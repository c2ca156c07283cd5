namespace Dfss.Transfer;

/// <summary>
/// A transfer that runs in this process, and what may be done with it meanwhile. It takes the progress of the transfer.
/// Safe for concurrent use. Dispose it when the transfer has ended.
/// </summary>
public sealed class TrackedTransfer : IProgress<TransferProgress>, IDisposable
{
    /// <summary>1 s: after a kill the journal is out of date by this much at most.</summary>
    private static readonly TimeSpan NoteInterval = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly TransferRegistry registry;
    private readonly DfssClient client;
    private readonly TransferJournal? journal;
    private readonly TransferRate rate = new();
    private readonly CancellationTokenSource stop = new();
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long started;
    private TransferProgress progress;
    private long movedBytes;
    private long keptBytes;
    private TimeSpan? noted;
    private bool hasNews;
    private bool isNoting;
    private bool isSuccess;
    private string? error;
    private bool isDisposed;

    internal TrackedTransfer(
        int id, TransferDescription description, DfssClient client, TransferRegistry registry, TransferJournal? journal)
    {
        Id = id;
        Description = description;
        this.client = client;
        this.registry = registry;
        this.journal = journal;
        started = client.Options.TimeProvider.GetTimestamp();
        keptBytes = journal?.FormerBytes ?? 0;
        progress = new TransferProgress(TransferPhase.Negotiating, 0, description.Length);
    }

    /// <summary>Its number in this process.</summary>
    public int Id { get; }

    /// <summary>What it is about.</summary>
    public TransferDescription Description { get; }

    /// <summary>To be given to the transfer: closed while it is suspended.</summary>
    public TransferGate Gate { get; } = new();

    /// <summary>Cancelled when the transfer is to be stopped.</summary>
    public CancellationToken StopToken => stop.Token;

    /// <summary>Ends when the transfer has.</summary>
    public Task Ended => ended.Task;

    /// <summary>The limit of its client, which all transfers of the client share; null for none.</summary>
    public long? BytesPerSecond
    {
        get => client.BytesPerSecond;
        set
        {
            client.BytesPerSecond = value;
            registry.NoteLimit(client);
        }
    }

    /// <summary>Stops the transfer. What it has moved is kept.</summary>
    public void Stop()
    {
        lock (gate)
        {
            if (!isDisposed)
            {
                _ = stop.CancelAsync();
            }
        }
    }

    /// <inheritdoc/>
    public void Report(TransferProgress value)
    {
        bool isDue;
        lock (gate)
        {
            bool isMoved = value.Phase is TransferPhase.Transferring && progress.Phase is TransferPhase.Transferring;
            movedBytes += isMoved ? Math.Max(0, value.TransferredBytes - progress.TransferredBytes) : 0;
            progress = value;
            rate.Add(Elapsed, movedBytes);

            // While the peers are asked what they have, it is not known yet how much of the earlier transfer is there.
            keptBytes = value.Phase is TransferPhase.Transferring ? value.TransferredBytes : keptBytes;
            isDue = value.Phase is TransferPhase.Transferring
                && !(noted is { } last && Elapsed - last < NoteInterval);
            noted = isDue ? Elapsed : noted;
        }

        if (isDue)
        {
            Note();
        }
    }

    /// <summary>The transfer has succeeded: there is nothing to start again.</summary>
    public void Succeed() => isSuccess = true;

    /// <summary>The transfer has failed.</summary>
    public void Fail(DfssException failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        error = failure.Reason;

        // Nothing is gained by starting it again as it is.
        isSuccess = failure.Code is DfssErrorCode.FileExists or DfssErrorCode.DestinationExists
            or DfssErrorCode.InvalidArgument or DfssErrorCode.InvalidName or DfssErrorCode.FileNotFound
            or DfssErrorCode.Conflict or DfssErrorCode.NotPermitted;
    }

    /// <summary>The transfer at this moment.</summary>
    public TransferStatus Snapshot()
    {
        lock (gate)
        {
            rate.Add(Elapsed, movedBytes);
            return new TransferStatus(
                Id, Description, Gate.IsOpen ? TransferState.Running : TransferState.Suspended)
            {
                Phase = progress.Phase,
                TransferredBytes = progress.TransferredBytes,
                TotalBytes = progress.TotalBytes,
                BytesPerSecond = Gate.IsOpen ? rate.BytesPerSecond : null,
                LimitBytesPerSecond = client.BytesPerSecond,
                ProcessId = Environment.ProcessId,
            };
        }
    }

    /// <summary>The transfer has ended. Unless it has succeeded, its journal is kept.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (isDisposed)
            {
                return;
            }

            isDisposed = true;
            stop.Dispose();
        }

        try
        {
            if (isSuccess)
            {
                journal?.Forget();
            }
            else
            {
                journal?.Keep(Kept() with { Error = error });
            }
        }
        finally
        {
            registry.Remove(this, journal?.Path);
            ended.SetResult();
        }
    }

    /// <summary>The limit of a client has changed.</summary>
    internal void NoteLimit(DfssClient changed)
    {
        if (ReferenceEquals(changed, client))
        {
            Note();
        }
    }

    /// <summary>
    /// Has the journal written, without the lock: a slow disk must not hold up those that ask how the transfer is. One
    /// thread writes at a time. What comes meanwhile it writes next, so that the last state is the last in the journal.
    /// </summary>
    private void Note()
    {
        if (journal is null)
        {
            return;
        }

        lock (gate)
        {
            hasNews = true;
            if (isNoting)
            {
                return;
            }

            isNoting = true;
        }

        while (TakeNews() is { } news)
        {
            journal.Note(news);
        }
    }

    private TransferDescription? TakeNews()
    {
        lock (gate)
        {
            if (hasNews && !isDisposed)
            {
                hasNews = false;
                return Kept();
            }

            isNoting = false;
            return null;
        }
    }

    private TransferDescription Kept() => Description with
    {
        LimitBytesPerSecond = client.BytesPerSecond,
        TransferredBytes = keptBytes,
    };

    private TimeSpan Elapsed => client.Options.TimeProvider.GetElapsedTime(started);
}
