namespace Dfss.Protocol;

/// <summary>
/// Several items in one payload: the items are concatenated, and the map has their lengths under <c>lengths</c>.
/// </summary>
internal static class MessageBatch
{
    /// <summary>4,096 items a batch: their lengths take at most 20 KiB of the 64 KiB of a message's header.</summary>
    public const int MaxItems = 4096;

    /// <summary>The map and payload that carry these items.</summary>
    public static (MessageMap Map, byte[] Payload) Join(IEnumerable<byte[]> items) => Join(items, prefix: []);

    /// <summary>The same, with a prefix, such as the ids of the items, before the items in the payload.</summary>
    public static (MessageMap Map, byte[] Payload) Join(IEnumerable<byte[]> items, byte[] prefix)
    {
        byte[][] all = [.. items];
        long total = prefix.Length + all.Sum(item => (long)item.Length);
        if (all.Length > MaxItems || total > DfssLimits.MaxPayloadBytes)
        {
            throw new DfssException(
                DfssErrorCode.LimitExceeded,
                $"A batch of {all.Length} items is over {MaxItems} items or {DfssLimits.MaxPayloadBytes} bytes.");
        }

        MessageMap map = new() { { "lengths", MessageValue.From([.. all.Select(item => (MessageValue)item.Length)]) } };
        byte[] payload = new byte[total];
        prefix.CopyTo(payload, 0);
        int offset = prefix.Length;
        foreach (byte[] item in all)
        {
            item.CopyTo(payload, offset);
            offset += item.Length;
        }

        return (map, payload);
    }

    /// <summary>The first of these items, as many as fit in one batch.</summary>
    /// <param name="items">The items.</param>
    /// <param name="roomBytes">The bytes that are left in the batch.</param>
    public static IReadOnlyList<byte[]> TakeFitting(IEnumerable<byte[]> items, int roomBytes)
    {
        List<byte[]> taken = [];
        long total = 0;
        foreach (byte[] item in items)
        {
            total += item.Length;
            if (total > roomBytes || taken.Count == MaxItems)
            {
                break;
            }

            taken.Add(item);
        }

        return taken;
    }

    /// <summary>The items that a map and payload carry.</summary>
    /// <exception cref="DfssException">
    /// <see cref="DfssErrorCode.InvalidArgument"/>: the lengths do not add up to the payload.
    /// </exception>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Split(MessageMap map, ReadOnlyMemory<byte> payload)
    {
        IReadOnlyList<MessageValue> lengths = map.Required("lengths").AsArray();
        List<ReadOnlyMemory<byte>> items = new(Math.Min(lengths.Count, MaxItems));
        int offset = 0;
        foreach (MessageValue value in lengths)
        {
            long length = value.AsInteger();
            if (length > payload.Length - offset || items.Count == MaxItems)
            {
                throw new DfssException(
                    DfssErrorCode.InvalidArgument, "The lengths of a batch do not fit its payload.");
            }

            items.Add(payload.Slice(offset, (int)length));
            offset += (int)length;
        }

        return offset == payload.Length
            ? items
            : throw new DfssException(DfssErrorCode.InvalidArgument, "The lengths of a batch do not fit its payload.");
    }
}
