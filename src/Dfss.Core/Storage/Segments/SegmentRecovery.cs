using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <summary>
/// What a start finds. Segments are taken as their indexes list them. Behind that is what a crash left. Up to the
/// segment's mark it was on stable storage. The rest counts only where its bytes hash to its id. In the background such
/// records are written again, in their places, and synced: their pages may have failed to reach the disk while the
/// process before still lived, and be in the cache only. Then they are chunks like any other.
/// </summary>
internal sealed class SegmentRecovery(
    StoreLayout layout, SegmentTable segments, DurableFile files, ChunkIndex index,
    LocalStoreOptions options) : IAsyncDisposable
{
    /// <summary>1 h: what stops it, a disk that fails for example, needs an operator.</summary>
    private static readonly TimeSpan MaxPause = TimeSpan.FromHours(1);

    private const int Loaders = 4;

    private readonly CancellationTokenSource stop = new();
    private readonly TaskCompletionSource firstPass = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<ChunkId, ChunkLocation> unverified = new();
    private readonly ConcurrentQueue<Leftover> leftovers = new();
    private readonly List<string> garbage = [];
    private Task running = Task.CompletedTask;

    /// <summary>Ends when the first pass has ended; fails as it did, and the work is then tried again.</summary>
    public Task Completion => firstPass.Task;

    /// <summary>The work, and how it is getting on.</summary>
    public BackgroundTask Work { get; } = new("Recovery of the store", MaxPause, options.TimeProvider, options.Log);

    /// <summary>Fills the index with all that is durable.</summary>
    public void Load()
    {
        List<(string Path, uint Number)> found = [];
        foreach (string path in Directory.EnumerateFiles(layout.Chunks))
        {
            if (path.EndsWith(SegmentFormat.Extension, StringComparison.Ordinal)
                && SegmentTable.TryParse(path, out uint number))
            {
                found.Add((path, number));
            }
            else if (path.EndsWith(DurableFile.TemporarySuffix, StringComparison.Ordinal)
                || !File.Exists(Path.ChangeExtension(path, SegmentFormat.Extension)))
            {
                garbage.Add(path);
            }
        }

        try
        {
            Parallel.ForEach(
                found, new ParallelOptions { MaxDegreeOfParallelism = Loaders }, file => Load(file.Path, file.Number));
        }
        catch (AggregateException exception)
        {
            ExceptionDispatchInfo.Throw(exception.InnerExceptions[0]);
        }
    }

    /// <summary>Begins.</summary>
    public void Start() => running = Work.RunAsync(PassAsync, firstWait: TimeSpan.Zero, stop.Token);

    /// <summary>Where a chunk is that a crash left and that is not verified yet, if it is whole.</summary>
    public bool TryFind(ChunkId id, out ChunkLocation location) =>
        unverified.TryGetValue(id, out location) && segments.Find(location.Segment) is { } segment
            && IsWhole(segment, id, location);

    /// <summary>The ids that begin with this byte of the chunks that are whole.</summary>
    public IEnumerable<ChunkId> List(int firstByte) => unverified.IsEmpty
        ? []
        : unverified.Keys.Where(id => id.ToByteArray()[0] == firstByte && TryFind(id, out _));

    /// <summary>Forgets a chunk that a crash left.</summary>
    public void Forget(ChunkId id) => unverified.TryRemove(id, out _);

    /// <summary>Stops; what is not done is left to the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(false);
        firstPass.TrySetCanceled(stop.Token);
        stop.Dispose();
    }

    private void Load(string path, uint number)
    {
        _ = OwnerOnly.TryRestrict(new FileInfo(path));
        using SafeFileHandle file = File.OpenHandle(
            path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        long length = Math.Min(RandomAccess.GetLength(file), uint.MaxValue);
        (Guid? ownId, long begin, long end) = ReadHeader(file, length);
        SegmentIndex? list = SegmentTable.ReadIndex(Path.ChangeExtension(path, SegmentFormat.IndexExtension), number);
        if (list is null || list.OwnId != ownId || list.Length > length)
        {
            // None, or of another segment, or of more than there is.
            list = new SegmentIndex(ownId ?? Guid.NewGuid(), SegmentFormat.HeaderBytes, []);
        }

        List<SegmentRecord> rest = list.Length < length ? SegmentScan.Find(file, number, list.Length, length) : [];
        ILookup<bool, SegmentRecord> isKnown = rest.ToLookup(
            record => record.Location.Offset >= begin && record.Location.End <= end);
        List<SegmentRecord> listed = [.. list.Records, .. isKnown[true]];
        List<SegmentRecord> left = [.. isKnown[false]];
        long durable = Math.Max(end, list.Length);
        Segment segment = new(number, path, list.OwnId)
        {
            IsNameDurable = true,
            Length = durable,
            DurableLength = durable,
            WholeFrom = begin,
        };
        segments.Add(segment);
        foreach (SegmentRecord record in listed)
        {
            segment.HasWaste |= !index.TryAdd(record.Id, record.Location);
        }

        segment.IsIndexed = ownId is not null && list.Length == length;
        segment.IsClosed = ownId is null || durable < length || left.Count > 0 || segment.IsFull
            || listed.Count >= SegmentFormat.MaxRecords;
        if (!segment.IsClosed)
        {
            segment.Records = listed;
        }
        else if (!segment.IsIndexed)
        {
            leftovers.Enqueue(new Leftover(segment, listed, left, length, HasHeader: ownId is not null));
            left.ForEach(record => unverified.TryAdd(record.Id, record.Location));
        }
    }

    private static (Guid? OwnId, long Begin, long End) ReadHeader(SafeFileHandle file, long length)
    {
        byte[] header = new byte[SegmentFormat.HeaderBytes];
        try
        {
            if (RandomAccess.Read(file, header, 0) == header.Length && SegmentFormat.ReadHeader(header) is { } ownId)
            {
                (long begin, long end) = SegmentFormat.ReadMark(header, ownId);
                return end <= length
                    ? (ownId, begin, end)
                    : (ownId, SegmentFormat.HeaderBytes, SegmentFormat.HeaderBytes);
            }
        }
        catch (IOException exception) when (StoreErrors.IsSpoiled(exception))
        {
            // The records say what they are.
        }

        return (null, SegmentFormat.HeaderBytes, SegmentFormat.HeaderBytes);
    }

    private Task<TimeSpan?> PassAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (string path in garbage)
            {
                files.Delete(path);
            }

            while (leftovers.TryPeek(out Leftover? leftover))
            {
                Recover(leftover, cancellationToken);
                leftovers.TryDequeue(out _);
            }

            unverified.Clear();
            firstPass.TrySetResult();
            return Task.FromResult<TimeSpan?>(null);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            DfssException error = StoreErrors.From(exception, layout.Root);
            firstPass.TrySetException(error);
            _ = firstPass.Task.Exception;
            if (StoreErrors.IsOfMedium(exception))
            {
                throw error;
            }

            throw;
        }
    }

    private void Recover(Leftover leftover, CancellationToken cancellationToken)
    {
        Segment segment = leftover.Segment;
        List<SegmentRecord> good = Rewrite(leftover, cancellationToken);
        if (good.Count + leftover.Listed.Count == 0)
        {
            segments.Remove(segment);
            return;
        }

        segment.DurableLength = leftover.Length;
        segment.Length = leftover.Length;
        lock (segment)
        {
            // Without what was found corrupt meanwhile.
            IEnumerable<SegmentRecord> listed = leftover.Listed.Where(record => index.IsAt(record.Id, record.Location));
            segments.WriteIndex(segment, new SegmentIndex(segment.OwnId, leftover.Length, [.. listed, .. good]));
        }

        segment.HasWaste |= good.Count < leftover.Found.Count;
        foreach (SegmentRecord record in good)
        {
            // One that a client has put again meanwhile, or that was deleted, is waste here.
            segment.HasWaste |= !unverified.TryGetValue(record.Id, out ChunkLocation place) || place != record.Location
                || !index.TryAdd(record.Id, record.Location);
        }

        foreach (SegmentRecord record in leftover.Found)
        {
            unverified.TryRemove(KeyValuePair.Create(record.Id, record.Location));
        }
    }

    /// <summary>Writes the records that are whole again, in their places, and syncs them.</summary>
    private List<SegmentRecord> Rewrite(Leftover leftover, CancellationToken cancellationToken)
    {
        Segment segment = leftover.Segment;
        List<SegmentRecord> good = [];
        using SafeFileHandle file = SegmentTable.OpenForWriting(segment);
        foreach (SegmentRecord record in leftover.Found)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int bytes = (int)record.Location.RecordBytes;
            byte[] buffer = ArrayPool<byte>.Shared.Rent(bytes);
            try
            {
                Span<byte> content = buffer.AsSpan(0, bytes);
                if (TryRead(segment, record.Location.Offset, content)
                    && ChunkId.Of(content[SegmentFormat.RecordHeaderBytes..]) == record.Id)
                {
                    files.Write(file, segment.Path, content, record.Location.Offset);
                    good.Add(record);
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }

        if (good.Count > 0)
        {
            if (!leftover.HasHeader)
            {
                files.Write(file, segment.Path, SegmentFormat.Header(segment.OwnId), 0);
            }

            files.SyncData(file, segment.Path);
        }

        return good;
    }

    private bool IsWhole(Segment segment, ChunkId id, ChunkLocation location)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(location.Length);
        try
        {
            Span<byte> content = buffer.AsSpan(0, location.Length);
            return TryRead(segment, location.ContentOffset, content) && ChunkId.Of(content) == id;
        }
        catch (FileNotFoundException)
        {
            // The recovery has found nothing whole in the segment.
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>False where the disk cannot read it: then no client was promised it, or other peers have it.</summary>
    private bool TryRead(Segment segment, long offset, Span<byte> content)
    {
        try
        {
            return segments.Read(segment, content, offset) == content.Length;
        }
        catch (IOException exception) when (StoreErrors.IsSpoiled(exception))
        {
            return false;
        }
    }

    /// <summary>A segment, or the end of one, that no index lists.</summary>
    private sealed record Leftover(
        Segment Segment, IReadOnlyList<SegmentRecord> Listed, List<SegmentRecord> Found, long Length, bool HasHeader);
}
