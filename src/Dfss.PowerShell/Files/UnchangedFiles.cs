using Dfss.Encryption;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>-SkipUnchanged and -Checksum: whether a local file and a stored one are the same already.</summary>
/// <param name="byTime">Whether the length and the time of last writing decide.</param>
/// <param name="byContent">Whether the content decides; takes precedence.</param>
internal sealed class UnchangedFiles(bool byTime, bool byContent)
{
    /// <summary>Whether any file is looked at.</summary>
    internal bool IsOn => byTime || byContent;

    /// <summary>The keys to compare encrypted files with; null if there are none.</summary>
    internal KeyRing? Keys { get; init; }

    /// <summary>The ids of the keys that a stored file must be encrypted for to be the one to send.</summary>
    internal IReadOnlyCollection<string> Recipients { get; init; } = [];

    /// <summary>The stored version of a file that need not be sent; null if it must be.</summary>
    /// <exception cref="DfssException">SourceUnreadable, SourceChanged, PeerUnreachable, ...</exception>
    internal async Task<StoredFile?> FindStoredAsync(
        DfssClient client, LocalFile file, string storedName, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        StoredFile stored;
        try
        {
            stored = await client.GetAsync(storedName, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException exception) when (exception.Code == DfssErrorCode.FileNotFound)
        {
            return null;
        }

        bool isForTheSame = stored.IsCurrent && Recipients.Order(StringComparer.Ordinal).SequenceEqual(
            stored.RecipientKeyIds.Order(StringComparer.Ordinal));
        return isForTheSame && await IsSameAsync(
            client, file.Path, stored, progress, cancellationToken).ConfigureAwait(false)
            ? stored with { Name = file.Name }
            : null;
    }

    /// <summary>Whether a local file is what a stored one would be received as.</summary>
    /// <exception cref="DfssException">SourceUnreadable, SourceChanged, PeerUnreachable, ...</exception>
    internal async Task<bool> IsSameAsync(
        DfssClient client, string path, StoredFile stored, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        if (!byContent)
        {
            return byTime && stored.HasLengthAndTimeOf(path);
        }

        // Only with a key can the content of an encrypted file be compared.
        bool isReadable = stored.Record.Encryption is null || Keys is not null;
        FileInfo local = new(path);
        if (!isReadable || !local.Exists || HasOtherLength(local, stored))
        {
            return false;
        }

        try
        {
            FileComparison comparison = await client.CompareAsync(
                path, stored, Keys, progress, cancellationToken).ConfigureAwait(false);
            return comparison.IsEqual;
        }
        catch (DfssException exception) when (exception.Code is DfssErrorCode.ChunkNotFound)
        {
            // What cannot be compared is transferred.
            return false;
        }
    }

    /// <summary>A link's own length is not the file's.</summary>
    private static bool HasOtherLength(FileInfo file, StoredFile stored) =>
        file.LinkTarget is null && file.Length != stored.Record.ContentLength;
}
