using Dfss.Protocol;

namespace Dfss.Transfer;

/// <summary>Messages as one array of bytes each, for a way that keeps messages apart: the session.</summary>
internal static class ItemFrames
{
    /// <summary>Reads a whole frame.</summary>
    /// <exception cref="DfssException">ProtocolViolation, LimitExceeded.</exception>
    public static (Message Message, ReadOnlyMemory<byte> Payload) Read(byte[] frame)
    {
        MessageCodec.HeaderScan scan = default;
        if (!Frame.TryReadPrefix(frame, DfssLimits.MaxFrameBytes, out int bodyBytes)
            || frame.Length != Frame.PrefixBytes + bodyBytes
            || !scan.TryFindEnd(frame.AsSpan(Frame.PrefixBytes), bodyBytes, out MessageCodec.HeaderEnd end))
        {
            throw new DfssException(DfssErrorCode.ProtocolViolation, "What came through the session is no message.");
        }

        Message message = MessageCodec.DecodeHeader(frame.AsMemory(Frame.PrefixBytes, end.HeaderBytes));
        return (message, frame.AsMemory(Frame.PrefixBytes + end.HeaderBytes));
    }
}
