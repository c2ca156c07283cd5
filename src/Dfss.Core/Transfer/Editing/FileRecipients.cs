using Dfss.Encryption;
using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>
/// Changes who can read an encrypted file: a new version of its name with the same content, and with the file's key
/// wrapped for others. No chunk is moved.
/// </summary>
internal sealed class FileRecipients(PeerDirectory directory, FileTester tester, TransferOptions options)
{
    /// <exception cref="DfssException">As in <see cref="DfssClient.AddRecipientsAsync"/>.</exception>
    public async Task<StoredFile> AddAsync(
        StoredFile file, IReadOnlyList<Recipient> recipients, KeyRing keys, CancellationToken cancellationToken)
    {
        ThrowIfPlain(file.Record);
        KeyEnvelope envelope = ContentKey.Open(file.Record, keys)!.WrapFor(recipients);
        return await ReplaceAsync(file, envelope, cancellationToken).ConfigureAwait(false);
    }

    /// <exception cref="DfssException">As in <see cref="DfssClient.RemoveRecipientsAsync"/>.</exception>
    public async Task<StoredFile> RemoveAsync(
        StoredFile file, IReadOnlyList<string> keyIds, CancellationToken cancellationToken)
    {
        FileRecord record = file.Record;
        ThrowIfPlain(record);
        EnvelopeContent content = EnvelopeContent.Decode(record.Encryption!, record.Name);
        string[] unknown =
            [.. keyIds.Where(
                id => !content.Wraps.Any(wrap => wrap.KeyId.Equals(id, StringComparison.OrdinalIgnoreCase)))];
        if (unknown.Length > 0)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                $"'{record.Name}' is not encrypted for {string.Join(", ", unknown)}, but for "
                    + $"{KeyRing.Describe(content)}.",
                "Give key ids that Get-DfssFileInfo shows in Recipients.");
        }

        KeyWrap[] left =
            [.. content.Wraps.Where(wrap => !keyIds.Contains(wrap.KeyId, StringComparer.OrdinalIgnoreCase))];
        return left.Length > 0
            ? await ReplaceAsync(
                file, (content with { Wraps = left }).Encode(), cancellationToken).ConfigureAwait(false)
            : throw new DfssException(
                DfssErrorCode.InvalidArgument, $"'{record.Name}' would have no recipient left.",
                "Leave one recipient, or remove the file (Remove-DfssFile).");
    }

    private async Task<StoredFile> ReplaceAsync(
        StoredFile file, KeyEnvelope envelope, CancellationToken cancellationToken)
    {
        string name = file.Record.Name;
        Home home = await Home.ReachAsync(file.Record, directory, cancellationToken).ConfigureAwait(false);
        WriteCondition condition = WriteCondition.ReplaceVersion(file.Record.Version);
        RecordWriter writer = await RecordWriter.BeginAsync(
            name, home, condition, options, cancellationToken).ConfigureAwait(false);
        if (writer.Current is not { State: FileRecordState.File } current || current.FileId != file.Record.FileId)
        {
            throw RecordReader.NotFound(name);
        }

        FileRecord changed = await writer.CommitAsync(
            now => now! with { Version = now.Version + 1, Encryption = envelope, WriterId = writer.WriterId },
            token => PlanSealsAsync(new StoredFile(current, IsCurrent: true), writer.Home, token),
            cancellationToken).ConfigureAwait(false);
        return new StoredFile(changed, IsCurrent: true);
    }

    private async Task<IReadOnlyList<SealPlan>> PlanSealsAsync(
        StoredFile file, Home home, CancellationToken cancellationToken)
    {
        FileCopies copies = await tester.FindCopiesAsync(file, home, cancellationToken).ConfigureAwait(false);
        return [copies.PlanSeals()];
    }

    private static void ThrowIfPlain(FileRecord record)
    {
        if (record.Encryption is null)
        {
            throw new DfssException(
                DfssErrorCode.FileNotEncrypted,
                $"'{record.Name}' is not encrypted: every reader at its peers can read it.",
                "Send it again with -EncryptionKey or -Recipient.");
        }
    }
}
