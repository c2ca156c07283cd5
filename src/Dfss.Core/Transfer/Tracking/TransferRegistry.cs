namespace Dfss.Transfer;

/// <summary>
/// The transfers of this process that run, and those of earlier processes that were interrupted. Safe for concurrent
/// use.
/// </summary>
public sealed class TransferRegistry
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<int, TrackedTransfer> running = [];

    // The numbers of transfers, by the path of the journal.
    private readonly Dictionary<string, int> numbers = new(StringComparer.Ordinal);
    private int lastId;

    // The journals that this process has, by path, and those of them that were claimed for a transfer to begin.
    private readonly HashSet<string> held = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TransferJournal> claimed = new(StringComparer.Ordinal);
    private readonly Action? beforeWrite;

    /// <summary>No transfer yet.</summary>
    public TransferRegistry()
    {
    }

    /// <param name="beforeWrite">Called before each write of a journal. A seam for tests.</param>
    internal TransferRegistry(Action beforeWrite) => this.beforeWrite = beforeWrite;

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
        if (description.Length > SendJournals.MinSourceBytes && client.Options.StateFolder is { } state)
        {
            description = description with { SourceState = SourceState.Of(description) };
            journal = TryTakeJournal(TransferJournal.PathOf(state, description), description, client.Options);
        }

        lock (gate)
        {
            int id = journal is null ? ++lastId : NumberOf(journal.Path);
            var transfer = new TrackedTransfer(id, description, client, this, journal);
            running.Add(id, transfer);
            return transfer;
        }
    }

    /// <summary>
    /// The transfers whose journals are in a state folder and that do not run in this process, oldest first: those that
    /// were interrupted, and those that run in another process.
    /// </summary>
    public IReadOnlyList<TransferStatus> FindJournaled(string? stateFolder)
    {
        if (stateFolder is null)
        {
            return [];
        }

        HashSet<string> own;
        lock (gate)
        {
            own = [.. held];
        }

        List<TransferStatus> found = [];
        foreach ((string path, TransferDescription description, bool isHeld) in
            TransferJournal.Find(stateFolder).OrderBy(one => one.Description.Started))
        {
            bool isClaimed;
            int id;
            lock (gate)
            {
                isClaimed = claimed.ContainsKey(path);
                if (isHeld && !isClaimed && (own.Contains(path) || held.Contains(path)))
                {
                    continue;
                }

                id = NumberOf(path);
            }

            bool isElsewhere = isHeld && !isClaimed;
            found.Add(new TransferStatus(
                id, description, isElsewhere ? TransferState.RunningElsewhere : TransferState.Interrupted)
            {
                TransferredBytes = KeptTransfer.CountBytes(description),
                TotalBytes = description.Length,
                LimitBytesPerSecond = description.LimitBytesPerSecond,
                ProcessId = isElsewhere ? TransferJournal.FindOwner(description) : null,
            });
        }

        return found;
    }

    /// <summary>
    /// Claims an interrupted transfer for a command of this process that starts it again: no other process can start it
    /// meanwhile.
    /// </summary>
    /// <returns>Null if it has ended, or runs or is claimed already, here or in another process.</returns>
    /// <exception cref="IOException">Its journal cannot be opened or written.</exception>
    public TransferClaim? TryClaim(string stateFolder, TransferDescription description)
    {
        ArgumentNullException.ThrowIfNull(description);
        string path = TransferJournal.PathOf(stateFolder, description);
        lock (gate)
        {
            if (!held.Add(path))
            {
                return null;
            }
        }

        TransferClaim? claim = null;
        try
        {
            if (TransferJournal.TryClaim(path, beforeWrite) is (TransferJournal journal, TransferDescription kept))
            {
                lock (gate)
                {
                    claimed.Add(path, journal);
                }

                claim = new TransferClaim(kept, () => Unclaim(journal, kept));
            }

            return claim;
        }
        finally
        {
            if (claim is null)
            {
                Release(path);
            }
        }
    }

    /// <summary>Deletes the journal of an interrupted transfer, and what it has kept.</summary>
    /// <returns>Whether it did; not if the transfer runs again, here or in another process.</returns>
    /// <exception cref="IOException">It cannot be deleted.</exception>
    public bool Forget(string stateFolder, TransferDescription description)
    {
        ArgumentNullException.ThrowIfNull(description);
        string path = TransferJournal.PathOf(stateFolder, description);
        lock (gate)
        {
            if (held.Contains(path))
            {
                return false;
            }
        }

        return TransferJournal.TryForget(path, () => KeptTransfer.Forget(stateFolder, description));
    }

    /// <summary>The limit of a client has changed: the journals of all its transfers say so.</summary>
    internal void NoteLimit(DfssClient client)
    {
        foreach (TrackedTransfer transfer in Running)
        {
            transfer.NoteLimit(client);
        }
    }

    /// <summary>
    /// A transfer has ended, and its journal, if it had one, is closed. Both in one step: at each moment it is one of
    /// those that run or, if it was interrupted, of those that were; and its number is free for the next of its file.
    /// </summary>
    internal void Remove(TrackedTransfer transfer, string? journalPath)
    {
        lock (gate)
        {
            running.Remove(transfer.Id);
            if (journalPath is not null)
            {
                held.Remove(journalPath);
            }
        }
    }

    /// <summary>The journal of this path is closed.</summary>
    internal void Release(string path)
    {
        lock (gate)
        {
            held.Remove(path);
        }
    }

    private TransferJournal? TryTakeJournal(
        string path, TransferDescription description, TransferOptions options)
    {
        bool isOthers;
        TransferJournal? claim;
        lock (gate)
        {
            claimed.Remove(path, out claim);
            isOthers = claim is null && !held.Add(path);
        }

        if (isOthers)
        {
            TransferJournal.WarnOfNone(description, "another command of this process transfers the same file", options);
            return null;
        }

        TransferJournal? journal = claim is null
            ? TransferJournal.TryBegin(path, description, options, beforeWrite)
            : claim.TryBegin(description, options) ? claim : null;
        if (journal is null)
        {
            Release(path);
        }

        return journal;
    }

    /// <summary>A transfer that was claimed has not begun: it is interrupted, as it was.</summary>
    private void Unclaim(TransferJournal journal, TransferDescription description)
    {
        lock (gate)
        {
            if (!claimed.TryGetValue(journal.Path, out TransferJournal? found) || !ReferenceEquals(found, journal))
            {
                return;
            }

            claimed.Remove(journal.Path);
        }

        journal.Keep(description);
        Release(journal.Path);
    }

    private int NumberOf(string path)
    {
        if (!numbers.TryGetValue(path, out int id))
        {
            id = ++lastId;
            numbers.Add(path, id);
        }

        return id;
    }
}
