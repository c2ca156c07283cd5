using System.Diagnostics.CodeAnalysis;

namespace Dfss;

/// <summary>
/// The name of a file's content: the SHA-256 of its encoded <see cref="FileManifest"/>. Two unencrypted files
/// with the same bytes and the same chunk size have the same id, whatever their names. 32 bytes; as text, 64
/// lower-case hexadecimal digits.
/// </summary>
public readonly record struct FileId
{
    /// <summary>The size of an id in bytes.</summary>
    public const int SizeBytes = ChunkId.SizeBytes;

    private readonly ChunkId manifest;

    /// <summary>Makes an id from the id of the chunk that stores the manifest.</summary>
    public FileId(ChunkId manifest) => this.manifest = manifest;

    /// <summary>Makes an id from its bytes.</summary>
    /// <param name="source">Exactly <see cref="SizeBytes"/> bytes.</param>
    /// <exception cref="ArgumentException"><paramref name="source"/> has another length.</exception>
    public FileId(ReadOnlySpan<byte> source)
        : this(new ChunkId(source))
    {
    }

    /// <summary>Reads an id from its hexadecimal form, in either case.</summary>
    /// <exception cref="FormatException">The text is not 64 hexadecimal digits.</exception>
    public static FileId Parse(string text) => new(ChunkId.Parse(text));

    /// <summary>Reads an id from its hexadecimal form, in either case.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out FileId id)
    {
        bool isRead = ChunkId.TryParse(text, out ChunkId manifest);
        id = new FileId(manifest);
        return isRead;
    }

    /// <summary>The id of the chunk that stores the manifest.</summary>
    public ChunkId ToChunkId() => manifest;

    /// <summary>The id's bytes, as a new array.</summary>
    public byte[] ToByteArray() => manifest.ToByteArray();

    /// <summary>The id as 64 lower-case hexadecimal digits.</summary>
    public override string ToString() => manifest.ToString();
}
