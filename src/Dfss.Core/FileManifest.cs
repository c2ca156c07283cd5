using System.Buffers.Binary;

namespace Dfss;

/// <summary>
/// The description of a file's content: its length, its chunk size, and the ids of its chunks in order. It has no name
/// and never changes. It has one encoding, whose SHA-256 is the <see cref="Dfss.FileId"/>.
/// </summary>
/// <remarks>
/// The encoding, all numbers big-endian:
/// <code>
/// offset  size  field
///      0     8  "DFSSMAN" and the version, 0x01, or 0x02 if the chunks are encrypted
///      8     8  file length in bytes
///     16     4  chunk size in bytes
///     20     4  number of chunks n = ceil(length / chunk size)
///     24  32*n  chunk ids
/// </code>
/// </remarks>
public sealed class FileManifest
{
    /// <summary>The size of the encoding before the first chunk id.</summary>
    public const int HeaderBytes = 24;

    private const int VersionOffset = 7;
    private const byte PlainVersion = 1;
    private const byte EncryptedVersion = 2;

    private static ReadOnlySpan<byte> Magic => "DFSSMAN"u8;

    /// <summary>Whether a chunk begins like a manifest.</summary>
    internal static bool IsMarked(ReadOnlySpan<byte> content) => content.Length > VersionOffset
        && content.StartsWith(Magic) && content[VersionOffset] is PlainVersion or EncryptedVersion;

    private readonly ReadOnlyMemory<byte> encoded;

    private FileManifest(ReadOnlyMemory<byte> encoded, long length, int chunkSize, int chunkCount)
    {
        this.encoded = encoded;
        Length = length;
        ChunkSize = chunkSize;
        ChunkCount = chunkCount;
        FileId = new FileId(ChunkId.Of(encoded.Span));
    }

    /// <summary>The length of all chunks in bytes; if they are not encrypted, the length of the file.</summary>
    public long Length { get; }

    /// <summary>The length in bytes of every chunk except the last.</summary>
    public int ChunkSize { get; }

    /// <summary>Whether the chunks are encrypted.</summary>
    public bool IsEncrypted => encoded.Span[VersionOffset] == EncryptedVersion;

    /// <summary>The number of chunks of the file; 0 for an empty file.</summary>
    public int ChunkCount { get; }

    /// <summary>The SHA-256 of <see cref="Encoded"/>.</summary>
    public FileId FileId { get; }

    /// <summary>The one encoding of the manifest.</summary>
    public ReadOnlyMemory<byte> Encoded => encoded;

    /// <summary>The id of the chunk at <paramref name="index"/>.</summary>
    public ChunkId this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, ChunkCount);
            return new ChunkId(encoded.Span.Slice(HeaderBytes + (index * ChunkId.SizeBytes), ChunkId.SizeBytes));
        }
    }

    /// <summary>The length in bytes of the chunk at <paramref name="index"/>.</summary>
    public int LengthOf(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, ChunkCount);
        return (int)Math.Min(ChunkSize, Length - ((long)index * ChunkSize));
    }

    /// <summary>The offset of the chunk at <paramref name="index"/>, in bytes.</summary>
    public long OffsetOf(int index) => (long)index * ChunkSize;

    /// <summary>The number of chunks of a file of this length.</summary>
    public static long CountChunks(long length, int chunkSize) => (length + chunkSize - 1) / chunkSize;

    /// <summary>Makes the manifest of a file.</summary>
    /// <param name="length">The file's length in bytes.</param>
    /// <param name="chunkSize">The chunk size in bytes, within <see cref="DfssLimits"/>.</param>
    /// <param name="chunkIds">The ids in order, as many as the length requires.</param>
    /// <exception cref="ArgumentException">The arguments are out of range or do not fit each other.</exception>
    public static FileManifest Create(long length, int chunkSize, ReadOnlySpan<ChunkId> chunkIds) =>
        Create(length, chunkSize, chunkIds, PlainVersion);

    /// <summary>
    /// Makes the manifest of an encrypted file. The numbers are those of its stored chunks, nonces and tags included.
    /// </summary>
    internal static FileManifest CreateEncrypted(long length, int chunkSize, ReadOnlySpan<ChunkId> chunkIds) =>
        Create(length, chunkSize, chunkIds, EncryptedVersion);

    private static FileManifest Create(long length, int chunkSize, ReadOnlySpan<ChunkId> chunkIds, byte version)
    {
        byte[] bytes = new byte[HeaderBytes + (chunkIds.Length * ChunkId.SizeBytes)];
        Magic.CopyTo(bytes);
        bytes[VersionOffset] = version;
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(8), length);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(16), chunkSize);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(20), chunkIds.Length);
        for (int i = 0; i < chunkIds.Length; i++)
        {
            chunkIds[i].CopyTo(bytes.AsSpan(HeaderBytes + (i * ChunkId.SizeBytes)));
        }

        return TryDecode(bytes, out FileManifest? manifest, out string? problem)
            ? manifest
            : throw new ArgumentException(problem, nameof(chunkIds));
    }

    /// <summary>Decodes a manifest; the bytes are kept, not copied.</summary>
    /// <exception cref="DfssException">
    /// <see cref="DfssErrorCode.ChunkCorrupt"/>: the bytes are not a manifest.
    /// </exception>
    public static FileManifest Decode(ReadOnlyMemory<byte> encoded) => TryDecode(
        encoded, out FileManifest? manifest, out string? problem)
        ? manifest
        : throw new DfssException(
            DfssErrorCode.ChunkCorrupt, $"These {encoded.Length} bytes are not a file manifest: {problem}");

    private static bool TryDecode(
        ReadOnlyMemory<byte> encoded,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out FileManifest? manifest,
        out string? problem)
    {
        manifest = null;
        ReadOnlySpan<byte> span = encoded.Span;
        if (span.Length < HeaderBytes || !IsMarked(span))
        {
            problem = "it does not start with the header of a manifest.";
            return false;
        }

        long length = BinaryPrimitives.ReadInt64BigEndian(span[8..]);
        int chunkSize = BinaryPrimitives.ReadInt32BigEndian(span[16..]);
        int count = BinaryPrimitives.ReadInt32BigEndian(span[20..]);
        if (chunkSize is < DfssLimits.MinChunkSize or > DfssLimits.MaxChunkSize)
        {
            problem =
                $"a chunk size of {chunkSize} bytes is not between {DfssLimits.MinChunkSize} and "
                    + $"{DfssLimits.MaxChunkSize}.";
            return false;
        }

        if (length < 0 || count is < 0 or > DfssLimits.MaxChunksPerFile || length > (long)count * chunkSize
            || CountChunks(length, chunkSize) != count || span.Length != HeaderBytes + (count * ChunkId.SizeBytes))
        {
            problem =
                $"a length of {length}, {count} chunks of {chunkSize} bytes and {span.Length} bytes of manifest do not "
                    + "fit each other.";
            return false;
        }

        if (span[VersionOffset] == EncryptedVersion && !KeyEnvelope.Fits(length, chunkSize))
        {
            problem =
                $"chunks of {chunkSize} bytes, {length} together, cannot be encrypted: the last one would be empty.";
            return false;
        }

        problem = null;
        manifest = new FileManifest(encoded, length, chunkSize, count);
        return true;
    }
}
