using System.Buffers.Binary;
using Dfss.Protocol;
using Dfss.Tests.Protocol;

namespace Dfss.Tests.Fuzz;

/// <summary>Changes good frames: flips bits, cuts, splices, edits lengths, changes bytes, from one seed.</summary>
internal sealed class FrameMutator(int seed)
{
    /// <summary>First bytes of MessagePack that lead to other paths of a reader.</summary>
    private static readonly byte[] Telling =
    [
        0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xc4, 0xc5, 0xc6, 0xc7, 0xca, 0xcb, 0xcc,
        0xcf, 0xd0, 0xd3, 0xd4, 0xd8,
        0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xe0, 0xff,
    ];

    private static readonly uint[] Lengths = [0, 1, 4, 5, 0x7f, 0x80, 0xff, 0x100, 0xfff, 0x1000, 0x1001, 0xffff,
        0x10000, 0x1010000, 0x7fffffff, 0xffffffff];

    /// <summary>A good request of every operation but hello, which is said once.</summary>
    private static readonly byte[][] Requests =
    [
        .. typeof(Operations).GetFields().Select(field => (string)field.GetRawConstantValue()!)
            .Where(name => name != Operations.Hello).Select(Request),
    ];

    /// <summary>The golden frames and the requests.</summary>
    private static readonly byte[][] Good = [.. PrintedFrames.All.Values, .. Requests];

    private readonly Random random = new(seed);

    /// <summary>A good frame, changed one to four times; in most cases with a prefix that fits again.</summary>
    public byte[] Next()
    {
        byte[] frame = Pick();
        for (int times = random.Next(1, 5); times > 0; times--)
        {
            frame = Change(frame);
        }

        if (frame.Length >= Frame.PrefixBytes && random.Next(8) > 0)
        {
            Frame.WritePrefix(frame, frame.Length - Frame.PrefixBytes);
        }

        return frame;
    }

    /// <summary>
    /// A frame whose body is good or changed up to twice, and whose length fits: one that the peer answers, or closes
    /// over.
    /// </summary>
    public byte[] NextWhole()
    {
        byte[] body = (random.Next(8) == 0 ? Pick() : Requests[random.Next(Requests.Length)])[Frame.PrefixBytes..];
        for (int times = random.Next(3); times > 0; times--)
        {
            body = Change(body);
        }

        byte[] frame = [0, 0, 0, 0, .. body];
        Frame.WritePrefix(frame, body.Length);
        return frame;
    }

    /// <summary>Changes one byte.</summary>
    public void ChangeInPlace(byte[] bytes)
    {
        if (bytes.Length > 0)
        {
            bytes[random.Next(bytes.Length)] = random.Next(2) == 0
                ? Telling[random.Next(Telling.Length)]
                : (byte)random.Next(256);
        }
    }

    /// <summary>A random number, for what is decided beside.</summary>
    public int Below(int count) => random.Next(count);

    private byte[] Pick() => (byte[])Good[random.Next(Good.Length)].Clone();

    private byte[] Change(byte[] frame)
    {
        if (frame.Length == 0)
        {
            return Pick();
        }

        int at = random.Next(frame.Length);
        switch (random.Next(8))
        {
            case 0:
                frame[at] ^= (byte)(1 << random.Next(8));
                return frame;
            case 1:
                frame[at] = Telling[random.Next(Telling.Length)];
                return frame;
            case 2:
                return frame[..at];
            case 3:
                byte[] other = Pick();
                return [.. frame[..at], .. other[random.Next(other.Length)..]];
            case 4:
                int to = random.Next(at, frame.Length);
                return [.. frame[..to], .. frame[at..]];
            case 5:
                return [.. frame[..at], .. frame[random.Next(at, frame.Length)..]];
            case 6 when frame.Length >= at + sizeof(uint):
                BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(at), Lengths[random.Next(Lengths.Length)]);
                return frame;
            default:
                byte[] noise = new byte[random.Next(1, 40)];
                random.NextBytes(noise);
                return [.. frame[..at], .. noise, .. frame[at..]];
        }
    }

    private static byte[] Request(string operation)
    {
        byte[] item = Records.RecordItems.Of(operation);
        byte[] id = ChunkId.Of(item).ToByteArray();
        MessageMap lengths = new() { { "lengths", MessageValue.From([item.Length]) } };
        MessageMap chunk = new() { { "chunk_id", id } };
        (MessageMap arguments, byte[]? payload) = operation switch
        {
            Operations.StoreChunk => (chunk, item),
            Operations.StoreChunks => (lengths, [.. id, .. item]),
            Operations.GetChunks or Operations.FindMissing => ([], id),
            Operations.GetChunk or Operations.VerifyChunk => (chunk, null),
            Operations.GetFileInfo => (new() { { "name", Records.Sample.Name }, { "manifest", true } }, null),
            Operations.ListFiles => (new() { { "limit", 5 }, { "prefix", "" }, { "after", "a" } }, null),
            _ when Operations.TakesPayload(operation) == true => (lengths, item),
            _ => ((MessageMap)[], (byte[]?)null),
        };
        return MessageCodec.ToFrame(
            Message.Request(7, operation, arguments), payload is null ? null : (ReadOnlyMemory<byte>?)payload);
    }
}
