using Dfss.Transfer;

namespace Dfss;

/// <summary>Where the copies of one chunk of a stored file are, or those of its manifest.</summary>
public sealed class DfssChunkHealth
{
    internal DfssChunkHealth(StoredFile file, ChunkHealth chunk)
    {
        Name = file.Name;
        StoredName = file.Record.Name;
        Index = chunk.Index;
        Id = chunk.Id.ToString();
        Length = chunk.Length;
        Replicas = file.Record.Replicas;
        Holders = DfssChunkInfo.AddressesOf(chunk.Holders);
        Missing = DfssChunkInfo.AddressesOf(chunk.Missing);
        Corrupt = DfssChunkInfo.AddressesOf(chunk.Corrupt);
        IsHealthy = chunk.IsHealthy;
    }

    /// <summary>The file's name.</summary>
    public string Name { get; }

    /// <summary>
    /// The name that the peers have: another than <see cref="Name"/> where that one is hidden from them.
    /// </summary>
    public string StoredName { get; }

    /// <summary>The chunk's place in the file, from 0; null for the manifest.</summary>
    public int? Index { get; }

    /// <summary>The SHA-256 of its bytes: 64 hexadecimal digits.</summary>
    public string Id { get; }

    /// <summary>Its length in bytes; 0 for a manifest that cannot be had.</summary>
    public int Length { get; }

    /// <summary>How many peers should hold it.</summary>
    public int Replicas { get; }

    /// <summary>The peers that report it; with -Deep, those with a good copy.</summary>
    public IReadOnlyList<string> Holders { get; }

    /// <summary>The peers that should have it, answered, and do not.</summary>
    public IReadOnlyList<string> Missing { get; }

    /// <summary>The peers whose copy was corrupt, which only -Deep finds.</summary>
    public IReadOnlyList<string> Corrupt { get; }

    /// <summary>Whether as many peers hold it as should.</summary>
    public bool IsHealthy { get; }

    /// <summary>What is wrong with its copies, and at which peers; null where nothing is.</summary>
    public string? Problem
    {
        get
        {
            string[] faults =
            [
                .. Missing.Count > 0 && !IsHealthy ? [$"missing at {Missing}"] : Array.Empty<string>(),
                .. Corrupt.Count > 0 ? [$"corrupt at {Corrupt}"] : Array.Empty<string>(),
                .. IsHealthy || Missing.Count + Corrupt.Count > 0
                    ? Array.Empty<string>()
                    : [FormattableString.Invariant($"{Holders.Count} of {Replicas} copies")],
            ];
            string what = Index is { } index ? FormattableString.Invariant($"chunk {index}") : "the manifest";
            return faults.Length == 0 ? null : $"{what}: {string.Join(", ", faults)}";
        }
    }

    /// <summary>The file's name and the chunk's index, in a form that is no local path.</summary>
    public override string ToString() => OutputText.Of(
        Index is { } index ? FormattableString.Invariant($"{Name}[{index}]") : $"{Name} (manifest)");
}
