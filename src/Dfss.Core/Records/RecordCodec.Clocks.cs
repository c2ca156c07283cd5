using MessagePack;

namespace Dfss.Records;

/// <content>Clocks of stores.</content>
internal static partial class RecordCodec
{
    /// <summary>Several of each member: a reopened store gets its former instances.</summary>
    public const int MaxClocks = 8 * DfssLimits.MaxHomeMembers;

    public static byte[] EncodeClocks(IReadOnlyList<StoreClock> clocks) =>
        Encode(clocks,
            static (ref MessagePackWriter writer, IReadOnlyList<StoreClock> list) => WriteClocks(ref writer, list));

    public static IReadOnlyList<StoreClock> DecodeClocks(ReadOnlyMemory<byte> encoded) =>
        Decode(encoded,
            static (ref MessagePackReader reader, int depth) => ReadArray(ref reader, depth, MaxClocks, ReadClock));

    private static void WriteClocks(ref MessagePackWriter writer, string key, IReadOnlyList<StoreClock> clocks)
    {
        if (clocks.Count > 0)
        {
            writer.Write(key);
            WriteClocks(ref writer, clocks);
        }
    }

    private static void WriteClocks(ref MessagePackWriter writer, IReadOnlyList<StoreClock> clocks)
    {
        Require(clocks.Count <= MaxClocks, "clocks");
        writer.WriteArrayHeader(clocks.Count);
        foreach (StoreClock clock in clocks)
        {
            WriteClock(ref writer, clock);
        }
    }

    private static void WriteClock(ref MessagePackWriter writer, StoreClock clock)
    {
        const int UnknownItems = 1;
        const int KnownItems = 4;
        Require(clock.Generation is >= 0 and <= MaxInteger && clock.Counter is >= 0 and <= MaxInteger, "clock");
        writer.WriteArrayHeader(clock.IsKnown ? KnownItems : UnknownItems);
        writer.Write(clock.StoreId.ToByteArray());
        if (clock.IsKnown)
        {
            writer.Write(clock.Generation);
            WriteGuid(ref writer, clock.Instance);
            writer.Write(clock.Counter);
        }
    }

    private static StoreClock ReadClock(ref MessagePackReader reader, int depth)
    {
        const int UnknownItems = 1;
        const int KnownItems = 4;
        Expect(ref reader, MessagePackType.Array, depth);
        int count = reader.ReadArrayHeader();
        Require(count is UnknownItems or KnownItems, "clock");
        StoreId id = ReadStoreId(ref reader);
        if (count == UnknownItems)
        {
            return StoreClock.Unknown(id);
        }

        long generation = ReadInteger(ref reader, 0, StoreClock.MaxClaim);
        Guid instance = ReadGuid(ref reader);
        return new StoreClock(id, generation, instance, ReadInteger(ref reader, 0, StoreClock.MaxClaim));
    }
}
