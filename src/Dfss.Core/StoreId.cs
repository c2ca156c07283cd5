using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Dfss;

/// <summary>
/// The identity of a store, whatever its address: 16 random bytes made with the store. Two addresses with one store id
/// are one holder and one vote. As text, 32 lower-case hexadecimal digits.
/// </summary>
public readonly record struct StoreId : IComparable<StoreId>
{
    /// <summary>The size of an id in bytes.</summary>
    public const int SizeBytes = 16;

    // The first byte is the highest, so that ids sort by their bytes.
    private readonly UInt128 value;

    /// <summary>Makes an id from its bytes.</summary>
    /// <param name="source">Exactly <see cref="SizeBytes"/> bytes.</param>
    /// <exception cref="ArgumentException"><paramref name="source"/> has another length.</exception>
    public StoreId(ReadOnlySpan<byte> source)
    {
        if (source.Length != SizeBytes)
        {
            throw new ArgumentException($"An id has {SizeBytes} bytes, not {source.Length}.", nameof(source));
        }

        value = BinaryPrimitives.ReadUInt128BigEndian(source);
    }

    private StoreId(UInt128 value) => this.value = value;

    /// <summary>A new, random id, for a new store.</summary>
    public static StoreId Create() =>
        new(System.Security.Cryptography.RandomNumberGenerator.GetBytes(SizeBytes));

    /// <summary>Reads an id from its hexadecimal form, in either case.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out StoreId id)
    {
        bool isRead = UInt128.TryParse(
            text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out UInt128 parsed)
            && text!.Length == SizeBytes * 2;
        id = isRead ? new StoreId(parsed) : default;
        return isRead;
    }

    /// <summary>Reads an id from its hexadecimal form, in either case.</summary>
    /// <exception cref="FormatException">The text is not 32 hexadecimal digits.</exception>
    public static StoreId Parse(string text) =>
        TryParse(text, out StoreId id) ? id : throw new FormatException(
            $"'{text}' is not {SizeBytes * 2} hexadecimal digits.");

    /// <summary>The id's bytes, as a new array.</summary>
    public byte[] ToByteArray()
    {
        byte[] bytes = new byte[SizeBytes];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        return bytes;
    }

    /// <summary>Orders ids by their bytes, unsigned, first byte first.</summary>
    public int CompareTo(StoreId other) => value.CompareTo(other.value);

    /// <summary>The id as 32 lower-case hexadecimal digits.</summary>
    public override string ToString() => value.ToString("x32", CultureInfo.InvariantCulture);

    /// <summary>Whether one id sorts before another.</summary>
    public static bool operator <(StoreId left, StoreId right) => left.CompareTo(right) < 0;

    /// <summary>Whether one id sorts after another.</summary>
    public static bool operator >(StoreId left, StoreId right) => left.CompareTo(right) > 0;

    /// <summary>Whether one id sorts before another or is the same.</summary>
    public static bool operator <=(StoreId left, StoreId right) => left.CompareTo(right) <= 0;

    /// <summary>Whether one id sorts after another or is the same.</summary>
    public static bool operator >=(StoreId left, StoreId right) => left.CompareTo(right) >= 0;
}
