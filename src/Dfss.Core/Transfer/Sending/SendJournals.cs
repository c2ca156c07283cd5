using System.Security.Cryptography;
using System.Text;
using Dfss.Storage;

namespace Dfss.Transfer;

/// <summary>The journals of a client's sends: one file for each source, chunk size and set of recipients, in
/// a folder that only this user may enter.</summary>
internal sealed partial class SendJournals(TransferOptions options)
{
    /// <summary>
    /// 8 MiB: read and hashed in 4 to 8 ms from the cache; a journal costs 0.1 to 1 ms. Of many smaller files each
    /// would pay that, and few would gain from it.
    /// </summary>
    internal const long MinSourceBytes = 8L << 20;

    /// <summary>30 days: a send that was not repeated since is abandoned.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromDays(30);

    /// <summary>
    /// 1 day: the clocks of a file server and of this machine differ by less, and a clock is corrected by less. A
    /// journal with a time further in the future is removed.
    /// </summary>
    private static readonly TimeSpan ClockDifference = TimeSpan.FromDays(1);

    private readonly Lock gate = new();
    private bool isPruned;

    /// <summary>
    /// The journal of a send that begins now; null if there is none for any reason: the send continues without it.
    /// </summary>
    /// <param name="source">The source, just opened.</param>
    /// <param name="chunkSize">The length in bytes of a chunk's content.</param>
    /// <param name="isRestart">Whether the journal of earlier sends is deleted.</param>
    /// <param name="encryption">
    /// The recipients of an encrypted send, and the key to use if there is none from before.
    /// </param>
    public SendJournal? TryOpen(SourceFile source, int chunkSize, bool isRestart, SendKey? encryption = null)
    {
        if (options.StateFolder is not string state || source.Length <= MinSourceBytes)
        {
            return null;
        }

        try
        {
            string folder = Path.GetFullPath(Path.Combine(state, "sends"));
            OwnerOnly.CreateFolder(folder);
            PruneOnce(folder);
            string path = PathOf(folder, source.FullPath, chunkSize, encryption);
            DateTimeOffset now = options.TimeProvider.GetUtcNow();
            long begun = (now - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
            return SendJournal.TryOpen(path, source, chunkSize, begun, options.Verbose, encryption, isRestart);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            options.Verbose?.Invoke($"'{source.Path}' is sent without a journal: {error.Message}");
            return null;
        }
    }

    /// <summary>The path of the journal of a source.</summary>
    internal static string PathOf(string folder, string fullPath, int chunkSize, SendKey? encryption = null) =>
        Path.Combine(
            folder,
            Convert.ToHexStringLower(
                SHA256.HashData(Encoding.UTF8.GetBytes($"{chunkSize}:{encryption?.Recipients}{fullPath}")))
                    + ".journal");

    private void PruneOnce(string folder)
    {
        lock (gate)
        {
            if (isPruned)
            {
                return;
            }

            isPruned = true;
        }

        DateTimeOffset now = options.TimeProvider.GetUtcNow();
        foreach (FileInfo file in new DirectoryInfo(folder).EnumerateFiles("*.journal"))
        {
            if (FileAge.Of(file, now + ClockDifference) >= MaxAge + ClockDifference)
            {
                file.Delete();
            }
        }
    }
}
