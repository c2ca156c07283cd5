namespace Dfss.Protocol;

/// <summary>
/// A body in the form of a request that is never sent: a map that travels as text or bytes of its own, such as an
/// invitation. The operation is its kind, and the id the version of its form.
/// </summary>
internal static class UnsentMessage
{
    /// <summary>The bytes of a map.</summary>
    public static byte[] Encode(string kind, uint version, MessageMap map) =>
        MessageCodec.ToFrame(Message.Request(version, kind, map), payload: null)[Frame.PrefixBytes..];

    /// <summary>Reads the bytes; null where they are not the whole of a body, or longer than the limit.</summary>
    /// <exception cref="DfssException">ProtocolViolation, LimitExceeded: the bytes are malformed.</exception>
    public static Message? Decode(byte[] body, int maxBytes)
    {
        MessageCodec.HeaderScan scan = default;
        return body.Length < Frame.MinBodyBytes || body.Length > maxBytes
            || !scan.TryFindEnd(body, body.Length, out MessageCodec.HeaderEnd end) || end.PayloadBytes is not null
                ? null
                : MessageCodec.DecodeHeader(body);
    }
}
