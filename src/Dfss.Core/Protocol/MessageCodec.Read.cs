using System.Buffers;
using System.Globalization;
using MessagePack;

namespace Dfss.Protocol;

/// <content>The reading of a message.</content>
internal static partial class MessageCodec
{
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
}
