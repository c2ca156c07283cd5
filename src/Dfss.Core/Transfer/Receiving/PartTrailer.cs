using System.Buffers.Binary;
using Dfss.Encryption;
using Dfss.Storage;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Transfer;

/// <summary>
/// The trailer behind the data of a part file: which file it is to become, and which of its chunks are there.
/// Integers are little-endian.
/// <code>
/// offset  bytes
///      0      8  "DFSSPART"
///      8      4  version, 1
///     12      4  chunk size
///     16      8  length of the file, and so where this begins
///     24      4  the process that writes it, or wrote it last
///     28      4  0
///     32     32  file id
///     64      .  one bit for each chunk, lowest first: it was verified and written
/// </code>
/// Of an encrypted file the version is 2, and lengths and chunk size are those of the content. In place of the bits
/// there are 13 bytes for each chunk: 1 if it was written, and its nonce, with which it is verified.
/// </summary>
internal sealed partial class PartTrailer
{
    /// <summary>The bytes before the bitmap.</summary>
    private const int HeaderBytes = 64;

    private const int Version = 1;
    private const int EncryptedVersion = 2;
    private const int EntryBytes = 1 + ChunkCipher.NonceBytes;

    private readonly byte[] bytes;

    private PartTrailer(byte[] bytes) => this.bytes = bytes;

    private bool HasNonces => bytes[8] == EncryptedVersion;

    private static ReadOnlySpan<byte> Magic => "DFSSPART"u8;

    /// <summary>All of it.</summary>
    public ReadOnlyMemory<byte> Bytes => bytes;

    /// <summary>The length of the trailer of such a file.</summary>
    public static int LengthFor(FileRecord record) =>
        HeaderBytes
            + LengthFor((int)FileManifest.CountChunks(record.Length, record.ChunkSize), record.Encryption is not null);

    /// <summary>The trailer of a file without chunks yet.</summary>
    public static PartTrailer Create(FileRecord record)
    {
        byte[] bytes = new byte[LengthFor(record)];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(
            bytes.AsSpan(8), record.Encryption is null ? Version : EncryptedVersion);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), record.ChunkSize);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), record.Length);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(24), Environment.ProcessId);
        record.FileId.ToChunkId().CopyTo(bytes.AsSpan(32));
        return new PartTrailer(bytes);
    }

    /// <summary>The trailer at the end of an open file; null where there is none, or another file's.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public static PartTrailer? Read(SafeFileHandle file, FileRecord record)
    {
        byte[] read = new byte[LengthFor(record)];
        return RandomAccess.GetLength(file) == record.Length + read.Length
            && RandomAccess.Read(file, read, record.Length) == read.Length
            ? Parse(read, record)
            : null;
    }

    /// <summary>
    /// The process that writes a part file in use; null if it is the part of another file.
    /// </summary>
    public static int? ReadProcessId(string path, FileRecord record)
    {
        try
        {
            using SafeFileHandle file = DurableFile.OpenForReading(path);
            return Read(file, record) is PartTrailer trailer
                ? BinaryPrimitives.ReadInt32LittleEndian(trailer.bytes.AsSpan(24))
                : null;
        }
        catch (IOException)
        {
            // The process has just ended; the error is that the file was in use.
            return null;
        }
    }

    /// <summary>Records this process as the writer of the file.</summary>
    public void TakeOver() => BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(24), Environment.ProcessId);

    /// <summary>Whether the trailer claims a chunk.</summary>
    public bool Claims(int chunkIndex) => HasNonces
        ? bytes[OffsetOf(chunkIndex)] == 1
        : (bytes[HeaderBytes + (chunkIndex >> 3)] & (1 << (chunkIndex & 7))) != 0;

    /// <summary>The nonce of a claimed chunk; empty if the file is not encrypted.</summary>
    public ReadOnlyMemory<byte> NonceOf(int chunkIndex) =>
        HasNonces ? bytes.AsMemory(OffsetOf(chunkIndex) + 1, ChunkCipher.NonceBytes) : default;

    /// <summary>Records whether a chunk is there.</summary>
    /// <param name="chunkIndex">Which.</param>
    /// <param name="isThere">Whether it is.</param>
    /// <param name="nonce">Its nonce; empty if it is not there, or not encrypted.</param>
    /// <returns>The place in the trailer, and its new bytes.</returns>
    public (int Offset, ReadOnlyMemory<byte> Value) Set(int chunkIndex, bool isThere, ReadOnlySpan<byte> nonce)
    {
        if (HasNonces)
        {
            Memory<byte> entry = bytes.AsMemory(OffsetOf(chunkIndex), EntryBytes);
            entry.Span[0] = (byte)(isThere ? 1 : 0);
            nonce.CopyTo(entry.Span[1..]);
            return (OffsetOf(chunkIndex), entry);
        }

        int offset = HeaderBytes + (chunkIndex >> 3);
        byte bit = (byte)(1 << (chunkIndex & 7));
        bytes[offset] = (byte)(isThere ? bytes[offset] | bit : bytes[offset] & ~bit);
        return (offset, bytes.AsMemory(offset, 1));
    }

    private static int LengthFor(int chunkCount, bool isEncrypted) =>
        isEncrypted ? chunkCount * EntryBytes : (chunkCount + 7) / 8;

    private static int OffsetOf(int chunkIndex) => HeaderBytes + (chunkIndex * EntryBytes);

    private static PartTrailer? Parse(byte[] read, FileRecord record)
    {
        PartTrailer expected = Create(record);
        return read.Length == expected.bytes.Length
            && read.AsSpan(0, 24).SequenceEqual(expected.bytes.AsSpan(0, 24))
            && read.AsSpan(28, HeaderBytes - 28).SequenceEqual(expected.bytes.AsSpan(28, HeaderBytes - 28))
            ? new PartTrailer(read)
            : null;
    }
}
