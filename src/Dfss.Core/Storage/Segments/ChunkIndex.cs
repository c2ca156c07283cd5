using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Dfss.Storage;

/// <summary>
/// Where every chunk of the store is, in memory: some 60 bytes a chunk. Made again from the segments at each start.
/// Each change is a comparison with what the caller has seen, so that callers need no lock of their own.
/// </summary>
internal sealed class ChunkIndex
{
    /// <summary>One part for each first byte of an id: a part is locked for one look, and sorted by itself.</summary>
    public const int PartCount = 256;

    /// <summary>A part grows by a quarter: doubling would leave a third of ten million chunks' memory unused.</summary>
    private const int GrowthShare = 4;

    private readonly Part[] parts = [.. Enumerable.Range(0, PartCount).Select(_ => new Part())];

    private long chunks;
    private long bytes;

    /// <summary>Chunks, and their bytes.</summary>
    public (long Chunks, long Bytes) Count => (Interlocked.Read(ref chunks), Interlocked.Read(ref bytes));

    /// <summary>Where a chunk is; false where it is absent.</summary>
    public bool TryFind(ChunkId id, out ChunkLocation location)
    {
        Part part = parts[PartOf(id)];
        lock (part)
        {
            return part.TryGetValue(id, out location);
        }
    }

    /// <summary>Whether the chunk is at this place.</summary>
    public bool IsAt(ChunkId id, ChunkLocation location) => TryFind(id, out ChunkLocation found) && found == location;

    /// <summary>Adds a chunk; false where it is there already.</summary>
    public bool TryAdd(ChunkId id, ChunkLocation location)
    {
        Part part = parts[PartOf(id)];
        lock (part)
        {
            if (part.Count == part.Capacity)
            {
                part.EnsureCapacity(part.Count + Math.Max(4, part.Count / GrowthShare));
            }

            if (!part.TryAdd(id, location))
            {
                return false;
            }

            Add(1, location.Length);
            return true;
        }
    }

    /// <summary>Gives a chunk another place; false where it is no longer at the one before.</summary>
    public bool TryReplace(ChunkId id, ChunkLocation before, ChunkLocation location)
    {
        Part part = parts[PartOf(id)];
        lock (part)
        {
            ref ChunkLocation found = ref CollectionsMarshal.GetValueRefOrNullRef(part, id);
            if (Unsafe.IsNullRef(ref found) || found != before)
            {
                return false;
            }

            found = location;
            Add(0, location.Length - before.Length);
            return true;
        }
    }

    /// <summary>Removes a chunk; false where it is no longer at this place.</summary>
    public bool TryRemove(ChunkId id, ChunkLocation location)
    {
        Part part = parts[PartOf(id)];
        lock (part)
        {
            if (!part.TryGetValue(id, out ChunkLocation found) || found != location)
            {
                return false;
            }

            part.Remove(id);
            Add(-1, -location.Length);
            return true;
        }
    }

    /// <summary>The ids that begin with this byte, unordered.</summary>
    public List<ChunkId> List(int firstByte)
    {
        Part part = parts[firstByte];
        lock (part)
        {
            return [.. part.Keys];
        }
    }

    /// <summary>
    /// The chunks that are in these segments, each list in the order of its segment. A look at every chunk of the
    /// store.
    /// </summary>
    public Dictionary<uint, List<SegmentRecord>> ListIn(IEnumerable<uint> segments)
    {
        Dictionary<uint, List<SegmentRecord>> found = segments.ToDictionary(
            number => number, _ => new List<SegmentRecord>());
        foreach (Part part in parts)
        {
            lock (part)
            {
                foreach ((ChunkId id, ChunkLocation location) in part)
                {
                    if (found.TryGetValue(location.Segment, out List<SegmentRecord>? list))
                    {
                        list.Add(new SegmentRecord(id, location));
                    }
                }
            }
        }

        foreach (List<SegmentRecord> list in found.Values)
        {
            list.Sort((one, other) => one.Location.Offset.CompareTo(other.Location.Offset));
        }

        return found;
    }

    /// <summary>The part of an id: its first byte.</summary>
    public static int PartOf(ChunkId id)
    {
        Span<byte> bytes = stackalloc byte[ChunkId.SizeBytes];
        id.CopyTo(bytes);
        return bytes[0];
    }

    private void Add(int chunk, long length)
    {
        Interlocked.Add(ref chunks, chunk);
        Interlocked.Add(ref bytes, length);
    }

    private sealed class Part : Dictionary<ChunkId, ChunkLocation>;
}
