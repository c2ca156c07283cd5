using System.Globalization;

namespace Dfss.Storage;

/// <summary>Whether there is room for another chunk: the quota, and what is to stay free on the disk. Asked before a
/// byte is written; what was granted and is not yet seen in the counts counts too, so that puts at the same time cannot
/// overshoot together.</summary>
/// <remarks>Manifests may go a little further than other chunks, and registers are not asked at all: a peer that takes
/// no more files still seals and votes on those whose chunks it has.</remarks>
internal sealed class StoreSpace
{
    /// <summary>256 MiB, or a twentieth of a small disk: the catalog's log takes up to 64 MiB, and
    /// votes and seals must go on when nothing else does; as much again is for others who write to that disk.</summary>
    private const long MaxDefaultMinimumFree = 256L << 20;

    private const int DefaultMinimumFreeShare = 20;

    /// <summary>A 64th of the quota is kept for manifests. They are a 2,000th of large files, and 24 bytes and 32 more
    /// for each small one.</summary>
    private const int ManifestShare = 64;

    /// <summary>1 GiB above what is to stay free: then the disk is not asked for each chunk.</summary>
    private const long AmpleBytes = 1L << 30;

    /// <summary>256 MiB: after as much it is asked again, as others write to it too.</summary>
    private const long AskAgainBytes = 256L << 20;

    private const string Advice =
        "Free some space (Remove-DfssFile, then Optimize-DfssStore), start it with a larger -Quota or a smaller "
        + "-MinimumFreeSpace, "
        + "or send to another peer.";

    private readonly Lock gate = new();
    private readonly string place;
    private readonly Func<long> countStored;
    private readonly Func<long>? findFree;
    private long held;

    // What was free when that was asked last, and what was granted of it since.
    private long knownFree;
    private long granted;

    /// <param name="place">What is full, for messages.</param>
    /// <param name="quotaBytes">The most that may be stored; null: no limit.</param>
    /// <param name="minimumFreeBytes">What is to stay free.</param>
    /// <param name="countStored">What is stored. Never too little.</param>
    /// <param name="findFree">What is left on the disk; null where there is no disk.</param>
    public StoreSpace(
        string place, long? quotaBytes, long minimumFreeBytes, Func<long> countStored, Func<long>? findFree)
    {
        this.place = place;
        QuotaBytes = quotaBytes;
        MinimumFreeBytes = minimumFreeBytes;
        this.countStored = countStored;
        this.findFree = minimumFreeBytes > 0 ? findFree : null;
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
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFull"/>.</exception>
    public Grant Take(ReadOnlyMemory<byte> content)
    {
        if (QuotaBytes is null && findFree is null)
        {
            return default;
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

    /// <summary>Whether the disk has room for a copy of stored chunks, which then frees more: as much as a manifest may
    /// take.</summary>
    public bool HasRoomFor(long length) => findFree is null || findFree() - length >= MinimumFreeBytes / 2;

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
        long free = knownFree - granted;
        if (granted > AskAgainBytes || free - length - MinimumFreeBytes < AmpleBytes)
        {
            free = Math.Max(0, findFree() - held);
            (knownFree, granted) = (free, 0);
        }

        granted += length;
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
