using Dfss.Commands;
using Dfss.Transfer;

namespace Dfss;

/// <summary>The result of a test of one stored file.</summary>
public sealed class DfssFileHealth
{
    /// <summary>100: enough to see what is wrong; of a large file, a lost peer makes a million chunks bad.</summary>
    private const int MaxBadChunks = 100;

    internal DfssFileHealth(StoredFile file, FileHealth health)
    {
        Name = file.Name;
        StoredName = file.Record.Name;
        Version = file.Record.Version;
        IsHealthy = health.IsHealthy;
        Replicas = health.Replicas;
        PresentReplicas = health.File.PresentReplicas ?? 0;
        Chunks = health.Chunks.Count;
        DegradedChunks = health.DegradedChunks;
        LostChunks = health.LostChunks;
        List<DfssChunkHealth> bad = [];
        foreach (ChunkHealth chunk in health.Chunks.Append(health.Manifest))
        {
            MissingCopies += chunk.IsHealthy ? 0 : chunk.Missing.Count;
            CorruptCopies += chunk.Corrupt.Count;
            if (bad.Count < MaxBadChunks && (!chunk.IsHealthy || chunk.Corrupt.Count > 0))
            {
                bad.Add(new DfssChunkHealth(file, chunk));
            }
        }

        BadChunks = new DisplayList<DfssChunkHealth>(bad);

        SilentPeers = DfssChunkInfo.AddressesOf(
            [.. health.Members.Where(member => !member.IsUp).Select(member => member.Member)]);
        if (!health.IsHealthy)
        {
            Problem = HealthText.Explain(health).Replace(StoredName, Name, StringComparison.Ordinal);
            Advice = HealthText.Advise(health);
        }
    }

    /// <summary>The file's name.</summary>
    public string Name { get; }

    /// <summary>
    /// The name that the peers have: another than <see cref="Name"/> where that one is hidden from them.
    /// </summary>
    public string StoredName { get; }

    /// <summary>The version that was tested.</summary>
    public long Version { get; }

    /// <summary>Whether each chunk and the manifest has as many copies as it should, and a majority of the file's peers
    /// answered.</summary>
    public bool IsHealthy { get; }

    /// <summary>How many peers should hold each chunk.</summary>
    public int Replicas { get; }

    /// <summary>The fewest peers that hold any chunk, or the manifest; with -Deep, that have a good copy.</summary>
    public int PresentReplicas { get; }

    /// <summary>How many chunks the file has; 0 where its manifest is not available.</summary>
    public int Chunks { get; }

    /// <summary>How many chunks have too few copies, the lost ones too.</summary>
    public int DegradedChunks { get; }

    /// <summary>How many chunks none of the peers that answered has.</summary>
    public int LostChunks { get; }

    /// <summary>How many copies of chunks and of the manifest peers should have, answered, and do not have, as far as
    /// these have too few.</summary>
    public int MissingCopies { get; }

    /// <summary>How many copies were corrupt, which only -Deep finds; they are in quarantine.</summary>
    public int CorruptCopies { get; }

    /// <summary>The first 100 chunks that have too few copies or a corrupt one; the manifest counts as the last
    /// chunk.</summary>
    public IReadOnlyList<DfssChunkHealth> BadChunks { get; }

    /// <summary>The file's peers that did not answer.</summary>
    public IReadOnlyList<string> SilentPeers { get; }

    /// <summary>What is wrong, and at which peers; null for a file that is healthy.</summary>
    public string? Problem { get; }

    /// <summary>What to do; null for a file that is healthy.</summary>
    public string? Advice { get; }

    /// <summary>The name, in a form that is no local path.</summary>
    public override string ToString() => OutputText.Of(Name);
}
