using Dfss.Records;

namespace Dfss.Storage;

/// <summary>
/// Separates seals and garbage collection: the lock, and the files that registers began to need during a collection and
/// that its walk over the registers may have missed.
/// </summary>
/// <param name="storeId">
/// The store. A record keeps no chunks at a store that is not in its home: one that a name moved away from, or that
/// only got the record.
/// </param>
internal sealed class StoreRoots(StoreId storeId)
{
    private readonly Lock gate = new();
    private HashSet<FileId>? news;

    /// <summary>Seals on one side, the sweep on the other.</summary>
    public SealLock SealLock { get; } = new();

    /// <summary>The files whose chunks a register keeps.</summary>
    public IEnumerable<FileId> Of(RegisterState state)
    {
        foreach (BallotedRecord? balloted in new[] { state.Accepted, state.Decided })
        {
            if (balloted?.Record is { State: not FileRecordState.Removed } record && IsMember(record))
            {
                yield return record.FileId;
                foreach (FileVersion previous in record.Previous)
                {
                    yield return previous.FileId;
                }
            }
        }

        foreach (RegisterSeal seal in state.Seals)
        {
            yield return seal.FileId;
        }
    }

    /// <summary>Records the files of a state; called before each state is stored.</summary>
    public void Note(RegisterState state)
    {
        lock (gate)
        {
            news?.UnionWith(Of(state));
        }
    }

    /// <summary>Begins to record; under the sweep's side of the lock, so that no seal is half done then.</summary>
    public void StartNotes()
    {
        lock (gate)
        {
            news = [];
        }
    }

    /// <summary>The files that were recorded since the last call.</summary>
    public IReadOnlyCollection<FileId> TakeNotes()
    {
        lock (gate)
        {
            HashSet<FileId> taken = news!;
            news = [];
            return taken;
        }
    }

    /// <summary>Stops recording.</summary>
    public void StopNotes()
    {
        lock (gate)
        {
            news = null;
        }
    }

    private bool IsMember(FileRecord record) => record.Home.Any(member => member.StoreId == storeId);
}
