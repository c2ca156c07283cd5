using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Dfss.Storage;

namespace Dfss.Transfer;

/// <summary>
/// The bytes of a send journal: the state of the source when the journal was begun, then a record for each chunk whose
/// id has been computed, in any order. Each record's checksum covers the header too, so that a record of another source
/// is never accepted. If the file was truncated or corrupted, the records that are read are a prefix of those written.
/// </summary>
/// <remarks>
/// All numbers big-endian:
/// <code>
/// offset  size  field
///      0     8  "DFSSJNL" and the version, 0x01
///      8     4  chunk size in bytes
///     12     4  the path's bytes p
///     16     8  when it was begun, in ns since 1970 UTC
///     24    40  the source's length, modification and change time (ns since 1970 UTC), file number (16)
///     64     p  the source's full path, UTF-8
///   64+p    32  SHA-256 of all before it
///
/// of an encrypted send the version is 0x02, the chunk size that of the content, and
///   64+p    32  SHA-256 of the recipients' key ids, ascending
///   96+p    32  the file's key
///  128+p    32  SHA-256 of all before it
///
/// record  size  field
///      0     4  index of the chunk
///      4    32  its id
///     36     8  the first bytes of SHA-256(the header's SHA-256, index, id)
/// </code>
/// </remarks>
internal sealed class SendJournalFormat
{
    /// <summary>The bytes of one record.</summary>
    public const int RecordBytes = sizeof(int) + ChunkId.SizeBytes + CheckBytes;

    internal const int VersionOffset = 7;
    internal const byte EncryptedVersion = 2;
    private const int BegunOffset = 16;
    internal const int FixedBytes = 24 + StatusBytes;
    private const int StatusBytes = 40;
    private const int CheckBytes = 8;

    /// <summary>2 s, the coarsest clock of a disk (FAT). A source that was written later than this before the journal
    /// was begun could be written again, after it was hashed, with the same time.</summary>
    private const long SettledNanoseconds = 2_000_000_000;

    private readonly byte[] header;

    /// <param name="path">The source's full path.</param>
    /// <param name="status">What it is now.</param>
    /// <param name="chunkSize">The chunk size in bytes.</param>
    /// <param name="begun">When the journal was begun, in ns since 1970 UTC.</param>
    /// <param name="encryption">The recipients and the key of an encrypted send; else null.</param>
    public SendJournalFormat(string path, FileStatus status, int chunkSize, long begun, SendKey? encryption = null)
    {
        byte[] pathBytes = Encoding.UTF8.GetBytes(path);
        int keyBytes = encryption is null ? 0 : SendKey.SizeBytes;
        header = new byte[FixedBytes + pathBytes.Length + keyBytes + SHA256.HashSizeInBytes];
        Encryption = encryption;
        "DFSSJNL\x01"u8.CopyTo(header);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(8), chunkSize);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(12), pathBytes.Length);
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(BegunOffset), begun);
        WriteStatus(status, header.AsSpan(24));
        pathBytes.CopyTo(header, FixedBytes);
        if (encryption is not null)
        {
            header[VersionOffset] = EncryptedVersion;
            encryption.WriteTo(header.AsSpan(FixedBytes + pathBytes.Length));
        }

        SHA256.HashData(header.AsSpan(..^SHA256.HashSizeInBytes), header.AsSpan(^SHA256.HashSizeInBytes..));
        IsTrustworthy = status.Modified.Nanoseconds <= begun - SettledNanoseconds;
    }

    /// <summary>The first bytes of the file.</summary>
    public ReadOnlySpan<byte> Header => header;

    /// <summary>The recipients and the key of an encrypted send; else null.</summary>
    public SendKey? Encryption { get; }

    /// <summary>Whether ids computed since the journal was begun are those of a source that has the same status
    /// later.</summary>
    public bool IsTrustworthy { get; }

    /// <summary>
    /// The format of a file that was begun earlier for the same path, status, chunk size and recipients; null if the
    /// file is that of another send, corrupt, or not to be trusted. Its key is that of the file.
    /// </summary>
    public static SendJournalFormat? TryRead(
        ReadOnlySpan<byte> file, string path, FileStatus status, int chunkSize, SendKey? encryption = null)
    {
        int keyOffset = FixedBytes + Encoding.UTF8.GetByteCount(path);
        if (file.Length < (encryption is null ? FixedBytes : keyOffset + SendKey.SizeBytes))
        {
            return null;
        }

        SendJournalFormat format = new(
            path,
            status,
            chunkSize,
            BinaryPrimitives.ReadInt64BigEndian(file[BegunOffset..]),
            encryption?.WithKeyOf(file.Slice(keyOffset, SendKey.SizeBytes)));
        return format.IsTrustworthy && file.StartsWith(format.Header) ? format : null;
    }

    /// <summary>Writes one record.</summary>
    public void WriteRecord(int index, ChunkId id, Span<byte> destination)
    {
        BinaryPrimitives.WriteInt32BigEndian(destination, index);
        id.CopyTo(destination[sizeof(int)..]);
        WriteCheck(destination[..^CheckBytes], destination[^CheckBytes..]);
    }

    /// <summary>Reads the records of a file that begins with <see cref="Header"/>, up to the first that is truncated or
    /// corrupt.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="ids">Gets the ids by index.</param>
    /// <returns>The bytes of the file that are good; the rest is to be cut off.</returns>
    public int ReadRecords(ReadOnlySpan<byte> file, ChunkId?[] ids)
    {
        Span<byte> check = stackalloc byte[CheckBytes];
        int offset = header.Length;
        while (file.Length - offset >= RecordBytes)
        {
            ReadOnlySpan<byte> record = file.Slice(offset, RecordBytes);
            WriteCheck(record[..^CheckBytes], check);
            int index = BinaryPrimitives.ReadInt32BigEndian(record);
            if (!record[^CheckBytes..].SequenceEqual(check) || index < 0 || index >= ids.Length)
            {
                break;
            }

            ids[index] = new ChunkId(record.Slice(sizeof(int), ChunkId.SizeBytes));
            offset += RecordBytes;
        }

        return offset;
    }

    private void WriteCheck(ReadOnlySpan<byte> record, Span<byte> destination)
    {
        Span<byte> hashed = stackalloc byte[SHA256.HashSizeInBytes + RecordBytes - CheckBytes];
        header.AsSpan(^SHA256.HashSizeInBytes..).CopyTo(hashed);
        record.CopyTo(hashed[SHA256.HashSizeInBytes..]);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(hashed, digest);
        digest[..CheckBytes].CopyTo(destination);
    }

    private static void WriteStatus(FileStatus status, Span<byte> destination)
    {
        BinaryPrimitives.WriteInt64BigEndian(destination, status.Length);
        BinaryPrimitives.WriteInt64BigEndian(destination[8..], FileStatus.Wrap(status.Modified));
        BinaryPrimitives.WriteInt64BigEndian(destination[16..], status.Changed);
        BinaryPrimitives.WriteUInt128BigEndian(destination[24..], status.Number);
    }
}
