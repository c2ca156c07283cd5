using Dfss.Records;

namespace Dfss.Tests.Storage.Simulation;

/// <summary>A file of a schedule. Few, and they share chunks, so that writers often need each other's.</summary>
internal sealed class BucketFile
{
    private readonly Dictionary<ChunkId, ReadOnlyMemory<byte>> contents = [];

    private BucketFile(params int[] numbers)
    {
        // The last chunk of a file may be short.
        byte[][] bytes = [.. numbers.Select((number, index) => MakeChunk(number, index == numbers.Length - 1))];
        ChunkId[] ids = [.. bytes.Select(content => ChunkId.Of(content))];
        Manifest = FileManifest.Create(bytes.Sum(content => (long)content.Length), DfssLimits.MinChunkSize, ids);
        Chunks = ids;
        for (int i = 0; i < ids.Length; i++)
        {
            contents[ids[i]] = bytes[i];
        }

        contents[Manifest.FileId.ToChunkId()] = Manifest.Encoded;
    }

    public static IReadOnlyList<BucketFile> All { get; } = [new(), new(1), new(2), new(9, 1), new(9, 2)];

    private static readonly Dictionary<FileId, BucketFile> ById = All.ToDictionary(file => file.Manifest.FileId);

    public FileManifest Manifest { get; }

    public IReadOnlyList<ChunkId> Chunks { get; }

    /// <summary>The chunks, and the manifest last.</summary>
    public IEnumerable<ChunkId> Objects => Chunks.Append(Manifest.FileId.ToChunkId());

    public static BucketFile Of(FileId id) => ById[id];

    public ReadOnlyMemory<byte> Content(ChunkId id) => contents[id];

    private static byte[] MakeChunk(int number, bool isShort)
    {
        byte[] content = new byte[isShort ? 8 : DfssLimits.MinChunkSize];
        content[0] = (byte)number;
        return content;
    }

    /// <summary>The files that the record, and optionally the seals, of a register need.</summary>
    public static IEnumerable<BucketFile> NeededBy(RegisterState state, bool withSeals) =>
        new[] { state.Accepted, state.Decided }
            .Where(one => one is { Record.State: FileRecordState.File }).Select(one => one!.Record.FileId)
            .Concat(withSeals ? state.Seals.Select(seal => seal.FileId) : []).Distinct().Select(Of);
}
