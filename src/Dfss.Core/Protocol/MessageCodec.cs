using System.Buffers;
using System.Globalization;
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

    /// <summary>Decodes a header whose end <see cref="HeaderScan"/> has found.</summary>
    /// <exception cref="DfssException">ProtocolViolation or LimitExceeded.</exception>
    public static Message DecodeHeader(ReadOnlyMemory<byte> header)
    {
        try
        {
            MessagePackReader reader = new(header);
            _ = reader.ReadArrayHeader();
            uint? id = reader.TryReadNil() ? null : ReadId(ref reader);
            string? operation = null;
            DfssErrorCode status = DfssErrorCode.None;
            if (reader.NextMessagePackType == MessagePackType.String)
            {
                operation = id is not null ? ReadText(ref reader) : throw Malformed("A request has no id.");
            }
            else
            {
                long number = ReadInteger(ref reader);
                status = number <= int.MaxValue
                    ? (DfssErrorCode)number
                    : throw Malformed($"The status {number} is out of range.");
            }

            return reader.NextMessagePackType == MessagePackType.Map
                ? new Message(id, operation, status, ReadMap(ref reader))
                : throw Malformed("A message's third item is not a map.");
        }
        catch (Exception exception)
            when (exception is MessagePackSerializationException or EndOfStreamException or OverflowException)
        {
            throw new DfssException(
                DfssErrorCode.ProtocolViolation, $"A message is malformed: {exception.Message}", exception);
        }
    }

    private static uint ReadId(ref MessagePackReader reader)
    {
        long id = ReadInteger(ref reader);
        return id <= uint.MaxValue ? (uint)id : throw Malformed($"The request id {id} is over {uint.MaxValue}.");
    }

    private static long ReadInteger(ref MessagePackReader reader)
    {
        long number = reader.NextMessagePackType == MessagePackType.Integer
            ? reader.ReadInt64()
            : throw Malformed("An integer was expected.");
        return number is >= 0 and <= MessageValue.MaxInteger
            ? number
            : throw Malformed(
                string.Create(CultureInfo.InvariantCulture, $"The integer {number} is not within 0 to 2^53 - 1."));
    }

    private static string ReadText(ref MessagePackReader reader)
    {
        if (!reader.TryReadStringSpan(out ReadOnlySpan<byte> utf8))
        {
            throw Malformed("A text was expected.");
        }

        const int KnownWordBytes = 16;
        try
        {
            if (utf8.Length <= KnownWordBytes)
            {
                Span<char> characters = stackalloc char[KnownWordBytes];
                int count = StrictUtf8.GetChars(utf8, characters);
                return KnownWords.TryGetValue(characters[..count], out string? known)
                    ? known
                    : new string(characters[..count]);
            }

            return StrictUtf8.GetString(utf8);
        }
        catch (ArgumentException exception)
        {
            throw new DfssException(DfssErrorCode.ProtocolViolation, "A text is not valid UTF-8.", exception);
        }
    }

    private static MessageMap ReadMap(ref MessagePackReader reader)
    {
        int count = reader.ReadMapHeader();
        if (count > MaxMapKeys)
        {
            throw TooLarge($"A map has {count} keys; the limit is {MaxMapKeys}.");
        }

        MessageMap map = new();
        for (int i = 0; i < count; i++)
        {
            string key = reader.NextMessagePackType == MessagePackType.String
                ? ReadText(ref reader)
                : throw Malformed("A map's key is not text.");
            map.Add(key, ReadValue(ref reader));
        }

        return map;
    }

    // Recursion is bounded: HeaderScan has refused any nesting deeper than MaxDepth.
    private static MessageValue ReadValue(ref MessagePackReader reader)
    {
        switch (reader.NextMessagePackType)
        {
            case MessagePackType.Nil:
                reader.ReadNil();
                return MessageValue.Nil;
            case MessagePackType.Boolean:
                return reader.ReadBoolean();
            case MessagePackType.Integer:
                return ReadInteger(ref reader);
            case MessagePackType.String:
                return ReadText(ref reader);
            case MessagePackType.Binary:
                return reader.ReadBytes().GetValueOrDefault().ToArray();
            case MessagePackType.Map:
                return ReadMap(ref reader);
            case MessagePackType.Array:
                MessageValue[] items = new MessageValue[reader.ReadArrayHeader()];
                for (int i = 0; i < items.Length; i++)
                {
                    items[i] = ReadValue(ref reader);
                }

                return MessageValue.From(items);
            default:
                throw Malformed($"A value of type {reader.NextMessagePackType} has no place in a message.");
        }
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
