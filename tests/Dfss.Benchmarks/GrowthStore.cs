using System.Buffers.Binary;
using System.Globalization;
using Dfss.Records;
using Dfss.Storage;

namespace Dfss.Benchmarks;

/// <summary>
/// Makes a store of many files: their manifests and registers are real, their chunks have no bytes.
/// </summary>
internal static class GrowthStore
{
    /// <summary>The chunks of a file.</summary>
    public const int ChunksPerFile = 10;

    /// <summary>The files of a folder.</summary>
    public const int NamesPerFolder = 1000;

    /// <summary>Above the numbers of the segments that the store itself makes for the manifests.</summary>
    private const uint FirstSegment = 1 << 20;

    private const int RegistersAtOnce = 1000;

    /// <summary>Makes the store.</summary>
    public static async Task MakeAsync(string store, int names)
    {
        FileId[] files = new FileId[names];
        StoreId id;
        await using (LocalStore opened = await LocalStore.OpenAsync(
            store, new LocalStoreOptions(), CancellationToken.None))
        {
            id = opened.StoreId;
            for (int i = 0; i < names; i++)
            {
                var manifest = FileManifest.Create(
                    ChunksPerFile * DfssLimits.MinChunkSize, DfssLimits.MinChunkSize, ChunksOf(i));
                files[i] = manifest.FileId;
                await opened.Chunks.PutAsync(manifest.FileId.ToChunkId(), manifest.Encoded, CancellationToken.None);
            }
        }

        await WriteChunksAsync(store, names);
        await WriteRegistersAsync(store, id, files);
    }

    /// <summary>The name of a file.</summary>
    public static string NameOf(int file) => FolderOf(file) + string.Create(
        CultureInfo.InvariantCulture, $"file{file % NamesPerFolder:000}");

    /// <summary>The prefix of the names in the folder of a file.</summary>
    public static string FolderOf(int file) => string.Create(
        CultureInfo.InvariantCulture, $"folder{file / NamesPerFolder:0000}/");

    private static ChunkId[] ChunksOf(int file)
    {
        // The first byte selects a part of the index in memory, so it must vary as that of a hash does.
        Random random = new(file);
        ChunkId[] ids = new ChunkId[ChunksPerFile];
        byte[] id = new byte[ChunkId.SizeBytes];
        for (int i = 0; i < ids.Length; i++)
        {
            random.NextBytes(id);
            BinaryPrimitives.WriteInt64LittleEndian(id.AsSpan(8), ((long)file * ChunksPerFile) + i);
            ids[i] = new ChunkId(id);
        }

        return ids;
    }

    private static async Task WriteChunksAsync(string store, int names)
    {
        uint number = FirstSegment;
        long end = SegmentFormat.HeaderBytes;
        List<SegmentRecord> records = [];
        foreach (ChunkId id in Enumerable.Range(0, names).SelectMany(ChunksOf))
        {
            records.Add(new SegmentRecord(id, new ChunkLocation(Segment: 0, (uint)end, DfssLimits.MinChunkSize)));
            end = records[^1].Location.End;
            if (end >= SegmentFormat.MaxBytes || records.Count == SegmentFormat.MaxRecords)
            {
                await HoleSegments.WriteAsync(store, number++, records);
                (records, end) = ([], SegmentFormat.HeaderBytes);
            }
        }

        if (records.Count > 0)
        {
            await HoleSegments.WriteAsync(store, number, records);
        }
    }

    private static async Task WriteRegistersAsync(string store, StoreId id, FileId[] files)
    {
        await using Catalog catalog = new(new StoreLayout(store).CatalogFile, new FailStopLatch(store, log: null));
        await catalog.OpenVotesAsync(id);
        HomeMember[] home = [new HomeMember(id, ["localhost:9"])];
        Ballot ballot = new(1, Guid.NewGuid());
        foreach (int[] group in Enumerable.Range(0, files.Length).Chunk(RegistersAtOnce))
        {
            RegisterEntry[] entries =
            [
                .. group.Select(file => new RegisterEntry(NameOf(file), Version: 0, StateOf(file))),
            ];
            IReadOnlyList<bool> stored = await catalog.CompareAndSwapAsync(
                entries, catalog.Votes.Generation, [], CancellationToken.None);
            if (stored.Contains(false))
            {
                throw new InvalidOperationException("A register was there already.");
            }
        }

        RegisterState StateOf(int file)
        {
            BallotedRecord record = new(ballot, new FileRecord
            {
                Name = NameOf(file),
                Version = 1,
                FileId = files[file],
                Length = ChunksPerFile * DfssLimits.MinChunkSize,
                ChunkSize = DfssLimits.MinChunkSize,
                Home = home,
                WriterId = Guid.NewGuid(),
            });
            return new RegisterState
            {
                Promised = ballot,
                Accepted = record,
                Decided = record,
                Generation = catalog.Votes.Generation,
            };
        }
    }
}
