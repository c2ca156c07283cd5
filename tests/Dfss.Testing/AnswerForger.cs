using System.Text;
using Dfss.Protocol;

namespace Dfss.Testing;

/// <summary>
/// Makes an answer of a peer a forged one: its values, those of the records in its payload, or its bytes, from one
/// seed. Safe for concurrent use.
/// </summary>
internal sealed class AnswerForger(int seed)
{
    private static readonly MessageValue[] OddValues =
    [
        MessageValue.Nil, true, false, 0, 1, 2, 63, 64, 65, ushort.MaxValue, int.MaxValue, 1L + int.MaxValue,
        253_402_300_799_999,
        253_402_300_800_000, MessageValue.MaxInteger, "", "x", ":9000", "localhost:0", new string('h', 255),
        "\u001b[2J\u202e", "..", "a/../b",
        Array.Empty<byte>(), new byte[1], new byte[16], new byte[32], new byte[4097], MessageValue.From([]),
        MessageValue.From([MessageValue.MaxInteger, 1]),
        MessageValue.From([.. Enumerable.Repeat((MessageValue)"a:1", 1000)]), MessageMap.Empty,
    ];

    private readonly Random random = new(seed);

    /// <summary>A number of 0 to <paramref name="count"/> - 1.</summary>
    public int Below(int count)
    {
        lock (random)
        {
            return random.Next(count);
        }
    }

    /// <summary>The answer with one to three of its values or bytes forged.</summary>
    public (Message Answer, byte[]? Payload) Forge(Message answer, byte[]? payload)
    {
        lock (random)
        {
            for (int times = random.Next(1, 4); times > 0; times--)
            {
                (answer, payload) = random.Next(8) switch
                {
                    0 => (answer with { Status = (DfssErrorCode)random.Next(80) }, payload),
                    1 or 2 => (answer with { Map = ForgeMap(answer.Map) }, payload),
                    3 => (answer, ForgeBytes(payload)),
                    _ => ForgeItem(answer, payload) ?? (answer with { Map = ForgeMap(answer.Map) }, payload),
                };
            }

            return (answer, payload);
        }
    }

    /// <summary>
    /// Another item in the place of one of a batch: its values or its bytes forged, left out, or twice.
    /// </summary>
    private (Message Answer, byte[]? Payload)? ForgeItem(Message answer, byte[]? payload)
    {
        if (payload is null || !answer.Map.TryGet("lengths", out MessageValue lengths)
            || lengths.Kind != MessageValueKind.Array
            || lengths.AsArray().Any(one => one.Kind != MessageValueKind.Integer)
            || lengths.AsArray().Sum(one => one.AsInteger()) != payload.Length
            || lengths.AsArray().Count is 0 or > 1000)
        {
            return null;
        }

        List<byte[]> items = [.. MessageBatch.Split(answer.Map, payload).Select(item => item.ToArray())];
        int index = random.Next(items.Count);
        switch (random.Next(8))
        {
            case 0:
                items.RemoveAt(index);
                break;
            case 1:
                items.Insert(index, items[index]);
                break;
            case 2:
                items[index] = ForgeBytes(items[index]) ?? [];
                break;
            default:
                items[index] = ForgeMapItem(items[index]);
                break;
        }

        (MessageMap forged, byte[] joined) = MessageBatch.Join(items);
        return (answer with { Map = ToMap([.. forged, .. answer.Map.Where(entry => entry.Key != "lengths")]) }, joined);
    }

    /// <summary>An item that is a map, with values forged at any depth.</summary>
    private byte[] ForgeMapItem(byte[] item)
    {
        const byte ArrayOfFour = 0x94;
        const byte ShortText = 0xa1;
        const byte Nil = 0xc0;
        try
        {
            Message wrapped = MessageCodec.DecodeHeader((byte[])[ArrayOfFour, 0, ShortText, (byte)'x', .. item, Nil]);
            byte[] frame = MessageCodec.ToFrame(wrapped with { Map = ForgeMap(wrapped.Map) }, payload: null);
            return frame[(Frame.PrefixBytes + 4)..^1];
        }
        catch (DfssException)
        {
            // No map, such as a chunk, or one that was forged before.
            return ForgeBytes(item) ?? [];
        }
    }

    private MessageMap ForgeMap(MessageMap map)
    {
        List<KeyValuePair<string, MessageValue>> entries = [.. map];
        if (entries.Count == 0 || random.Next(10) == 0)
        {
            return ToMap([.. entries.Where(entry => entry.Key != "forged"), new("forged", Odd())]);
        }

        int index = random.Next(entries.Count);
        if (random.Next(6) == 0)
        {
            entries.RemoveAt(index);
        }
        else
        {
            entries[index] = new(entries[index].Key, ForgeValue(entries[index].Value));
        }

        return ToMap(entries);
    }

    private static MessageMap ToMap(List<KeyValuePair<string, MessageValue>> entries)
    {
        MessageMap map = new();
        entries.ForEach(entry => map.Add(entry.Key, entry.Value));
        return map;
    }

    /// <summary>Another value; of a map or an array mostly one that differs somewhere within.</summary>
    private MessageValue ForgeValue(MessageValue value)
    {
        if (random.Next(4) == 0)
        {
            return Odd();
        }

        switch (value.Kind)
        {
            case MessageValueKind.Map:
                return ForgeMap(value.AsMap());
            case MessageValueKind.Array when value.AsArray().Count > 0:
                MessageValue[] items = [.. value.AsArray()];
                int index = random.Next(items.Length);
                items[index] = ForgeValue(items[index]);
                return MessageValue.From(
                    random.Next(4) switch { 0 => items[..index], 1 => [.. items, .. items], _ => items });
            case MessageValueKind.Integer:
                return Math.Clamp(value.AsInteger() + random.Next(-2, 3), 0, MessageValue.MaxInteger);
            case MessageValueKind.Text:
                return random.Next(2) == 0 ? value.AsText() + "x" : value.AsText()[..(value.AsText().Length / 2)];
            case MessageValueKind.Binary:
                return ForgeBytes(value.AsBinary()) ?? [];
            default:
                return Odd();
        }
    }

    /// <summary>Bytes that are cut, longer, or other ones in a place; or none at all.</summary>
    private byte[]? ForgeBytes(byte[]? bytes)
    {
        if (bytes is null || bytes.Length == 0)
        {
            return random.Next(2) == 0 ? new byte[random.Next(100_000)] : Encoding.ASCII.GetBytes("forged");
        }

        byte[] forged = [.. bytes];
        switch (random.Next(6))
        {
            case 0:
                return null;
            case 1:
                return forged[..random.Next(forged.Length)];
            case 2:
                return [.. forged, .. new byte[random.Next(1, 1000)]];
            case 3:
                return new byte[DfssLimits.MaxPayloadBytes];
            default:
                // 0x80 to 0xff are the first bytes of what is long, nested or negative.
                forged[random.Next(forged.Length)] = (byte)random.Next(random.Next(2) * 0x80, 0x100);
                return forged;
        }
    }

    private MessageValue Odd() => OddValues[random.Next(OddValues.Length)];
}
