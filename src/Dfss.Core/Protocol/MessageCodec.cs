using System.Buffers;
using System.Text;
using MessagePack;

namespace Dfss.Protocol;

/// <summary>
/// Encodes and decodes messages. A body is one MessagePack array of four: id, operation or status, a map, and the
/// payload as nil or bin. The header is everything before the payload's bytes; the codec never touches the payload,
/// except in <see cref="ToFrame"/>. Malformed input throws <see cref="DfssException"/> and never another exception.
/// </summary>
internal static partial class MessageCodec
{
    /// <summary>
    /// The most keys of one map: no operation needs a dozen, and the check for duplicates takes quadratic time.
    /// </summary>
    public const int MaxMapKeys = 256;

    private const int MessageItems = 4;

    private static readonly UTF8Encoding StrictUtf8 = new(
        encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Words that occur in many messages: decoding one of them allocates no new string.</summary>
    private static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> KnownWords = new HashSet<string>(
        [
            Operations.Hello, Operations.Ping, Operations.StoreChunk, Operations.StoreChunks, Operations.GetChunk,
            Operations.GetChunks,
            Operations.FindMissing, Operations.GetFileInfo, Operations.Prepare, Operations.Seal, Operations.Accept,
            Operations.Decide,
            Operations.Read, Operations.ListFiles, Operations.VerifyChunk, Operations.PeerInfo,
            Operations.ListSeals, Operations.Optimize, "chunk_id", "present", "lengths", "results",
            "name", "index", "file_id", "manifest", "answer", "length", "chunk_size", "chunk_count", "message",
            "retryable", "after",
            "limit", "prefix", "more", "state",
        ],
        StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Writes a message's header: all of the body before the payload's bytes.</summary>
    /// <param name="destination">The buffer to write to.</param>
    /// <param name="message">The message.</param>
    /// <param name="payloadBytes">
    /// The length of the payload that the caller sends behind it; null for a nil payload.
    /// </param>
    /// <exception cref="DfssException">
    /// LimitExceeded: the payload, the header, a map or the nesting is over its limit.
    /// </exception>
    public static void EncodeHeader(FrameBuffer destination, Message message, int? payloadBytes)
    {
        if (payloadBytes > DfssLimits.MaxPayloadBytes)
        {
            throw TooLarge(
                $"A payload of {payloadBytes} bytes is over the limit of {DfssLimits.MaxPayloadBytes} bytes.");
        }

        int before = destination.BodyBytes;
        MessagePackWriter writer = new(destination);
        writer.WriteArrayHeader(MessageItems);
        if (message.Id is { } id)
        {
            writer.Write(id);
        }
        else
        {
            writer.WriteNil();
        }

        if (message.Operation is not null)
        {
            writer.Write(message.Operation);
        }
        else
        {
            writer.Write((uint)message.Status);
        }

        WriteMap(ref writer, message.Map, depth: 2);
        if (payloadBytes is { } length)
        {
            WritePayloadLength(ref writer, length);
        }
        else
        {
            writer.WriteNil();
        }

        writer.Flush();
        int header = destination.BodyBytes - before;
        if (header > DfssLimits.MaxHeaderBytes)
        {
            throw TooLarge(
                $"The arguments or results take {header} bytes; the limit is {DfssLimits.MaxHeaderBytes} bytes.");
        }
    }

    /// <summary>A whole frame, including the payload, as one array. For tests and small messages.</summary>
    public static byte[] ToFrame(Message message, ReadOnlyMemory<byte>? payload)
    {
        FrameBuffer buffer = new();
        EncodeHeader(buffer, message, payload?.Length);
        buffer.Write((payload ?? default).Span);
        buffer.Seal(bytesToFollow: 0);
        return buffer.Written.ToArray();
    }

    /// <summary>
    /// Replaces WriteBinHeader, which reserves buffer space for the payload's bytes too: 1 MiB of
    /// garbage for each chunk sent.
    /// </summary>
    private static void WritePayloadLength(ref MessagePackWriter writer, int length)
    {
        const int LongestBytes = 1 + sizeof(uint);
        Span<byte> header = writer.GetSpan(LongestBytes);
        int lengthBytes = length <= byte.MaxValue ? 1 : length <= ushort.MaxValue ? 2 : sizeof(uint);
        header[0] = lengthBytes switch { 1 => Code.Bin8, 2 => Code.Bin16, _ => Code.Bin32 };
        for (int i = 0; i < lengthBytes; i++)
        {
            header[lengthBytes - i] = (byte)(length >> (8 * i));
        }

        writer.Advance(1 + lengthBytes);
    }

    private static void WriteMap(ref MessagePackWriter writer, MessageMap map, int depth)
    {
        if (map.Count > MaxMapKeys || depth > DfssLimits.MaxDepth)
        {
            throw TooLarge(
                $"A map has {map.Count} keys at depth {depth}; the limits are {MaxMapKeys} and {DfssLimits.MaxDepth}.");
        }

        writer.WriteMapHeader(map.Count);
        foreach (KeyValuePair<string, MessageValue> entry in map)
        {
            writer.Write(entry.Key);
            WriteValue(ref writer, entry.Value, depth + 1);
        }
    }

    private static void WriteValue(ref MessagePackWriter writer, MessageValue value, int depth)
    {
        switch (value.Kind)
        {
            case MessageValueKind.Boolean:
                writer.Write(value.AsBoolean());
                break;
            case MessageValueKind.Integer:
                writer.Write((ulong)value.AsInteger());
                break;
            case MessageValueKind.Text:
                writer.Write(value.AsText());
                break;
            case MessageValueKind.Binary:
                writer.Write(value.AsBinary());
                break;
            case MessageValueKind.Map:
                WriteMap(ref writer, value.AsMap(), depth);
                break;
            case MessageValueKind.Array when depth > DfssLimits.MaxDepth:
                throw TooLarge($"An array is nested {depth} deep; the limit is {DfssLimits.MaxDepth}.");
            case MessageValueKind.Array:
                writer.WriteArrayHeader(value.AsArray().Count);
                foreach (MessageValue item in value.AsArray())
                {
                    WriteValue(ref writer, item, depth + 1);
                }

                break;
            default:
                writer.WriteNil();
                break;
        }
    }

    private static DfssException Malformed(string message) => new(DfssErrorCode.ProtocolViolation, message);

    private static DfssException TooLarge(string message) => new(DfssErrorCode.LimitExceeded, message);
}
