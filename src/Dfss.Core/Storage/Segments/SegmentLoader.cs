using System.Runtime.ExceptionServices;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <summary>Finds the segments of a store at its start, and fills the index of chunks from theirs.</summary>
internal sealed class SegmentLoader(
    StoreLayout layout, SegmentTable segments, DurableFile files, ChunkIndex index, UnverifiedChunks unverified,
    ChunkQuarantine quarantine)
{
    private const int Loaders = 4;

    /// <summary>Finds all, and removes what interrupted steps have left.</summary>
    /// <remarks>
    /// That at once, not in the background: by then another file may have the same name, and be in use.
    /// </remarks>
    /// <returns>Those that are not closed: most are, and their lists would take much memory.</returns>
    public IEnumerable<FoundSegment> Load()
    {
        List<(string Path, uint Number)> found = [];
        string[] paths = Directory.GetFiles(layout.Chunks);
        HashSet<string> names = [.. paths];
        foreach (string path in paths)
        {
            bool isTemporary = path.EndsWith(DurableFile.TemporarySuffix, StringComparison.Ordinal);
            string name = isTemporary ? path[..^DurableFile.TemporarySuffix.Length] : path;
            if (!SegmentTable.TryParse(name, out uint number))
            {
                // Not the store's: an operator's copy, for example.
                continue;
            }

            if (path.EndsWith(SegmentFormat.Extension, StringComparison.Ordinal))
            {
                found.Add((path, number));
            }
            else if (name.EndsWith(SegmentFormat.IndexExtension, StringComparison.Ordinal)
                && (isTemporary || !names.Contains(Path.ChangeExtension(path, SegmentFormat.Extension))))
            {
                files.Delete(path);
            }
        }

        HashSet<ChunkId> corrupt = quarantine.List();
        FoundSegment?[] loaded = new FoundSegment[found.Count];
        try
        {
            Parallel.For(
                0, found.Count, new ParallelOptions { MaxDegreeOfParallelism = Loaders },
                i => loaded[i] = Load(found[i].Path, found[i].Number, corrupt));
        }
        catch (AggregateException exception)
        {
            ExceptionDispatchInfo.Throw(exception.InnerExceptions[0]);
        }

        return loaded.OfType<FoundSegment>();
    }

    /// <summary>Loads a segment that could not be opened before.</summary>
    /// <returns>Null where it is closed.</returns>
    public FoundSegment? LoadAgain(Segment segment) => Load(segment.Path, segment.Number, quarantine.List());

    private FoundSegment? Load(string path, uint number, HashSet<ChunkId> corrupt)
    {
        SafeFileHandle file;
        long length;
        try
        {
            file = files.OpenShared(path);
            length = Math.Min(RandomAccess.GetLength(file), uint.MaxValue);
        }
        catch (Exception exception) when (StoreErrors.IsCorrupt(exception) || exception is UnauthorizedAccessException)
        {
            // The others do not wait for it, and it keeps its number.
            Segment unopened = new(number, path, Guid.NewGuid()) { State = SegmentState.Recovering };
            segments.Add(unopened);
            return new FoundSegment(unopened);
        }

        using (file)
        {
            return Load(file, path, number, length, corrupt);
        }
    }

    private FoundSegment? Load(SafeFileHandle file, string path, uint number, long length, HashSet<ChunkId> corrupt)
    {
        SegmentHeader? header = ReadHeader(file, path);
        string indexPath = Path.ChangeExtension(path, SegmentFormat.IndexExtension);
        SegmentIndex? list = SegmentIndex.Read(indexPath, number, header?.OwnId);

        // A file that is shorter than its index has been cut off: the index says what has gone.
        SegmentRecord[] cut = [.. (list?.Records ?? []).Where(record => record.Location.End > length)];
        long listed = Math.Min(list?.Length ?? SegmentFormat.HeaderBytes, Math.Max(length, SegmentFormat.HeaderBytes));

        // A mark beyond the end of the file is no reason to trust anything; the index may have left out all before.
        SegmentMark? mark = header?.Mark is { } own && own.End <= length ? own : null;
        (long begin, long end) = mark is null ? (listed, listed) : (mark.Begin, mark.End);
        var scan = SegmentScan.Find(
            (destination, offset) => files.Read(file, path, destination, offset), number, listed, length,
            mark is null ? [] : [begin, end]);

        // Behind a damaged place a record may be part of another one's content.
        ILookup<bool, SegmentRecord> isTrusted = scan.Records.ToLookup(record => record.Location.Offset >= begin
            && record.Location.End <= Math.Min(end, scan.ContiguousEnd));
        long durable = Math.Max(end, listed);
        Segment segment = new(number, path, header?.OwnId ?? list?.OwnId ?? Guid.NewGuid())
        {
            IsNameDurable = true,
            Length = durable,
            DurableLength = durable,
            WholeFrom = begin,
            IndexedLength = list is null ? 0 : listed,
            IndexedCount = list?.Records.Count ?? 0,
            // The folder was synced when the store was opened.
            IsIndexNameDurable = true,
            State = SegmentState.Recovering,
        };
        segments.Add(segment);
        FoundSegment found = new(segment)
        {
            Length = length,
            DurableLength = durable,
            IsOpened = true,
            IsCutOff = list?.Length > length,
            HasHeader = mark is not null,
            IsComplete = scan.IsComplete,
            // Without an index there may be holes before the mark.
            WholeBegin = list?.Length ?? header?.Mark?.Begin ?? listed,
            WholeEnd = header?.Mark?.End ?? listed,
            ContiguousEnd = scan.ContiguousEnd,
        };
        found.Lost.AddRange(cut);
        found.Unverified.AddRange(isTrusted[false]);
        foreach (SegmentRecord record in (list?.Records ?? []).Except(cut).Concat(isTrusted[true]))
        {
            // Of two copies neither has been read: the recovery finds out which one is whole. Nor has one that was put
            // after another of its chunk was found corrupt.
            bool isTaken = !corrupt.Contains(record.Id) && index.TryAdd(record.Id, record.Location);
            (isTaken ? found.Trusted : found.Unverified).Add(record);
        }

        found.Unverified.ForEach(unverified.Add);
        segment.HasWaste =
            found.Trusted.Sum(record => record.Location.RecordBytes) < durable - SegmentFormat.HeaderBytes;
        if (found is { IsKnown: true, IsFull: true } && segment.IsIndexed)
        {
            segment.State = SegmentState.Closed;
            return null;
        }

        return found;
    }

    /// <summary>Null where it is damaged, or the disk cannot read it.</summary>
    private SegmentHeader? ReadHeader(SafeFileHandle file, string path)
    {
        byte[] header = new byte[SegmentFormat.HeaderBytes];
        try
        {
            return SegmentFormat.ReadHeader(header.AsSpan(0, files.Read(file, path, header, offset: 0)));
        }
        catch (IOException exception) when (StoreErrors.IsCorrupt(exception))
        {
            // The index and the records say what they are.
            return null;
        }
    }
}
