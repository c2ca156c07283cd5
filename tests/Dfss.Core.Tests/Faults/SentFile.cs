namespace Dfss.Tests.Faults;

/// <summary>A local file that is sent, and the chunks it must become.</summary>
internal sealed class SentFile
{
    public SentFile(string name, string path, int chunkSize)
    {
        Name = name;
        Path = path;
        byte[] bytes = File.ReadAllBytes(path);
        Chunks = [.. bytes.Chunk(chunkSize).Select(chunk => (ChunkId.Of(chunk), chunk.Length))];
        ManifestId = FileManifest.Create(
            bytes.Length, chunkSize, [.. Chunks.Select(chunk => chunk.Id)]).FileId.ToChunkId();
    }

    public string Name { get; }

    public string Path { get; }

    public IReadOnlyList<(ChunkId Id, int Length)> Chunks { get; }

    public ChunkId ManifestId { get; }

    /// <summary>All that a store may keep because of it.</summary>
    public IEnumerable<ChunkId> AllIds => [.. Chunks.Select(chunk => chunk.Id), ManifestId];
}
