using System.Globalization;

namespace Dfss.Storage;

/// <summary>Whether there is room for another chunk: the quota, and what is to stay free on the disk. Asked before a
/// byte is written; what was granted and is not yet seen in the counts counts too, so that puts at the same time cannot
/// overshoot together.</summary>
/// <remarks>Manifests may go a little further than other chunks, and registers are not asked at all: a peer that takes
/// no more files still seals and votes on those whose chunks it has.</remarks>
internal sealed class StoreSpace
{
    /// <summary>256 MiB, or a twentieth of a small disk: the logs of the two databases take up to 64 MiB each, and
    /// votes and seals must go on when nothing else does; as much again is for others who write to that disk.</summary>
    private const long MaxDefaultMinimumFree = 256L << 20;

    private const int DefaultMinimumFreeShare = 20;

    /// <summary>A 64th of the quota is kept for manifests. They are a 2,000th of large files, and 24 bytes and 32 more
    /// for each small one.</summary>
    private const int ManifestShare = 64;

    private const string Advice =
        "Free some space (Remove-DfssFile, then Optimize-DfssStore), start it with a larger -Quota or a smaller "
        + "-MinimumFreeSpace, "
        + "or send to another peer.";

    private readonly Lock gate = new();
    private readonly string place;
    private readonly Func<long> countStored;
    private readonly Func<long>? findFree;
    private readonly Func<Task> counted;
    private long held;

    /// <param name="place">What is full, for messages.</param>
    /// <param name="quotaBytes">The most that may be stored; null: no limit.</param>
    /// <param name="minimumFreeBytes">What is to stay free.</param>
    /// <param name="countStored">What is stored, what is on its way included. Never too little, once
    /// <paramref name="counted"/> has ended.</param>
    /// <param name="findFree">What is left on the disk, less what will be taken of it soon; null where there is no
    /// disk.</param>
    /// <param name="counted">Ends when what was there at the start has been counted. Fails when that failed; then it is
    /// another one, once it is tried again.</param>
    public StoreSpace(
        string place, long? quotaBytes, long minimumFreeBytes, Func<long> countStored, Func<long>? findFree,
        Func<Task> counted)
    {
        this.place = place;
        QuotaBytes = quotaBytes;
        MinimumFreeBytes = minimumFreeBytes;
        this.countStored = countStored;
        this.findFree = minimumFreeBytes > 0 ? findFree : null;
        this.counted = counted;
    }

    /// <summary>The most that may be stored; null: no limit.</summary>
    public long? QuotaBytes { get; }

    /// <summary>What is to stay free on the disk.</summary>
    public long MinimumFreeBytes { get; }

    /// <summary>What stays free on a disk of this size by default.</summary>
    public static long DefaultMinimumFree(long totalBytes) =>
        Math.Min(MaxDefaultMinimumFree, totalBytes / DefaultMinimumFreeShare);

    /// <summary>Grants room for a chunk that is about to be stored; to be disposed when the counts show it, or it
    /// failed.</summary>
    /// <remarks>With a quota it waits, after a start, until the store has been counted: what is not known to fit is not
    /// taken.</remarks>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFull"/>; <see cref="DfssErrorCode.StoreFailed"/>:
    /// what is there could not be counted.</exception>
    public async ValueTask<Grant> TakeAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        if (QuotaBytes is null && findFree is null)
        {
            return default;
        }

        if (QuotaBytes is not null && counted() is { IsCompletedSuccessfully: false } counting)
        {
            try
            {
                await counting.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (DfssException error)
            {
                throw error.Copy();
            }
        }

        bool isManifest = FileManifest.IsMarked(content.Span);
        lock (gate)
        {
            ThrowIfOverQuota(content.Length, isManifest);
            ThrowIfTooLittleIsLeft(content.Length, isManifest);
            held += content.Length;
        }

        return new Grant(this, content.Length);
    }

    private void ThrowIfOverQuota(int length, bool isManifest)
    {
        if (QuotaBytes is not { } quota)
        {
            return;
        }

        long reserve = isManifest ? 0 : quota / ManifestShare;
        long stored = countStored() + held;
        if (stored + length > quota - reserve)
        {
            string kept = reserve > 0 ? $", of which {Number(reserve)} are kept for manifests" : string.Empty;
            throw new DfssException(
                DfssErrorCode.StoreFull,
                $"{place} is full: its quota is {Number(quota)} bytes{kept}, {Number(stored)} are stored, "
                + $"and {Number(length)} more do not fit.",
                Advice);
        }
    }

    private void ThrowIfTooLittleIsLeft(int length, bool isManifest)
    {
        if (findFree is null)
        {
            return;
        }

        // Manifests may take half of what other chunks must leave.
        long minimum = isManifest ? MinimumFreeBytes / 2 : MinimumFreeBytes;
        long free = Math.Max(0, findFree() - held);
        if (free - length < minimum)
        {
            throw new DfssException(
                DfssErrorCode.StoreFull,
                $"{place} is full: {Number(free)} bytes are free on its disk, of which {Number(minimum)} are "
                + "to stay free, "
                + $"and {Number(length)} more do not fit.",
                Advice);
        }
    }

    private static string Number(long bytes) => bytes.ToString("N0", CultureInfo.InvariantCulture);

    private void Return(int bytes)
    {
        lock (gate)
        {
            held -= bytes;
        }
    }

    /// <summary>Room for one chunk, until disposed.</summary>
    internal readonly struct Grant(StoreSpace? space, int bytes) : IDisposable
    {
        /// <summary>Gives it back: the chunk is counted now, or was not stored.</summary>
        public void Dispose() => space?.Return(bytes);
    }
}
