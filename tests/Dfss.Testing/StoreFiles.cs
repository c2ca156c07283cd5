using Dfss.Storage;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Testing;

/// <summary>A chunk as it lies in a store's folder.</summary>
/// <param name="Id">The chunk.</param>
/// <param name="Path">The segment's file.</param>
/// <param name="Offset">Where the chunk's bytes begin in it.</param>
/// <param name="Length">The chunk's length in bytes.</param>
public sealed record StoredChunk(ChunkId Id, string Path, long Offset, int Length)
{
    /// <summary>The bytes as they are on the disk now.</summary>
    public byte[] Read()
    {
        using SafeFileHandle file = File.OpenHandle(
            Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] content = new byte[Length];
        return content[..RandomAccess.Read(file, content, Offset)];
    }

    /// <summary>Writes bytes over it, under a running peer too.</summary>
    public void Write(ReadOnlySpan<byte> content, int at = 0)
    {
        using SafeFileHandle file = File.OpenHandle(
            Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        RandomAccess.Write(file, content, Offset + at);
    }

    /// <summary>Flips one bit.</summary>
    public void Flip(int at, int bit = 0) => Write([(byte)(Read()[at] ^ (1 << bit))], at);
}

/// <summary>
/// Finds the chunks of a store on disk, and damages them. The only place that knows where their bytes are.
/// </summary>
public static class StoreFiles
{
    /// <summary>The folder of the segments.</summary>
    public static string FolderOf(string store) => Path.Combine(store, "chunks");

    /// <summary>The files of the segments.</summary>
    public static string[] Segments(string store) => Directory.GetFiles(FolderOf(store), "*" + SegmentFormat.Extension);

    /// <summary>
    /// Every record of every segment, whole or not; those that are no longer wanted too while they have not become
    /// holes.
    /// </summary>
    public static IReadOnlyList<StoredChunk> List(string store)
    {
        List<StoredChunk> chunks = [];
        foreach (string path in Segments(store))
        {
            using SafeFileHandle file = File.OpenHandle(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            chunks.AddRange(
                from record in SegmentScan.Find(
                    (destination, offset) => RandomAccess.Read(file, destination, offset), segment: 0,
                    SegmentFormat.HeaderBytes, RandomAccess.GetLength(file)).Records
                select new StoredChunk(record.Id, path, record.Location.ContentOffset, record.Location.Length));
        }

        return chunks;
    }

    /// <summary>The places of a chunk whose bytes are whole.</summary>
    public static IReadOnlyList<StoredChunk> Find(string store, ChunkId id) =>
        [.. List(store).Where(chunk => chunk.Id == id && ChunkId.Of(chunk.Read()) == id)];

    /// <summary>Whether a chunk is there, whole.</summary>
    public static bool Has(string store, ChunkId id) => Find(store, id).Count > 0;

    /// <summary>What an interrupted step leaves beside the segments.</summary>
    public static string[] Unfinished(string store) =>
        Directory.GetFiles(store, "*" + DurableFile.TemporarySuffix, SearchOption.AllDirectories);

    /// <summary>Makes the segments of a closed store full: what is put next goes into another.</summary>
    public static void Fill(string store)
    {
        foreach (string path in Segments(store))
        {
            string list = Path.ChangeExtension(path, SegmentFormat.IndexExtension);
            SegmentIndex index = SegmentIndex.Decode(segment: 0, File.ReadAllBytes(list))!;
            File.WriteAllBytes(list, (index with { Length = SegmentFormat.MaxBytes }).Encode());
            using FileStream file = File.OpenWrite(path);
            file.SetLength(SegmentFormat.MaxBytes);
        }
    }

    /// <summary>
    /// Makes the segments of a closed store such as a power cut may leave: no index, and the mark of their making.
    /// </summary>
    public static void Distrust(string store)
    {
        foreach (string path in Segments(store))
        {
            File.Delete(Path.ChangeExtension(path, SegmentFormat.IndexExtension));
            using FileStream file = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
            byte[] header = new byte[SegmentFormat.HeaderBytes];
            file.ReadExactly(header);
            file.Seek(0, SeekOrigin.Begin);
            file.Write(SegmentFormat.Header(
                SegmentFormat.ReadHeader(header)!.OwnId, SegmentFormat.HeaderBytes, SegmentFormat.HeaderBytes));
        }
    }

    /// <summary>Cuts the segments off, under a running peer too.</summary>
    public static void CutOff(string store, long length)
    {
        foreach (string path in Segments(store))
        {
            using SafeFileHandle file = File.OpenHandle(
                path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            RandomAccess.SetLength(file, length);
        }
    }

    /// <summary>Flips a bit of each copy of a chunk.</summary>
    public static void Corrupt(string store, ChunkId id)
    {
        IReadOnlyList<StoredChunk> chunks = Find(store, id);
        if (chunks.Count == 0)
        {
            throw new InvalidOperationException($"The store at '{store}' has no chunk {id}.");
        }

        foreach (StoredChunk chunk in chunks)
        {
            chunk.Flip(chunk.Length / 2);
        }
    }
}
