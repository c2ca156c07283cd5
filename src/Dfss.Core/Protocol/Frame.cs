using System.Buffers.Binary;

namespace Dfss.Protocol;

/// <summary>
/// A frame: the length of its body as uint32, big-endian, then the body. One frame carries one message.
/// </summary>
internal static class Frame
{
    /// <summary>The size of the length prefix of every body.</summary>
    public const int PrefixBytes = sizeof(uint);

    /// <summary>The shortest body: an array of four, an id, a status, an empty map and nil, one byte each.</summary>
    public const int MinBodyBytes = 5;

    /// <summary>
    /// The first byte of a TLS handshake. As the first byte of a prefix it would announce over 350 MB.
    /// </summary>
    private const byte TlsHandshakeByte = 0x16;

    /// <summary>Writes the prefix of a body of <paramref name="bodyBytes"/>.</summary>
    public static void WritePrefix(Span<byte> destination, int bodyBytes) =>
        BinaryPrimitives.WriteUInt32BigEndian(destination, checked((uint)bodyBytes));

    /// <summary>
    /// Reads a prefix; false while <paramref name="source"/> has fewer than <see cref="PrefixBytes"/> bytes.
    /// </summary>
    /// <exception cref="DfssException">
    /// LimitExceeded: the body is over <paramref name="maxBodyBytes"/>. TlsNotExpected: the bytes begin a
    /// TLS handshake. ProtocolViolation: the body is too short for any message. All are thrown before memory
    /// is allocated for the body.
    /// </exception>
    public static bool TryReadPrefix(ReadOnlySpan<byte> source, int maxBodyBytes, out int bodyBytes)
    {
        bodyBytes = 0;
        if (source.Length < PrefixBytes)
        {
            return false;
        }

        if (source[0] == TlsHandshakeByte)
        {
            throw new DfssException(
                DfssErrorCode.TlsNotExpected, "A TLS handshake was received, and this side uses plaintext only.",
                "Give the peer a certificate and an authority to trust, or connect without one (-Cluster '' if a "
                    + "cluster was joined).");
        }

        uint length = BinaryPrimitives.ReadUInt32BigEndian(source);
        if (length > (uint)maxBodyBytes)
        {
            throw new DfssException(
                DfssErrorCode.LimitExceeded,
                $"A frame's body of {length} bytes was announced; the limit is {maxBodyBytes} bytes.");
        }

        if (length < MinBodyBytes)
        {
            throw new DfssException(
                DfssErrorCode.ProtocolViolation,
                $"A frame's body of {length} bytes was announced; no message is that short.");
        }

        bodyBytes = (int)length;
        return true;
    }
}
