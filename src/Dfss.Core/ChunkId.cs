using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Dfss;

/// <summary>
/// The name of a chunk: the SHA-256 of its bytes. 32 bytes; as text, 64 lower-case hexadecimal digits.
/// </summary>
public readonly struct ChunkId : IEquatable<ChunkId>, IComparable<ChunkId>
{
    /// <summary>The size of an id in bytes.</summary>
    public const int SizeBytes = 32;

    private readonly Bytes bytes;

    /// <summary>Makes an id from its bytes.</summary>
    /// <param name="source">Exactly <see cref="SizeBytes"/> bytes.</param>
    /// <exception cref="ArgumentException"><paramref name="source"/> has another length.</exception>
    public ChunkId(ReadOnlySpan<byte> source)
    {
        if (source.Length != SizeBytes)
        {
            throw new ArgumentException($"An id has {SizeBytes} bytes, not {source.Length}.", nameof(source));
        }

        source.CopyTo(bytes);
    }

    /// <summary>The id of these bytes: their SHA-256.</summary>
    public static ChunkId Of(ReadOnlySpan<byte> content)
    {
        Span<byte> digest = stackalloc byte[SizeBytes];
        System.Security.Cryptography.SHA256.HashData(content, digest);
        return new ChunkId(digest);
    }

    /// <summary>Reads an id from its hexadecimal form, in either case.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out ChunkId id)
    {
        id = default;
        if (text is null || text.Length != SizeBytes * 2)
        {
            return false;
        }

        Span<byte> parsed = stackalloc byte[SizeBytes];
        if (Convert.FromHexString(text, parsed, out _, out _) != System.Buffers.OperationStatus.Done)
        {
            return false;
        }

        id = new ChunkId(parsed);
        return true;
    }

    /// <summary>Reads an id from its hexadecimal form, in either case.</summary>
    /// <exception cref="FormatException">The text is not 64 hexadecimal digits.</exception>
    public static ChunkId Parse(string text) =>
        TryParse(text, out ChunkId id) ? id : throw new FormatException(
            $"'{text}' is not {SizeBytes * 2} hexadecimal digits.");

    /// <summary>Writes the id's bytes to the start of <paramref name="destination"/>.</summary>
    public void CopyTo(Span<byte> destination) => ((ReadOnlySpan<byte>)bytes).CopyTo(destination);

    /// <summary>The id's bytes, as a new array.</summary>
    public byte[] ToByteArray() => ((ReadOnlySpan<byte>)bytes).ToArray();

    /// <inheritdoc/>
    public bool Equals(ChunkId other) => ((ReadOnlySpan<byte>)bytes).SequenceEqual(other.bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ChunkId other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Unsafe.ReadUnaligned<int>(in bytes[0]);

    /// <summary>Orders ids by their bytes, unsigned, first byte first.</summary>
    public int CompareTo(ChunkId other) => ((ReadOnlySpan<byte>)bytes).SequenceCompareTo(other.bytes);

    /// <summary>The id as 64 lower-case hexadecimal digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(bytes);

    /// <summary>Whether two ids are the same bytes.</summary>
    public static bool operator ==(ChunkId left, ChunkId right) => left.Equals(right);

    /// <summary>Whether two ids differ.</summary>
    public static bool operator !=(ChunkId left, ChunkId right) => !left.Equals(right);

    /// <summary>Whether one id sorts before another.</summary>
    public static bool operator <(ChunkId left, ChunkId right) => left.CompareTo(right) < 0;

    /// <summary>Whether one id sorts after another.</summary>
    public static bool operator >(ChunkId left, ChunkId right) => left.CompareTo(right) > 0;

    /// <summary>Whether one id sorts before another or is the same.</summary>
    public static bool operator <=(ChunkId left, ChunkId right) => left.CompareTo(right) <= 0;

    /// <summary>Whether one id sorts after another or is the same.</summary>
    public static bool operator >=(ChunkId left, ChunkId right) => left.CompareTo(right) >= 0;

    [InlineArray(SizeBytes)]
    private struct Bytes
    {
        private byte first;
    }
}
