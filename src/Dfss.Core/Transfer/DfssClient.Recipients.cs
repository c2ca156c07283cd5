using Dfss.Encryption;

namespace Dfss.Transfer;

/// <content>Who can read an encrypted file.</content>
public sealed partial class DfssClient
{
    /// <summary>
    /// Adds recipients to an encrypted file: wraps its key for them, in a new version of its name with the same
    /// content. No chunk is sent or encrypted. Earlier versions stay as they are.
    /// </summary>
    /// <param name="file">The file.</param>
    /// <param name="recipients">The new recipients, in addition to the present ones.</param>
    /// <param name="keys">The keys to open it with.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DfssException">InvalidArgument: too many recipients. FileNotEncrypted, KeyWrong, FileTampered;
    /// Conflict: it is at another version; NoMajority, CommitUncertain, PeerUnreachable, ...</exception>
    public Task<StoredFile> AddRecipientsAsync(
        StoredFile file, IReadOnlyList<Recipient> recipients, KeyRing keys,
        CancellationToken cancellationToken = default) =>
        new FileRecipients(directory, Tester, Options).AddAsync(file, recipients, keys, cancellationToken);

    /// <summary>Removes recipients of an encrypted file in a new version of its name with the same content. Past access
    /// is not revoked: a recipient may have kept the file's key.</summary>
    /// <param name="file">The file.</param>
    /// <param name="keyIds">The key ids of the recipients to remove.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DfssException">InvalidArgument: it is not for one of these, or no recipient would be left.
    /// FileNotEncrypted, Conflict, NoMajority, CommitUncertain, PeerUnreachable, ...</exception>
    public Task<StoredFile> RemoveRecipientsAsync(
        StoredFile file, IReadOnlyList<string> keyIds, CancellationToken cancellationToken = default) =>
        new FileRecipients(directory, Tester, Options).RemoveAsync(file, keyIds, cancellationToken);
}
