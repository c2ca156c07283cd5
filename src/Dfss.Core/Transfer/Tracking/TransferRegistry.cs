namespace Dfss.Transfer;

/// <summary>
/// The transfers of this process that run, and those of earlier processes that were interrupted. Safe for concurrent
/// use.
/// </summary>
public sealed class TransferRegistry
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<int, TrackedTransfer> running = [];

    // The numbers of interrupted transfers, by the name of the journal.
    private readonly Dictionary<string, int> numbers = new(StringComparer.Ordinal);
    private int lastId;

    // A search takes each journal for a moment, and must not take that of a transfer that begins.
    private readonly Lock journals = new();

    /// <summary>The transfers that run, by number.</summary>
    public IReadOnlyList<TrackedTransfer> Running
    {
        get
        {
            lock (gate)
            {
                return [.. running.Values];
            }
        }
    }

    /// <summary>A transfer begins.</summary>
    /// <param name="description">What it is about.</param>
    /// <param name="client">Its client. The journal is in the client's <see cref="TransferOptions.StateFolder"/>; a
    /// short transfer has none.</param>
    public TrackedTransfer Begin(TransferDescription description, DfssClient client)
    {
        ArgumentNullException.ThrowIfNull(description);
        ArgumentNullException.ThrowIfNull(client);
        description = description with
        {
            Started = client.Options.TimeProvider.GetUtcNow(),
            LimitBytesPerSecond = client.BytesPerSecond,
        };
        TransferJournal? journal = null;
        if (description.Length > SendJournals.MinSourceBytes)
        {
            lock (journals)
            {
                journal = TransferJournal.TryBegin(client.Options, description);
            }
        }

        lock (gate)
        {
            int id = journal is null ? ++lastId : NumberOf(journal.Key);
            var transfer = new TrackedTransfer(id, description, client, this, journal);
            running.Add(id, transfer);
            return transfer;
        }
    }

    /// <summary>The transfers whose journals are in a state folder and that do not run, oldest first.</summary>
    public IReadOnlyList<TransferStatus> FindInterrupted(string? stateFolder)
    {
        if (stateFolder is null)
        {
            return [];
        }

        (string Key, TransferDescription Description)[] kept;
        lock (journals)
        {
            kept = [.. TransferJournal.FindInterrupted(stateFolder)];
        }

        List<TransferStatus> found = [];
        foreach ((string key, TransferDescription description) in kept.OrderBy(one => one.Description.Started))
        {
            int id;
            lock (gate)
            {
                id = NumberOf(key);
            }

            found.Add(new TransferStatus(id, description, TransferState.Interrupted)
            {
                TransferredBytes = KeptTransfer.CountBytes(description),
                TotalBytes = description.Length,
                LimitBytesPerSecond = description.LimitBytesPerSecond,
            });
        }

        return found;
    }

    /// <summary>Deletes the journal of an interrupted transfer, and what it has kept.</summary>
    /// <returns>Whether it did; not if the transfer runs again, here or in another process.</returns>
    /// <exception cref="IOException">It cannot be deleted.</exception>
    public bool Forget(string stateFolder, TransferDescription description)
    {
        ArgumentNullException.ThrowIfNull(description);
        lock (journals)
        {
            return TransferJournal.TryForget(
                stateFolder, description, () => KeptTransfer.Forget(stateFolder, description));
        }
    }

    /// <summary>The limit of a client has changed: the journals of all its transfers say so.</summary>
    internal void NoteLimit(DfssClient client)
    {
        foreach (TrackedTransfer transfer in Running)
        {
            transfer.NoteLimit(client);
        }
    }

    internal void Remove(TrackedTransfer transfer)
    {
        lock (gate)
        {
            running.Remove(transfer.Id);
        }
    }

    private int NumberOf(string key)
    {
        if (!numbers.TryGetValue(key, out int id))
        {
            id = ++lastId;
            numbers.Add(key, id);
        }

        return id;
    }
}
