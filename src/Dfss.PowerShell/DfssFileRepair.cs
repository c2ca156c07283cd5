using Dfss.Transfer;

namespace Dfss;

/// <summary>What a repair of a stored file did.</summary>
public sealed class DfssFileRepair
{
    internal DfssFileRepair(RepairResult result)
    {
        FileRecord record = result.File.Record;
        Name = result.File.Name;
        StoredName = record.Name;
        Version = record.Version;
        Replicas = record.Replicas;
        ReplicasBefore = result.ReplicasBefore;
        PresentReplicas = result.File.PresentReplicas ?? 0;
        CopiedChunks = result.CopiedChunks;
        CopiedBytes = result.CopiedBytes;
        Peers = DfssChunkInfo.AddressesOf(record.Home);
        MovedFrom = result.MovedFrom is null ? [] : DfssChunkInfo.AddressesOf(result.MovedFrom);
    }

    /// <summary>The file's name.</summary>
    public string Name { get; }

    /// <summary>
    /// The name that the peers have: another than <see cref="Name"/> where that one is hidden from them.
    /// </summary>
    public string StoredName { get; }

    /// <summary>
    /// Its version; a new one only where it was moved, or the number of copies asked for was changed.
    /// </summary>
    public long Version { get; }

    /// <summary>How many peers should hold each chunk.</summary>
    public int Replicas { get; }

    /// <summary>The fewest peers at which any chunk was before.</summary>
    public int ReplicasBefore { get; }

    /// <summary>The fewest peers at which any chunk is now.</summary>
    public int PresentReplicas { get; }

    /// <summary>How many copies were made, of chunks and of the list of the chunks.</summary>
    public int CopiedChunks { get; }

    /// <summary>How many bytes these have.</summary>
    public long CopiedBytes { get; }

    /// <summary>The file's peers, by an address of each.</summary>
    public IReadOnlyList<string> Peers { get; }

    /// <summary>The peers that had the file before, by an address of each; empty where it was not moved.</summary>
    public IReadOnlyList<string> MovedFrom { get; }

    /// <summary>Whether each chunk is at as many peers as should hold it.</summary>
    public bool IsHealthy => PresentReplicas >= Replicas;

    /// <summary>The name, in a form that is no local path.</summary>
    public override string ToString() => OutputText.Of(Name);
}
