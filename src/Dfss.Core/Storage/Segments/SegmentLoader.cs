using System.Runtime.ExceptionServices;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <summary>
/// What a start takes over of a segment without reading the chunks, and what it leaves to the recovery.
/// </summary>
/// <param name="Segment">The segment.</param>
/// <param name="Trusted">
/// The records that its index lists, and those within its mark: durable, but not read.
/// </param>
/// <param name="Unverified">Its records that count once their bytes hash to their ids.</param>
/// <param name="Length">How long its file is.</param>
/// <param name="HasHeader">Whether its header is whole.</param>
/// <param name="IsComplete">Whether the disk could read where its records are.</param>
internal sealed record FoundSegment(
    Segment Segment, List<SegmentRecord> Trusted, List<SegmentRecord> Unverified, long Length, bool HasHeader,
    bool IsComplete)
{
    /// <summary>Whether nothing of it is left to verify.</summary>
    public bool IsKnown => HasHeader && IsComplete && Unverified.Count == 0 && Segment.Length == Length;

    /// <summary>Whether it takes no more records.</summary>
    public bool IsFull => Length >= SegmentFormat.MaxBytes || Trusted.Count >= SegmentFormat.MaxRecords;
}

/// <summary>Finds the segments of a store at its start, and fills the index of chunks from theirs.</summary>
internal sealed class SegmentLoader(
    StoreLayout layout, SegmentTable segments, DurableFile files, ChunkIndex index, UnverifiedChunks unverified)
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
        foreach (string path in Directory.GetFiles(layout.Chunks))
        {
            if (path.EndsWith(SegmentFormat.Extension, StringComparison.Ordinal)
                && SegmentTable.TryParse(path, out uint number))
            {
                found.Add((path, number));
            }
            else if (path.EndsWith(DurableFile.TemporarySuffix, StringComparison.Ordinal)
                || !File.Exists(Path.ChangeExtension(path, SegmentFormat.Extension)))
            {
                files.Delete(path);
            }
        }

        FoundSegment?[] loaded = new FoundSegment[found.Count];
        try
        {
            Parallel.For(
                0, found.Count, new ParallelOptions { MaxDegreeOfParallelism = Loaders },
                i => loaded[i] = Load(found[i].Path, found[i].Number));
        }
        catch (AggregateException exception)
        {
            ExceptionDispatchInfo.Throw(exception.InnerExceptions[0]);
        }

        return loaded.OfType<FoundSegment>();
    }

    private FoundSegment? Load(string path, uint number)
    {
        _ = OwnerOnly.TryRestrict(new FileInfo(path));
        using SafeFileHandle file = File.OpenHandle(
            path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        long length = Math.Min(RandomAccess.GetLength(file), uint.MaxValue);
        SegmentHeader? header = ReadHeader(file, path);
        string indexPath = Path.ChangeExtension(path, SegmentFormat.IndexExtension);
        SegmentIndex? list = SegmentIndex.Read(indexPath, number, header?.OwnId, length);
        long listed = list?.Length ?? SegmentFormat.HeaderBytes;
        (long begin, long end) = header is not null && header.MarkEnd <= length
            ? (header.MarkBegin, header.MarkEnd)
            : (SegmentFormat.HeaderBytes, SegmentFormat.HeaderBytes);
        var scan = SegmentScan.Find(
            (destination, offset) => files.Read(file, path, destination, offset), number, listed, length);

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
            IndexedLength = list?.Length ?? 0,
            IndexedCount = list?.Records.Count ?? 0,
            // The folder was synced when the store was opened.
            IsIndexNameDurable = true,
            State = SegmentState.Recovering,
        };
        segments.Add(segment);
        FoundSegment found = new(segment, [], [.. isTrusted[false]], length, header is not null, scan.IsComplete);
        foreach (SegmentRecord record in (list?.Records ?? []).Concat(isTrusted[true]))
        {
            // Of two copies neither has been read: the recovery finds out which one is whole.
            (index.TryAdd(record.Id, record.Location) ? found.Trusted : found.Unverified).Add(record);
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
