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

    /// <summary>The folder that they are in.</summary>
    public string Folder => layout.Chunks;

    /// <summary>The segment of this number; null where it has been removed.</summary>
    public Segment? Find(uint number) => segments.GetValueOrDefault(number);

    /// <summary>Reads the number from a file's name.</summary>
    public static bool TryParse(string path, out uint number)
    {
        number = 0;
        string name = Path.GetFileNameWithoutExtension(path);
        return name.Length == sizeof(uint) * 2
            && uint.TryParse(name, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);
    }

    /// <summary>The file of the segment of this number.</summary>
    public string PathOf(uint number) =>
        Path.Combine(layout.Chunks, number.ToString("x8", CultureInfo.InvariantCulture) + SegmentFormat.Extension);

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
        uint number = Interlocked.Increment(ref lastNumber);
        var ownId = Guid.NewGuid();
        Segment segment = new(number, PathOf(number), ownId);
        segment.Writer = files.Create(segment.Path, SegmentFormat.Header(ownId));
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
    public void SyncNames()
    {
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

    /// <summary>Writes a segment's index, or replaces it. Until the names are synced, a power cut may leave the one
    /// before.</summary>
    public void WriteIndex(Segment segment, SegmentIndex index)
    {
        string temporary = segment.IndexPath + DurableFile.TemporarySuffix;
        files.Delete(temporary);
        using (SafeFileHandle file = files.Create(temporary, index.Encode()))
        {
            files.SyncData(file, temporary);
        }

        files.Rename(temporary, segment.IndexPath);
    }

    /// <summary>
    /// Leaves records out of a segment's index, durably: they do not come back. Of a segment that takes more, the index
    /// lists what is durable by now.
    /// </summary>
    /// <returns>
    /// The records that are left; null where the segment has no index that counts: the next start makes it.
    /// </returns>
    public IReadOnlyList<SegmentRecord>? Narrow(Segment segment, Func<SegmentRecord, bool> isWanted)
    {
        lock (segment)
        {
            SegmentIndex? list = segment.IsClosed
                ? ReadIndex(segment.IndexPath, segment.Number)
                : new SegmentIndex(segment.OwnId, segment.DurableLength, segment.Records);
            if (list is null)
            {
                return null;
            }

            SegmentRecord[] wanted = [.. list.Records.Where(isWanted)];
            if (wanted.Length == list.Records.Count)
            {
                return wanted;
            }

            if (!segment.IsClosed)
            {
                segment.Records = [.. wanted];
                segment.IsIndexed = segment.DurableLength == segment.Length;
            }

            SegmentRecord[] durable = [.. wanted.Where(record => segment.IsDurable(record.Location))];
            WriteIndex(segment, list with { Records = durable });
            SyncNames();
            return wanted;
        }
    }

    /// <summary>Reads a segment's index; null where there is none that counts.</summary>
    public static SegmentIndex? ReadIndex(string path, uint number)
    {
        try
        {
            return File.Exists(path) ? SegmentIndex.Decode(number, File.ReadAllBytes(path)) : null;
        }
        catch (IOException exception) when (StoreErrors.IsSpoiled(exception))
        {
            // The segment has its records all the same.
            return null;
        }
    }

    /// <summary>Removes a segment that holds nothing wanted. Not made durable: what comes back is garbage.</summary>
    public void Remove(Segment segment)
    {
        segments.TryRemove(segment.Number, out _);
        segment.IsClosed = true;
        Close(segment);
        files.Delete(segment.Path);
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
                    read = RandomAccess.Read(file, destination[total..], offset + total);
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

    /// <summary>Closes all files.</summary>
    public void Dispose()
    {
        foreach (Segment segment in segments.Values)
        {
            Close(segment);
        }
    }

    private SafeFileHandle OpenReader(Segment segment)
    {
        SafeFileHandle file = File.OpenHandle(
            segment.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
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
