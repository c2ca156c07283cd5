using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <summary>
/// The segments of a store and their files: which there are, how they are made and removed, and the reads.
/// </summary>
internal sealed class SegmentTable(StoreLayout layout, DurableFile files, FailStopLatch fault) : IDisposable
{
    /// <summary>
    /// 128 open files at the most, besides those that are written: opening one again costs some microseconds.
    /// </summary>
    private const int MaxReaders = 128;

    private readonly ConcurrentDictionary<uint, Segment> segments = new();
    private readonly Lock gate = new();
    private readonly Queue<Segment> readers = [];
    private uint lastNumber;

    /// <summary>All of them.</summary>
    public IEnumerable<Segment> All => segments.Values;

    /// <summary>The segment of this number; null where it has been removed.</summary>
    public Segment? Find(uint number) => segments.GetValueOrDefault(number);

    /// <summary>Reads the number from a file's name.</summary>
    public static bool TryParse(string path, out uint number)
    {
        number = 0;
        string name = Path.GetFileNameWithoutExtension(path);
        return uint.TryParse(name, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)
            && name == NameOf(number);
    }

    /// <summary>The file of the segment of this number.</summary>
    public string PathOf(uint number) =>
        Path.Combine(layout.Chunks, NameOf(number) + SegmentFormat.Extension);

    /// <summary>Adds a segment that was found at the start.</summary>
    public void Add(Segment segment)
    {
        segments[segment.Number] = segment;
        lock (gate)
        {
            lastNumber = Math.Max(lastNumber, segment.Number);
        }
    }

    /// <summary>Makes a new one, open for writing.</summary>
    public Segment Create()
    {
        uint number;
        lock (gate)
        {
            number = ++lastNumber;
        }

        var ownId = Guid.NewGuid();
        Segment segment = new(number, PathOf(number), ownId);
        segment.Writer = files.Create(
            segment.Path, SegmentFormat.Header(ownId, SegmentFormat.HeaderBytes, SegmentFormat.HeaderBytes));
        segments[number] = segment;
        return segment;
    }

    /// <summary>Opens a segment that is there for writing.</summary>
    public static SafeFileHandle OpenForWriting(Segment segment) => File.OpenHandle(
        segment.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>Makes the names in the folder durable.</summary>
    /// <exception cref="IOException">
    /// It is unknown which names are lost; the store's fail-stop latch is set.
    /// </exception>
    /// <exception cref="DfssException">It is set: a sync that succeeds now would not know of them.</exception>
    public void SyncNames()
    {
        fault.ThrowIfSet();
        try
        {
            files.SyncDirectory(layout.Chunks);
        }
        catch (Exception exception) when (StoreErrors.IsOfMedium(exception))
        {
            fault.Set(exception);
            throw;
        }
    }

    /// <summary>
    /// Writes a segment's index, or replaces it: it lists these records, and the segment up to where it is durable. The
    /// caller has locked the segment. Until the names are synced, a power cut may leave the index before.
    /// </summary>
    public void WriteIndex(Segment segment, IReadOnlyList<SegmentRecord> records)
    {
        // Until it is done, no look at the segment may take it for the one that is there.
        (segment.IndexedLength, segment.IsIndexNameDurable) = (0, false);
        long length = segment.DurableLength;
        string temporary = segment.IndexPath + DurableFile.TemporarySuffix;
        files.Delete(temporary);
        byte[] content = new SegmentIndex(segment.OwnId, length, records).Encode();
        using (SafeFileHandle file = files.Create(temporary, content))
        {
            files.SyncData(file, temporary);
        }

        files.Rename(temporary, segment.IndexPath);
        (segment.IndexedLength, segment.IndexedCount) = (length, records.Count);
    }

    /// <summary>
    /// Leaves all but these records out of a segment's index, durably: the others do not come back, and their bytes may
    /// go. The caller has locked the segment, and knows the records from memory. Of a segment that takes more, the
    /// index lists what is durable by now. Where the disk has no room for an index, the segment is left without one:
    /// then nothing before the mark counts unless it is whole. The caller tries again when it has made room.
    /// </summary>
    public void Narrow(Segment segment, IReadOnlyList<SegmentRecord> wanted)
    {
        SegmentRecord[] durable = [.. wanted.Where(record => segment.IsDurable(record.Location))];
        long length = segment.DurableLength;
        if (segment.NarrowedTo != length)
        {
            // Should the index be damaged later, no record that it left out may count for whole.
            using SafeFileHandle file = OpenForWriting(segment);
            files.Write(file, segment.Path, SegmentFormat.Mark(segment.OwnId, length, length), SegmentFormat.MarkAt);
            files.SyncData(file, segment.Path);
            (segment.WholeFrom, segment.NarrowedTo) = (length, length);
        }

        if (segment.IndexedLength != length || segment.IndexedCount != durable.Length)
        {
            try
            {
                WriteIndex(segment, durable);
            }
            catch (IOException exception) when (DurableFile.IsOutOfSpace(exception))
            {
                files.Delete(segment.IndexPath + DurableFile.TemporarySuffix);
                files.Delete(segment.IndexPath);
                segment.HasWaste = true;
            }
        }

        if (!segment.IsIndexNameDurable)
        {
            SyncNames();
            segment.IsIndexNameDurable = true;
        }
    }

    /// <summary>Removes a segment that holds nothing wanted. Not made durable: what comes back is garbage.</summary>
    public void Remove(Segment segment)
    {
        // Closed behind that: no reader can open it again meanwhile. The index last: one that stays is deleted at the
        // next start.
        files.Delete(segment.Path);
        segments.TryRemove(segment.Number, out _);
        Close(segment);
        files.Delete(segment.IndexPath);
    }

    /// <summary>Closes the files of a segment; one that is read again is opened again.</summary>
    public void Close(Segment segment)
    {
        lock (gate)
        {
            segment.Writer?.Dispose();
            segment.Reader?.Dispose();
            (segment.Writer, segment.Reader) = (null, null);
        }
    }

    /// <summary>Reads bytes of a segment.</summary>
    /// <returns>How many there were.</returns>
    /// <exception cref="FileNotFoundException">The segment has been removed.</exception>
    /// <exception cref="IOException">The disk cannot read it.</exception>
    public int Read(Segment segment, Span<byte> destination, long offset)
    {
        while (true)
        {
            try
            {
                SafeFileHandle file = segment.Writer ?? segment.Reader ?? OpenReader(segment);
                int total = 0;
                int read;
                do
                {
                    read = files.Read(file, segment.Path, destination[total..], offset + total);
                    total += read;
                }
                while (read > 0 && total < destination.Length);
                return total;
            }
            catch (ObjectDisposedException)
            {
                // Another caller closed it between the look and the read.
            }
        }
    }

    /// <summary>Whether a record's bytes hash to its id.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="record">The record.</param>
    /// <param name="content">Gets the bytes.</param>
    /// <returns>Null where the disk cannot read it, and nothing is known.</returns>
    public bool? IsWhole(Segment segment, SegmentRecord record, Span<byte> content)
    {
        try
        {
            return Read(segment, content, record.Location.ContentOffset) == content.Length
                && ChunkId.Of(content) == record.Id;
        }
        catch (IOException exception) when (StoreErrors.IsCorrupt(exception))
        {
            return null;
        }
    }

    /// <summary>Closes all files.</summary>
    public void Dispose()
    {
        foreach (Segment segment in segments.Values.Concat(readers))
        {
            Close(segment);
        }
    }

    private static string NameOf(uint number) => number.ToString("x8", CultureInfo.InvariantCulture);

    private SafeFileHandle OpenReader(Segment segment)
    {
        SafeFileHandle file = files.OpenShared(segment.Path);
        lock (gate)
        {
            if (segment.Reader is { } other)
            {
                file.Dispose();
                return other;
            }

            segment.Reader = file;
            readers.Enqueue(segment);
            if (readers.Count > MaxReaders)
            {
                Segment oldest = readers.Dequeue();
                oldest.Reader?.Dispose();
                oldest.Reader = null;
            }

            return file;
        }
    }
}
